"""CAM: the head's own weights applied at every place (Zhou et al. 2016, eq. 2)."""

from torch import Tensor

from analysis.attribution.registry import METHODS
from models.classifier import Classifier, Tap


def needs_pooled_head(classifier: Classifier, tap: Tap | None) -> str | None:
    """Why CAM cannot serve this network at this tap, or None."""
    if classifier.head is None:
        return "CAM needs a linear head, and this network has none."
    if classifier.head.pooled_tap is None:
        return "CAM needs a head that reads the plain mean over space of a layer; this network's does not."
    if tap is not None and tap.name != classifier.head.pooled_tap:
        return f"CAM reads the layer that the head averages, '{classifier.head.pooled_tap}', and no other."
    return None


@METHODS.register(
    "head",
    "cam",
    label="CAM",
    paper="Zhou et al. 2016, eq. 2",
    reads="What each place contributes to the logit: its mean over space plus the bias is the logit itself.",
    fails="Serves only networks that average the last map and end in one linear layer.",
    applies=needs_pooled_head,
    same_on_pooled_head=True,
)
def cam(activations: Tensor, weights: Tensor) -> Tensor:
    """Show the logit, place by place.

    activations (N, C, h, w), weights (N, C): the target's row of the head -> weighted channels (N, C, h, w).
    """
    return weights[:, :, None, None] * activations
