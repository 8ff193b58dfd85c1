"""How far a picture can be believed: what its neighbourhoods and distances have in common with the features'.

| number | what | source |
|---|---|---|
| trustworthiness | no neighbour in the picture is a stranger in the features | Venna & Kaski 2001; scikit-learn's own |
| continuity | no neighbour in the features is torn away in the picture | the same with both sides exchanged |
| overlap | mean share of the k nearest that both have in common | Lee & Verleysen 2009, Q_NX(k) |
| shepard | Spearman's correlation of all distances in both | Shepard 1962; Espadoto et al. 2019, section 4 |
| stability, placement | median displacement in the picture's RMS radius | alignment.py |

All are of an evenly drawn part of the samples. k nearest among 2,000 of 50,000 are a neighbourhood as wide as 25 k
nearest among all: the notes say so.
"""

from collections.abc import Sequence

import numpy as np

from analysis.embeddings import Quality
from analysis.errors import BadParameter
from analysis.projections.alignment import displacement, procrustes, rms_radius
from analysis.projections.misleading import warnings
from analysis.projections.prepared import blocks, evenly, under
from analysis.projections.strangers import strangers

__all__ = ["FEWEST", "assess", "warnings"]

FEWEST = 3
"""Samples that have a neighbourhood: one neighbour each, and one that is none."""

NAN = float("nan")

Held = tuple[np.ndarray, np.ndarray]
"""Samples (m,) that were left out and placed again, and where they came to lie (m, dims)."""


def assess(
    features: np.ndarray,
    points: np.ndarray,
    *,
    k: int = 15,
    most: int = 2000,
    seed: int = 0,
    other_points: Sequence[np.ndarray] = (),
    held: Held | None = None,
    metric: str = "euclidean",
) -> tuple[Quality, np.ndarray]:
    """Compare a picture with the features that it was made of.

    features (N, D), points (N, dims), nan where there is none -> Quality, errors (N,) float32. An error is the share
    of a sample's k nearest in the picture that are not among its k nearest in the features; of more than `most`
    samples, its nearest among the part that is drawn. other_points: the picture with other seeds, each (N, dims).
    metric: by which the picture took samples for neighbours; cosine and correlation are followed, any other is
    Euclidean here. k is reduced where there are few samples, and the notes say so.
    """
    if k < 1 or most < FEWEST:
        raise BadParameter(f"Quality takes at least 1 neighbour and {FEWEST} samples; got {k} and {most}.")
    if len(features) != len(points):
        raise BadParameter(f"There are features of {len(features):,} samples, and points of {len(points):,}.")
    errors = np.full(len(points), np.nan, np.float32)
    there = np.flatnonzero(_finite(features) & _finite(points))
    drawn = there[evenly(len(there), most, seed)]
    reduced = max(0, min(k, (len(drawn) - 1) // 2))
    notes = [
        *_lost(len(points), len(there)),
        *_reduced(len(drawn), k, reduced),
        *_part(len(there), len(drawn), reduced),
    ]
    ours, theirs = under(np.asarray(features[drawn]), metric), np.asarray(points[drawn])
    if same := _same(ours, theirs):
        reduced, notes = 0, [*notes, same]
    moves = {
        "stability": stability(points, other_points),
        "seeds": len(other_points),
        "placement": _missed(points, held),
    }
    if not reduced:
        return Quality(k, len(drawn), NAN, NAN, NAN, NAN, **moves, notes=tuple(notes)), errors
    errors[there] = strangers(features, points, there, drawn, reduced, metric)
    found = Quality(
        k=reduced,
        samples=len(drawn),
        trustworthiness=trustworthiness(ours, theirs, reduced),
        continuity=trustworthiness(theirs, ours, reduced),
        overlap=float(1 - errors[drawn].mean(dtype=np.float64)),
        shepard=shepard(ours, theirs),
        **moves,
        notes=tuple(notes),
    )
    return found, errors


def trustworthiness(features: np.ndarray, points: np.ndarray, k: int) -> float:
    """(n, D), (n, d) finite, k < n / 2 -> 0 to 1"""
    from sklearn.manifold import trustworthiness as of

    return float(of(features, points, n_neighbors=k))


def shepard(features: np.ndarray, points: np.ndarray) -> float:
    """Spearman's correlation of the n (n - 1) / 2 distances on either side. (n, D), (n, d) -> -1 to 1"""
    from scipy.spatial.distance import pdist
    from scipy.stats import rankdata

    theirs = pdist(np.asarray(points, np.float64))
    ours = pdist(np.asarray(features, np.float64))
    if len(ours) < 2 or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return NAN
    return float(np.corrcoef(rankdata(ours), rankdata(theirs))[0, 1])


def stability(points: np.ndarray, others: Sequence[np.ndarray]) -> float:
    """Median displacement of samples over other seeds, each picture laid onto `points` first. nan for no others."""
    apart = [displacement(procrustes(other, points).points, points) for other in others]
    return float(np.nanmedian(np.concatenate(apart))) if apart else NAN


def _missed(points: np.ndarray, held: Held | None) -> float:
    if held is None or not len(held[0]):
        return NAN
    apart = np.linalg.norm(np.asarray(held[1], np.float64) - points[held[0]], axis=1) / rms_radius(points)
    return float(np.nanmedian(apart)) if np.isfinite(apart).any() else NAN


def _finite(values: np.ndarray) -> np.ndarray:
    return np.concatenate([np.zeros(0, bool), *(np.isfinite(block).all(axis=1) for _, block in blocks(values))])


def _same(features: np.ndarray, points: np.ndarray) -> str:
    """What is to be said where nothing can be compared."""
    if len(features) > 1 and (features == features[0]).all():
        return "All samples have the same features, so that nothing can be said of the picture."
    if len(points) > 1 and (points == points[0]).all():
        return "All points lie in one place: the picture shows nothing."
    return ""


def _lost(samples: int, there: int) -> list[str]:
    lost = samples - there
    return [f"{lost:,} of {samples:,} samples have no usable features or no place: not measured."] * bool(lost)


def _reduced(samples: int, k: int, reduced: int) -> list[str]:
    if reduced < 1:
        return [f"Too few samples to measure: {samples}. Quality takes at least {FEWEST}."]
    few = f"Measured with {reduced} neighbours instead of {k}: there are only {samples} samples."
    return [few] * (reduced < k)


def _part(there: int, drawn: int, k: int) -> list[str]:
    if there == drawn:
        return []
    return [
        f"Measured on {drawn:,} of {there:,} samples, evenly drawn: the {k} nearest among them reach as far as about "
        f"the {round(k * there / drawn):,} nearest of all. Closer neighbourhoods are usually less well kept."
    ]
