"""Stable rank: all variance over the largest direction's (Rudelson & Vershynin 2007)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.spectra import of_spectrum


@MEASURES.register(
    "features",
    "stable_rank",
    label="Stable rank",
    group="dimension",
    tells="directions in use",
    paper="Rudelson & Vershynin 2007, Journal of the ACM 54(4)",
    convention="sum l / max l, l the eigenvalues of the covariance: ||X||_F^2 / ||X||_2^2 of centred features X.",
    reads="1: one direction holds all variance; larger: the largest direction holds a smaller share.",
    fails="It sees the largest direction only: ten equal directions and one of a tenth of a long tail give the same.",
    unit="dimensions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def stable_rank(features: Features) -> Measured:
    """features -> 1 to D."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    spectrum, _ = features.axes
    value = float(spectrum.sum() / spectrum[0])
    slopes = np.full(len(spectrum), 1 / spectrum[0])
    slopes[0] = (1 - value) / spectrum[0]
    return of_spectrum(features, value, slopes, {})
