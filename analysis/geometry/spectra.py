"""Numbers of a spectrum, with their 95 % intervals by the delta method.

Eigenvalue j moves by z_ij^2 - l_j with sample i, z the coordinates of the centred sample along principal axes. So a
number of the spectrum with derivatives w_j moves by sum_j w_j (z_ij^2 - l_j), and the spread of that over samples is
that of the number, times sqrt(N). No resampling; the number's bias with few samples is not in the interval.
"""

from collections.abc import Mapping

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import Measured

_Z = 1.959964


def of_spectrum(features: Features, value: float, weights: np.ndarray, arrays: Mapping[str, np.ndarray]) -> Measured:
    """value and its derivatives by each eigenvalue of `axes` (M,)."""
    spectrum, products = features.axes
    spread = float(weights @ products @ weights) - float(weights @ spectrum) ** 2
    half = _Z * np.sqrt(max(spread, 0) / len(features))
    return Measured(
        value,
        len(features),
        max(value - float(half), 0.0),
        value + float(half),
        "delta method, over samples",
        arrays=dict(arrays),
        caveats=too_few(features, value),
    )


def too_few(features: Features, value: float) -> tuple[str, ...]:
    """What must be said where samples cannot fill so many dimensions."""
    if value <= len(features) / 10:
        return ()
    return (f"{len(features):,} samples are few for {value:.0f} dimensions: the number comes out too small.",)
