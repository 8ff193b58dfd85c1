"""How well confidences tell samples that a network knows from those that it does not: AUROC, AUPR, FPR95, histograms.

Published numbers differ by which side is positive: OpenOOD takes the unknown samples, ODIN the known ones. The unknown
ones are the default here; `convention` says it in words. AUROC is the same either way, AUPR and FPR95 are not.
"""

from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.optimize import root_scalar
from scipy.stats import rankdata

from analysis.errors import BadParameter

Positive = Literal["unknown", "known"]
BINS = 40
AUROC = "DeLong's or Newcombe's, the wider, over samples"
_Z = 1.959964


@dataclass(frozen=True, slots=True, eq=False)
class Separation:
    """How well one score tells known samples from unknown ones. NaN where it is not defined; `why` says why."""

    score: str
    label: str
    convention: str  # which side is positive, in words; to be printed beside the numbers
    positive: Positive
    known: np.ndarray  # (n,) float64 confidences
    unknown: np.ndarray  # (m,)
    auroc: float
    low: float  # of its 95 % interval
    high: float
    interval: str
    aupr: float  # area under precision over recall, of the positive side
    fpr95: float  # share of the negative side that is taken for positive where 95 % of the positive side is
    threshold: float  # the confidence at which that is
    edges: np.ndarray  # (B + 1,) of the histograms
    known_counts: np.ndarray  # (B,) int64
    unknown_counts: np.ndarray  # (B,) int64
    why: str = ""
    caveats: tuple[str, ...] = ()


def told_apart(
    known: np.ndarray,
    unknown: np.ndarray,
    *,
    score: str,
    label: str,
    positive: Positive = "unknown",
    why: str = "",
    caveats: tuple[str, ...] = (),
) -> Separation:
    """Confidences of known samples (n,) and of unknown ones (m,), higher for known -> how well they are told apart."""
    if positive not in ("unknown", "known"):
        raise BadParameter(f"The positive side is 'unknown' or 'known'; got '{positive}'.")
    known, unknown = known[np.isfinite(known)], unknown[np.isfinite(unknown)]
    other = "known" if positive == "unknown" else "unknown"
    peer = "OpenOOD" if positive == "unknown" else "ODIN"
    convention = (
        f"{positive.capitalize()} samples are the positive class, as in {peer}: "
        f"AUPR is theirs, and FPR95 the share of {other} "
        f"samples taken for {positive} at the first threshold that finds 95 % of the {positive} ones."
    )
    edges, known_counts, unknown_counts = _histograms(known, unknown)
    if not why and not (len(known) and len(unknown)):
        why = "one of the datasets has no samples"
    yes, no = (-unknown, -known) if positive == "unknown" else (known, unknown)
    area, low, high = (float("nan"),) * 3 if why else auroc(yes, no)
    aupr, fpr95, threshold = (float("nan"),) * 3 if why else _curves(yes, no)
    return Separation(
        score,
        label,
        convention,
        positive,
        known,
        unknown,
        auroc=area,
        low=low,
        high=high,
        interval=AUROC if np.isfinite(low) else "",
        aupr=aupr,
        fpr95=fpr95,
        threshold=-threshold if positive == "unknown" else threshold,
        edges=edges,
        known_counts=known_counts,
        unknown_counts=unknown_counts,
        why=f"not defined here because {why}" if why else "",
        caveats=caveats,
    )


def auroc(yes: np.ndarray, no: np.ndarray) -> tuple[float, float, float]:
    """Scores of positive samples (n,) and of negative ones (m,) -> P(yes > no), ties half, and its 95 % interval.

    The wider of two on either side: from the variance of DeLong et al. (1988), by ranks (Sun & Xu 2014), which is 0
    where all positive samples are above all negative ones; and the score interval of Newcombe (2006, Statistics in
    Medicine 25, method 5), which never is.
    """
    n, m = len(yes), len(no)
    both = rankdata(np.concatenate([yes, no]))
    above = (both[:n] - rankdata(yes)) / m  # (n,) of each positive sample: share of negative ones below it
    below = 1 - (both[n:] - rankdata(no)) / n
    area = float(above.mean())
    if n < 2 or m < 2:
        return area, float("nan"), float("nan")
    half = _Z * float(np.sqrt(above.var(ddof=1) / n + below.var(ddof=1) / m))
    low, high = _newcombe(area, n, m)
    return area, max(min(area - half, low), 0.0), min(max(area + half, high), 1.0)


def _newcombe(area: float, n: int, m: int) -> tuple[float, float]:
    """Those areas from which the one found is just so many standard errors away, by their own variance."""
    more = (n + m) / 2 - 1

    def beyond(true: float) -> float:
        spread = true * (1 - true) * (1 + more * (1 - true) / (2 - true) + more * true / (1 + true)) / (n * m)
        return (area - true) ** 2 - _Z**2 * spread

    near = 1e-9  # at 0 and at 1 the variance is 0, and they are no solution
    low = float(root_scalar(beyond, bracket=(0.0, area - near)).root) if area > near else 0.0
    high = float(root_scalar(beyond, bracket=(area + near, 1.0)).root) if area < 1 - near else 1.0
    return low, high


def _curves(yes: np.ndarray, no: np.ndarray) -> tuple[float, float, float]:
    """AUPR by trapezoids, as OpenOOD; FPR at the first threshold with a TPR of at least .95, and that threshold."""
    scores = np.concatenate([yes, no])
    order = np.argsort(-scores, kind="stable")
    scores, hits = scores[order], (order < len(yes)).astype(np.float64)
    last = np.append(scores[1:] != scores[:-1], True)  # of samples with one score: all or none
    true, false = np.cumsum(hits)[last], np.cumsum(1 - hits)[last]
    recall, precision = true / len(yes), true / (true + false)
    aupr = float(np.trapezoid(np.append(1.0, precision), np.append(0.0, recall)))
    at = int(np.argmax(recall >= 0.95))
    return aupr, float(false[at] / len(no)), float(scores[last][at])


def _histograms(known: np.ndarray, unknown: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    both = np.concatenate([known, unknown])
    low, high = (float(both.min()), float(both.max())) if both.size else (0.0, 1.0)
    if not high - low > 1e-12 * max(abs(low), abs(high)):
        room = 0.5 * max(abs(low), 1.0)
        low, high = low - room, high + room
    edges = np.linspace(low, high, BINS + 1)
    return edges, np.histogram(known, edges)[0], np.histogram(unknown, edges)[0]
