"""Claims about the geometry of pruned networks (Li et al. 2024)."""

from itertools import combinations

import numpy as np

from analysis.robustness.bootstrap import score
from analysis.robustness.evidence import MULTI_PRIZE, Bar, Evidence, Finding, bars, pair_squares, said, same_sparsity

CLOSEST = "Some ways to prune leave networks with nearly the same geometry: one pair is the closest."
MULTI_ANGLE = "Multi-prize tickets have a geometry of their own: a larger mean of the angle, and a smaller variance."
_SURE = 0.95
_SHOWN = 6


def closest_pruners(given: Evidence) -> Finding:
    """Distances of networks of one sparsity, pruned in different ways."""
    name = "closest pruners"
    there = [i for i in np.flatnonzero(given.working).tolist() if np.isfinite(given.vectors[i]).all()]
    pairs = [
        (i, j)
        for i, j in combinations(there, 2)
        if (a := given.members[i]).method and (b := given.members[j]).method and a.method != b.method
        if same_sparsity(a.sparsity, b.sparsity)
    ]
    if len(pairs) < 2:
        why = "it takes three ways to prune at one sparsity, with a linear head and better than chance."
        return given.unsaid(name, CLOSEST, why)
    distances = np.sqrt(np.maximum(given.weighted(pair_squares(given.vectors, pairs)), 0))
    order = np.argsort(distances[:, 0], kind="stable")
    first = int(order[0])
    often = float((distances[:, 1:].argmin(axis=0) == first).mean())
    names = [f"{given.members[i].name} and {given.members[j].name}" for i, j in pairs]
    rows = bars([names[k] for k in order[:_SHOWN]], distances[order[:_SHOWN]], (0,))
    sentence = (
        f"{names[first]} are the closest of {len(pairs)} pairs that have the same sparsity and were pruned in "
        f"different ways: {said(rows[0].score, 3)} standard deviations apart in angle, length and margin; then come "
        f"{names[order[1]]} with {said(rows[1].score, 3)}. The pair is the closest in {100 * often:.0f} % of the "
        "resamples."
    )
    verdict = "found" if often >= _SURE else "not found here"
    return given.finding(
        name, CLOSEST, verdict, sentence, rows[0].score, rows, "standard deviations", count=given.compared
    )


def multi_prize_angles(given: Evidence) -> Finding:
    """Mean and variance of the angle over samples and all conditions, against networks of the same sparsity."""
    name = "angles of multi-prize tickets"
    there = [i for i in range(len(given.members)) if np.isfinite(given.angles[i]).all() and given.members[i].method]
    tickets = [i for i in given.of(MULTI_PRIZE) if i in there]
    others = [i for i in there if i not in tickets]
    if not tickets or not others:
        lacking = "multi-prize ticket (biprop or edge_popup)" if not tickets else "other pruned network"
        return given.unsaid(name, MULTI_ANGLE, f"the sweep has no {lacking} with a linear head.")
    beside = given.beside(tickets, others)
    mean, variance = _moments(given, [*tickets, *others])
    at = {member: place for place, member in enumerate([*tickets, *others])}
    own = [at[i] for i in tickets]
    told, decides = [], []
    for group, words in ((beside, "at the same sparsity"), (others, "pruned in any other way")):
        if group:
            rest = [at[i] for i in group]
            larger = score(mean[own].mean(axis=0) - mean[rest].mean(axis=0))
            spread = score(variance[own].mean(axis=0) - variance[rest].mean(axis=0))
            decides.append((larger, spread))
            told.append(
                f"against the {len(rest)} {words} their mean angle differs by {said(larger, 4)} radians and the "
                f"variance by {said(spread, 4)}"
            )
    larger, spread = decides[0]
    holds = larger.low > 0 and spread.high < 0
    half = "" if holds or not (larger.low > 0 or spread.high < 0) else " Only one of the two holds."
    alone = "" if beside else " No other network here has their sparsity, so this rests on all others."
    names = ", ".join(given.members[i].name for i in tickets)
    verdict = "found" if holds else "not found here"
    values = [*_group(mean, own, "mean, tickets", True), *_group(mean, _rest(at, beside or others), "mean, others")]
    values += [*_group(variance, own, "variance, tickets", True)]
    values += [*_group(variance, _rest(at, beside or others), "variance, others")]
    sentence = f"Of the tickets {names}: {'; '.join(told)}.{half}{alone}"
    return given.finding(name, MULTI_ANGLE, verdict, sentence, larger, values, "radians", count=given.compared)


def _moments(given: Evidence, places: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Mean and variance of the angle over samples and conditions: (n, 1 + R) each."""
    angles = given.angles[places]
    middle = angles.mean(dtype=np.float64)
    moved = angles - np.float32(middle)
    first = given.weighted(moved.mean(axis=1, dtype=np.float64))
    second = given.weighted(np.square(moved).mean(axis=1, dtype=np.float64))
    return first + middle, second - first**2


def _rest(at: dict[int, int], group: list[int]) -> list[int]:
    return [at[i] for i in group]


def _group(replicates: np.ndarray, places: list[int], label: str, marked: bool = False) -> list[Bar]:
    return [Bar(label, score(replicates[places].mean(axis=0)), marked)]
