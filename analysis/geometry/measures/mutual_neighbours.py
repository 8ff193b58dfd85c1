"""Mutual nearest neighbours: how many of a sample's neighbours are its neighbours in both (Huh et al. 2024)."""

from typing import Annotated, Literal

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.heads import squared_distances, unit_rows
from analysis.geometry.intervals import JACKKNIFE, SHARE, clipped, jackknifed
from analysis.geometry.pairs import matched
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range


@MEASURES.register(
    "pair",
    "mutual_neighbours",
    label="Mutual nearest neighbours",
    group="similarity",
    paper="Huh et al. 2024, arXiv 2405.07987, section 2 and appendix A",
    convention="Mean share of the k nearest (10) that are common to both; Euclidean about the mean unless by cosine, "
    "as in the paper, is asked for; among at most 1,000 drawn samples.",
    reads="1: every sample has the same neighbours in both; by chance it is k / (n - 1), said beside it.",
    fails="It depends on how many samples there are: compare values of the same n only. Equal samples have no order.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    asks_others=True,
    version=2,
)
def mutual_neighbours(
    one: Features,
    two: Features,
    *,
    k: Annotated[int, Range(1, 100)] = 10,
    metric: Literal["euclidean", "cosine"] = "euclidean",
    samples: Annotated[int, Range(50, 5000)] = 1000,
) -> Measured:
    """(N, D), (N, E) of the same samples -> 0 to 1; arrays: per_sample (n,), places (n,) among the samples."""
    one, two, why = matched(one, two)
    places = one.drawn(samples)
    if not why and len(places) < k + 2:
        why = f"{k} neighbours take {k + 2} samples"
    if why:
        return undefined(why, len(one))
    key = ("neighbours", k, metric, samples, one.seed)
    found = [of.once(key, lambda of=of: _near(of, places, k, metric)) for of in (one, two)]
    both = found[0] & found[1]
    common = both.sum(axis=1) / k
    value = float(common.mean())
    half = jackknifed(common + _as_neighbours(both, found[0], found[1], value) / k)
    chance = f"By chance it would be {k / (len(places) - 1):.3f}, with {len(places):,} samples."
    low, high = clipped(value, half, SHARE)
    arrays = {"per_sample": common, "places": one.rows[places]}
    return Measured(value, len(places), low, high, JACKKNIFE if half > 0 else "", caveats=(chance,), arrays=arrays)


def _as_neighbours(both: np.ndarray, one: np.ndarray, two: np.ndarray, value: float) -> np.ndarray:
    """(n,) what each sample adds as others' neighbour: it stands where the next one would, common as often as all."""
    return both.sum(axis=0) - value * (one.sum(axis=0) + two.sum(axis=0)) / 2


def _near(features: Features, places: np.ndarray, k: int, metric: str) -> np.ndarray:
    """(n, n) bool: in each row, the k nearest others."""
    rows = np.asarray(features.values[places], dtype=np.float64)
    squared = squared_distances(unit_rows(rows) if metric == "cosine" else rows - rows.mean(axis=0))
    np.fill_diagonal(squared, np.inf)
    found = np.zeros(squared.shape, bool)
    np.put_along_axis(found, np.argpartition(squared, k - 1, axis=1)[:, :k], True, axis=1)
    return found
