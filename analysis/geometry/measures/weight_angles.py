"""Which classes' weights point the same way (Papyan et al. 2020)."""

import numpy as np

from analysis.geometry.angles import between
from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "weight_angles",
    label="Smallest angle between class weights",
    group="last layer",
    tells="angles between class weights",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40)",
    convention="Degrees between w_i and w_j of the closest two classes; `centred` takes the mean over classes from all "
    "weights first, which changes no answer of the network.",
    reads="The two classes with the smallest angle are those that the head itself tells apart least.",
    fails="Weights that are not centred share a part that changes no answer, and it makes all angles smaller.",
    unit="degrees",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def weight_angles(features: Features, *, centred: bool = False) -> Measured:
    """features with weight (L, D) -> degrees; arrays: cosines (L, L) float32, closest (L,), angles (L,) to it."""
    if features.sound_head is None:
        return undefined(features.no_head)
    weight, _ = features.sound_head
    return between(weight - weight.mean(axis=0) if centred else weight, np.arange(len(weight)), 0, "weights")
