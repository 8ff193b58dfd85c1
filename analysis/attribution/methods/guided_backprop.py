"""Guided backpropagation: only positive gradients pass a ReLU (Springenberg et al. 2015, section 3.4)."""

from torch import Tensor, nn

from analysis.attribution.networks import fresh_inputs, quiet, scored
from analysis.attribution.nonlinearities import ACTIVATIONS, nonlinearities, place
from analysis.attribution.registry import METHODS
from models.classifier import Classifier, Tap


def only_relu_modules(classifier: Classifier, tap: Tap | None) -> str | None:
    """Why the rule cannot be put in place: it acts on nn.ReLU modules, and means nothing beside other activations."""
    if not any(type(m) is nn.ReLU for m in classifier.module.modules()):
        return "The guided rule acts on ReLU modules, and this network has none."
    seen = classifier.remembered(nonlinearities)
    modules = dict(classifier.module.named_modules())
    gates = {"sigmoid", "hardsigmoid"}  # of squeeze-and-excitation; not on the path of the features
    for function, owner in seen.calls:
        if function in ACTIVATIONS - gates and type(modules[owner]) is not nn.ReLU:
            return f"The guided rule acts on ReLU modules, and {place(owner)} calls {function}."
    return None


@METHODS.register(
    "input",
    "guided_backprop",
    label="Guided backprop",
    paper="Springenberg et al. 2015, section 3.4",
    reads="Sharp outlines of what excites the network; look at the shapes, not at the amounts.",
    fails="Hardly depends on the class or on the weights of late layers: near an edge detector (Adebayo et al. 2018).",
    differs="Where a ReLU's input also feeds a shortcut, only the ReLU's part is held back; captum holds back both.",
    signed=False,
    applies=only_relu_modules,
)
def guided_backprop(network: nn.Module, images: Tensor, weights: Tensor, limits: Tensor) -> Tensor:
    """Show the image structure that excites the score.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), at least 0:
    max over C of |guided gradient|.
    """
    from captum.attr import GuidedBackprop  # takes long to import

    hooks_are_set, at_relus = quiet("Setting backward hooks on ReLU"), fresh_inputs(network, (nn.ReLU,))
    with scored(network, images, weights) as (score, inputs, targets), hooks_are_set, at_relus:
        gradients = GuidedBackprop(score).attribute(inputs, additional_forward_args=targets)
    return gradients.abs().amax(dim=1)
