"""How long feature vectors are."""

from analysis.geometry.features import Features
from analysis.geometry.intervals import median
from analysis.geometry.registry import MEASURES, Measured


@MEASURES.register(
    "features",
    "length",
    label="Length of features",
    group="last layer",
    paper="Liu et al. 2017, SphereFace, arXiv 1704.08063",
    convention="Median over samples of ||h||, about the origin; all samples, with or without a label.",
    reads="Short features give logits near the bias alone: images that the network finds little in.",
    fails="The scale of a tap is arbitrary: lengths compare samples and classes, not taps or networks.",
    unmoved=("permutation", "rotation"),
)
def length(features: Features) -> Measured:
    """features -> the median; arrays: quantiles (K, 5), classes (K,), samples (N,)."""
    lengths = features.lengths
    arrays = {"quantiles": features.per_class(lengths), "classes": features.classes, "samples": lengths}
    return median(lengths, arrays)
