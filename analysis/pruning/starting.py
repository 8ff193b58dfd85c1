"""Networks as they were before any training: random weights, which a seed fixes."""

import copy

import torch
from torch import nn

from analysis.errors import NotApplicable
from models.architectures import registry
from models.classifier import Classifier
from models.errors import CutawayError


def fresh(classifier: Classifier, seed: int) -> nn.Module:
    """A network like a classifier's with random weights, drawn as its architecture does.

    Where there is no architecture of its name and shapes (channels were removed, it is the user's own), layer by
    layer, as each kind of layer does. NotApplicable where that leaves weights as they were trained.
    """
    with classifier.exclusive() as module:
        own = copy.deepcopy(module).requires_grad_(True)
    device = next(own.parameters()).device
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        if (built := _built(classifier, own)) is None:
            torch.manual_seed(seed)
            built = _drawn_again(own, classifier.name)
    return built.to(device)


def _built(classifier: Classifier, own: nn.Module) -> nn.Module | None:
    """The catalogue's network of that name; None where there is none of the same shapes."""
    names, state = classifier.class_names, own.state_dict()
    try:
        built = registry.build(classifier.architecture, len(names), state, classifier.preprocessing.size)
    except CutawayError:
        return None
    shapes = {key: value.shape for key, value in built.state_dict().items()}
    return built if shapes == {key: value.shape for key, value in state.items()} else None


def _drawn_again(network: nn.Module, name: str) -> nn.Module:
    """In place."""
    drawn: set[int] = set()
    for module in network.modules():
        reset = getattr(module, "reset_parameters", None)
        if callable(reset):
            reset()
            drawn.update(map(id, module.parameters(recurse=False)))
    if left := [key for key, p in network.named_parameters() if id(p) not in drawn]:
        raise NotApplicable(
            f"{name} cannot be started from random weights: it is no architecture of the catalogue, and nothing says "
            f"how '{left[0]}' is drawn. Take a method that starts from its trained weights."
        )
    return network
