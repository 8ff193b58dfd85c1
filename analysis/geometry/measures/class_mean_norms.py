"""How far each class's mean lies from the middle of all (Papyan et al. 2020)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import without_groups
from analysis.geometry.intervals import POSITIVE
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "class_mean_norms",
    label="Length of centred class means",
    group="last layer",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40)",
    convention="Mean over classes of ||mu_c - mu_G||; mu_G is the mean of class means, each class counted once.",
    reads="Classes whose means lie far out are told apart easily; one near the middle looks like all others.",
    fails="Lengths grow with the scale of the features: compare them within one tap of one network only.",
    unmoved=("permutation", "rotation", "shift"),
    of_means=True,
    version=2,
)
def class_mean_norms(features: Features) -> Measured:
    """features of K classes -> the mean length; arrays: norms, counts, classes (K,)."""
    if features.no_classes:
        return undefined(features.no_classes, features.labelled)
    norms = np.sqrt(np.square(features.centred_means).sum(axis=1))
    arrays = {"norms": norms, "counts": features.counts, "classes": features.classes}
    value = float(norms.mean())
    spread = without_groups(
        features, value, lambda rest: float(np.sqrt(np.square(rest.centred).sum(axis=1)).mean()), POSITIVE
    )
    return Measured(value, features.labelled, *spread, caveats=features.missing, arrays=arrays)
