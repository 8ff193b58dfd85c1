"""Activation sparsity: how few features of a sample are anything but 0 (Li et al. 2023, the lazy neuron phenomenon)."""

from dataclasses import replace
from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import SHARE, mean, wilson
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.sparsity import carrying, near_zeros, silent, zeros
from analysis.registry import Range

_POOLED = "Of features pooled over positions: a channel counts as 0 only where all of its map is 0."
_PAPER = "Li et al. 2023, ICLR, arXiv 2210.06313"


@MEASURES.register(
    "features",
    "sparsity",
    label="Share of zeros",
    group="dimension",
    tells="zeros",
    paper=_PAPER,
    convention="Entries that are exactly 0 over all entries of the maps, counted at every cell while the network ran: "
    "one less the paper's share of non-zeros. Where nobody counted, of the features given.",
    reads="Near 1: each sample uses few features. Behind a ReLU, a network with random weights is near .5.",
    fails="Behind GELU or without an activation nothing is exactly 0. A pooled map is 0 only if it is 0 everywhere, so "
    "where maps were not counted, features look less sparse than they are.",
    unmoved=("permutation", "scaling"),
    version=2,
)
def sparsity(features: Features) -> Measured:
    """features -> 0 to 1; arrays: samples (N,), per_feature (D,) share of its cells in all samples where it is 0."""
    if not features.width:
        return undefined("there are no features", len(features))
    samples, per_feature = _shares(features)
    said = (_POOLED,) if features.pooled and features.map_zeros is None else ()
    arrays = {"samples": samples, "per_feature": per_feature}
    found = mean(samples, arrays, (*silent(per_feature), *said), SHARE)
    if found.value not in (0, 1):
        return found
    low, high, interval = wilson(found.value, found.samples)  # of no width, were it of the samples' spread
    return replace(found, low=low, high=high, interval=interval)


def _shares(features: Features) -> tuple[np.ndarray, np.ndarray]:
    """(N,) of samples, (D,) of features: of their maps where these were counted."""
    if features.map_zeros is not None:
        return features.map_zeros.samples, features.map_zeros.channels
    samples, counts = [np.empty(0)], np.zeros(features.width)
    for _, part in features.parts():
        samples.append(zeros(part))
        counts += np.count_nonzero(part == 0, axis=0)
    return np.concatenate(samples), counts / max(len(features), 1)


@MEASURES.register(
    "features",
    "sparsity_near",
    label="Share of near zeros",
    group="dimension",
    tells="zeros",
    paper=_PAPER,
    convention="Entries of at most .01 (`near`) times the root mean square of the sample's own features, over all: of "
    "features as they were pooled, not of their maps.",
    reads="As the share of zeros, for activations that come close to 0 without reaching it.",
    fails="The bound is a choice: compare at equal bounds only. It can be below the share of zeros, which is of maps.",
    unmoved=("permutation", "scaling"),
    version=2,
)
def sparsity_near(features: Features, *, near: Annotated[float, Range(0, 1)] = 0.01) -> Measured:
    """features -> 0 to 1; arrays: samples (N,)."""
    if not features.width:
        return undefined("there are no features", len(features))
    samples = np.concatenate([near_zeros(part, near) for _, part in features.parts()] or [np.empty(0)])
    return mean(samples, {"samples": samples}, span=SHARE)


@MEASURES.register(
    "features",
    "sparsity_energy",
    label="Share of features that carry a sample",
    group="dimension",
    tells="zeros",
    paper=f"{_PAPER}; as the energy of the largest k",
    convention="The fewest features that hold `energy` (99 %) of a sample's squared length, over D; the mean of at "
    "most 1,000 drawn samples; of features as they were pooled.",
    reads="Small: a few large features say all that a sample's length holds, whatever the activation function.",
    fails="A feature that is large for every sample counts in each of them, though it tells none apart.",
    unmoved=("permutation", "scaling"),
    version=2,
    drawn=1000,
)
def sparsity_energy(features: Features, *, energy: Annotated[float, Range(0.01, 1)] = 0.99) -> Measured:
    """features -> above 0 to 1; arrays: samples (n,), rows (n,) in what was given."""
    if not features.width:
        return undefined("there are no features", len(features))
    places = features.drawn(1000)
    rows = np.asarray(features.values[places], dtype=np.float64)
    samples = carrying(rows / max(float(np.abs(rows).max(initial=0)), 1e-300), energy)
    there = np.isfinite(samples)
    if not there.any():
        return undefined("all features are 0", len(places))
    said = (f"{len(places) - int(there.sum()):,} samples of length 0 are left out.",) if not there.all() else ()
    return mean(samples[there], {"samples": samples, "rows": features.rows[places]}, said, SHARE)
