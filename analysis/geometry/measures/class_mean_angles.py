"""Which classes' means lie in the same direction (Papyan et al. 2020)."""

from dataclasses import replace

from analysis.geometry.angles import between
from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "class_mean_angles",
    label="Smallest angle between class means",
    group="last layer",
    tells="angles between class means",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40)",
    convention="Degrees between mu_i - mu_G and mu_j - mu_G of the closest two classes; mu_G: mean of class means. "
    "No interval: one pair sets it.",
    reads="The two classes with the smallest angle lie on the same side of everything else.",
    fails="With few samples a class, the means are noisy and every angle tends to 90 degrees.",
    unit="degrees",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def class_mean_angles(features: Features) -> Measured:
    """features of K classes -> degrees; arrays: cosines (K, K) float32, closest, angles, classes (K,)."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    found = between(features.centred_means, features.classes, features.labelled, "centred means")
    return replace(found, caveats=features.missing)
