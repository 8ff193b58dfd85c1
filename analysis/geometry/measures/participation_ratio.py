"""Participation ratio: how many directions share the variance (Gao et al. 2017; Recanatesi et al. 2019)."""

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.spectra import of_spectrum


@MEASURES.register(
    "features",
    "participation_ratio",
    label="Participation ratio",
    group="dimension",
    tells="directions in use",
    paper="Gao et al. 2017, bioRxiv 214262; Recanatesi et al. 2019, arXiv 1906.00443",
    convention="(sum l)^2 / sum l^2, l the eigenvalues of the covariance of centred features.",
    reads="1: one direction holds all variance; D: all D directions hold as much.",
    fails="Directions of small variance hardly count, though a classifier may rest on them; few samples make it small.",
    unit="dimensions",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def participation_ratio(features: Features) -> Measured:
    """features -> 1 to D."""
    if features.no_variance:
        return undefined(features.no_variance, len(features))
    spectrum, _ = features.axes
    shares = spectrum / spectrum.sum()
    value = 1 / float(shares @ shares)
    slopes = 2 * value * (1 - value * shares) / spectrum.sum()
    return of_spectrum(features, value, slopes, {})
