"""Guided Grad-CAM: guided backpropagation within what Grad-CAM shows (Selvaraju et al. 2017, section 3.2)."""

from torch import Tensor, nn

from analysis.attribution.methods.guided_backprop import only_relu_modules
from analysis.attribution.networks import fresh_inputs, quiet, scored
from analysis.attribution.registry import METHODS
from models.classifier import Classifier, Tap


def _reason(classifier: Classifier, tap: Tap | None) -> str | None:
    if tap is not None and (tap.layout != "nchw" or not tap.spatial):
        return f"'{tap.name}' is not a map of channels x rows x columns, which captum's Guided Grad-CAM needs."
    return only_relu_modules(classifier, tap)


@METHODS.register(
    "guided",
    "guided_gradcam",
    label="Guided Grad-CAM",
    paper="Selvaraju et al. 2017, section 3.2",
    reads="Outlines, kept only where Grad-CAM finds evidence for the target.",
    fails="The outlines come from guided backpropagation and keep its fault: they hardly depend on what was learnt.",
    differs="Grad-CAM is enlarged bilinearly, as in the paper; captum's default is nearest.",
    signed=False,
    applies=_reason,
)
def guided_gradcam(network: nn.Module, layer: nn.Module, images: Tensor, weights: Tensor) -> Tensor:
    """Show the image structure that excites the score, where a layer finds evidence for it.

    network, layer (its output (N, c, h, w)), images (N, C, H, W), weights (N, L) -> maps (N, H, W), at least 0:
    max over C of |guided gradient| times the positive part of Grad-CAM.
    """
    from captum.attr import GuidedGradCam  # takes long to import

    hooks_are_set, at_relus = quiet("Setting backward hooks on ReLU"), fresh_inputs(network, (nn.ReLU,))
    with scored(network, images, weights) as (score, inputs, targets), hooks_are_set, at_relus:
        parts = GuidedGradCam(score, layer).attribute(
            inputs, additional_forward_args=targets, interpolate_mode="bilinear"
        )
    return parts.detach().abs().amax(dim=1)
