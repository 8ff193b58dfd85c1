"""Dimension of features beside that of the data they are of (Konz & Mazurowski 2024)."""

from typing import Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.measures.mle import mle
from analysis.geometry.measures.twonn import twonn
from analysis.geometry.registry import MEASURES, Measured, undefined

_DRAWN = 1000


@MEASURES.register(
    "pair",
    "data_dimension",
    label="Dimension beside that of the data",
    group="dimension",
    tells="intrinsic dimension",
    paper="Konz & Mazurowski 2024, arXiv 2401.08865, section 5 (d_repr is at most d_data)",
    convention="d_repr / d_data: the first features are the data (pixels, say), the second a representation of the "
    "same samples; both by MLE (k = 20, k - 1, inverses averaged), on request by TwoNN; at most 1,000 samples.",
    reads="Below 1: the network has folded the data into fewer dimensions, as the theory says of trained ones.",
    fails="Both estimates come out too small in high dimensions, the larger one more: the ratio is then too near 1.",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    drawn=_DRAWN,
)
def data_dimension(data: Features, features: Features, *, by: Literal["mle", "twonn"] = "mle") -> Measured:
    """data and features of the same samples -> the ratio; arrays: d_data (3,) value, low, high, d_repr (3,).

    Of more than 1,000 samples the data may be of those alone that `features.drawn(1000)` names.
    """
    if len(data) + data.left_out not in (len(features) + features.left_out, len(features.drawn(_DRAWN))):
        return undefined("the two are not of the same samples")
    estimate = mle if by == "mle" else twonn
    below, above = estimate(data), estimate(features)
    for found in (below, above):
        if found.why:
            return Measured(float("nan"), found.samples, why=found.why)
    value = above.value / below.value
    off = [(one.high - one.value) / one.value for one in (below, above)]
    half = value * float(np.hypot(off[0], off[1]))
    there = bool(np.isfinite(half))
    caveats = tuple(dict.fromkeys(below.caveats + above.caveats))
    if value > 1:
        caveats = (*caveats, "The representation has more dimensions than the data: noise, or too few samples.")
    return Measured(
        value,
        min(below.samples, above.samples),
        max(value - half, 0.0) if there else half,
        value + half,
        f"{below.interval}, both errors taken as independent" if there else "",
        arrays={
            "d_data": np.array([below.value, below.low, below.high]),
            "d_repr": np.array([above.value, above.low, above.high]),
        },
        caveats=caveats,
    )
