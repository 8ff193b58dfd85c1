"""NC4: where the nearest class mean and the network disagree (Papyan et al. 2020)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import share
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "nc4",
    label="NC4: nearest mean against the network",
    group="neural collapse",
    tells="nearest class mean against the network",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40), figure 7",
    convention="Share of labelled samples whose nearest class mean (Euclidean, each sample in its own class's mean) is "
    "not the network's argmax.",
    reads="0: the network only asks which class mean is nearest.",
    fails="A sample is part of its class's mean; with few samples a class see the agreement with samples left out.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc4(features: Features) -> Measured:
    """features with predictions or a head -> 0 to 1; arrays: disagreeing (n,) places in what was given."""
    if features.no_answers or features.guesses is None:
        return undefined(features.no_answers)
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    asked = np.flatnonzero(features.places >= 0)
    differ = features.classes[features.nearest_means.plain[asked]] != features.guesses[asked]
    return share(differ, {"disagreeing": features.rows[asked[differ]]}, features.missing)
