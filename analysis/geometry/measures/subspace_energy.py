"""How much of each class a few directions hold: the case for class subspaces (Wang et al. 2023)."""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.intervals import JACKKNIFE, SHARE, clipped, none
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.subspaces import MOST
from analysis.registry import Range

_Z = 1.959964


@MEASURES.register(
    "classes",
    "subspace_energy",
    label="Length held by class subspaces",
    group="subspaces",
    paper="Wang, Li & Zhang 2023, ICCV, arXiv 2308.01547",
    convention="Share of the summed squared length of a class's features in its k leading directions (about the "
    "origin, not centred), k = 4; the mean over classes.",
    reads="Near 1: a class is a flat of k dimensions through the origin; see at which k the curve levels off.",
    fails="The first direction is mostly the mean, and with at most k samples a class it is 1 whatever they are.",
    unmoved=("permutation", "rotation", "scaling"),
    version=2,
)
def subspace_energy(features: Features, *, k: Annotated[int, Range(1, MOST)] = 4) -> Measured:
    """features of K classes -> 0 to 1; arrays: by_k (m,) mean share, per_class (K, m), classes (K,)."""
    found = features.subspaces
    there = found.totals > 0
    if not there.any():
        return undefined("no class has samples of any length", features.labelled)
    shares = np.full(found.squares.shape, np.nan)
    shares[there] = np.minimum(np.cumsum(found.squares[there], axis=1) / found.totals[there, None], 1)
    few = int(np.count_nonzero(features.counts <= k))
    said = (f"{few:,} classes have at most {k} samples, which {k} directions hold whatever they are.",) if few else ()
    by_k = shares[there].mean(axis=0)
    arrays = {"by_k": by_k, "per_class": shares, "classes": features.classes}
    kept = min(k, len(by_k))
    value, half = float(by_k[kept - 1]), _half(features, shares[:, kept - 1], kept)
    spread = (*clipped(value, half, SHARE), JACKKNIFE) if half > 0 and not few else none()
    return Measured(value, features.labelled, *spread, arrays=arrays, caveats=features.missing + said)


def _half(features: Features, shares: np.ndarray, k: int) -> float:
    """Half of a 95 % interval, class by class: a sample z of a class pulls by what k directions hold of z beyond that.

    Of n samples, each is held by directions that it helped to make: what it pulls by grows as one over (1 - k/n).
    """
    axes, totals, spread = features.subspaces.axes, features.subspaces.totals, 0.0
    for c, members in enumerate(features.members):
        if not totals[c] > 0:
            continue
        rows = np.asarray(features.values[members], dtype=np.float64)
        pulls = np.square(rows @ axes[c, :, :k]).sum(axis=1) - shares[c] * np.square(rows).sum(axis=1)
        pulls = pulls / totals[c] / (1 - k / len(rows)) if len(rows) > k else pulls / totals[c]
        spread += float(np.square(pulls).sum()) / len(rows) ** 2
    return _Z * float(np.sqrt(spread)) / int(np.count_nonzero(totals > 0))
