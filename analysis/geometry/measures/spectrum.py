"""The PCA spectrum: how variance is spread over orthogonal directions (Pearson 1901; Jolliffe 2002)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.spectra import too_few
from analysis.registry import Range


@MEASURES.register(
    "features",
    "spectrum",
    label="Directions that hold 90 % of the variance",
    group="dimension",
    tells="directions in use",
    paper="Pearson 1901, Philosophical Magazine 2(11); Jolliffe 2002, Principal Component Analysis, section 6.1",
    convention="The smallest number of principal directions whose variances add up to `share` of all; features "
    "centred, not standardised; the spectrum is of the covariance over N, not N - 1. "
    "No interval: it counts whole directions.",
    reads="A small number beside the width: features lie near a flat of few dimensions.",
    fails="A curved surface of two dimensions may need many directions, and features with larger units count more.",
    unit="directions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def spectrum(features: Features, *, share: Annotated[float, Range(0.01, 1)] = 0.9) -> Measured:
    """features -> 1 to D; arrays: spectrum (M,) variances, the largest first, cumulative (M,) shares."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    found = features.spectrum
    cumulative = np.cumsum(found) / found.sum()
    needed = min(int(np.count_nonzero(cumulative < share * (1 - 1e-12))) + 1, len(found))
    arrays = {"spectrum": found, "cumulative": cumulative}
    return Measured(float(needed), len(features), arrays=arrays, caveats=too_few(features, needed))
