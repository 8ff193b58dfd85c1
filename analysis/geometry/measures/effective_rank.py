"""Effective rank: the exponential of the entropy of the spectrum (Roy & Vetterli 2007)."""

from typing import Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.spectra import of_spectrum

_ROUNDING = 1e-14  # of the largest eigenvalue: smaller ones are none


@MEASURES.register(
    "features",
    "effective_rank",
    label="Effective rank",
    group="dimension",
    tells="directions in use",
    paper="Roy & Vetterli 2007, EUSIPCO, definition 1",
    convention="exp(-sum p log p), p = eigenvalues of the covariance of centred features over their sum; on request "
    "p = singular values of the centred features over their sum.",
    reads="1: one direction holds all variance; D: all D directions hold as much. Small variances count more than in "
    "the participation ratio.",
    fails="The two forms differ much: by singular values weak directions and noise count far more.",
    differs="Roy and Vetterli take singular values, of a matrix that is not centred; most code for features takes "
    "eigenvalues, as is the default here.",
    unit="dimensions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def effective_rank(features: Features, *, of: Literal["eigenvalues", "singular values"] = "eigenvalues") -> Measured:
    """features -> 1 to D."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    spectrum, _ = features.axes
    there = spectrum > _ROUNDING * spectrum[0]
    sizes = spectrum[there] if of == "eigenvalues" else np.sqrt(spectrum[there])
    shares = sizes / sizes.sum()
    entropy = -float(shares @ np.log(shares))
    value, slopes = float(np.exp(entropy)), np.zeros(len(spectrum))
    slopes[there] = -value * (np.log(shares) + entropy) / sizes.sum()
    if of == "singular values":
        slopes[there] /= 2 * sizes
    return of_spectrum(features, value, slopes, {})
