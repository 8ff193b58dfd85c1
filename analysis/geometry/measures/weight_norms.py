"""How long the head's class weights are (Papyan et al. 2020, for the reading of equal lengths)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "weight_norms",
    label="Length of class weights",
    group="last layer",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40)",
    convention="Mean over classes of ||w_c||; weights as they are in the head, without the bias.",
    reads="A class with longer weights than the others gets larger logits from the same angle.",
    fails="They depend on weight decay and on the features' scale, so two networks cannot be compared by them.",
    unmoved=("permutation", "rotation", "shift"),
)
def weight_norms(features: Features) -> Measured:
    """features with weight (L, D) -> the mean length; arrays: norms (L,), bias (L,)."""
    if features.sound_head is None:
        return undefined(features.no_head)
    weight, bias = features.sound_head
    norms = np.sqrt(np.square(weight).sum(axis=1))
    return Measured(float(norms.mean()), 0, arrays={"norms": norms, "bias": bias})
