"""Claims about corruptions that say the same (Li et al. 2024)."""

import numpy as np

from analysis.robustness.bootstrap import score
from analysis.robustness.evidence import Bar, Evidence, Finding, said
from analysis.robustness.redundancy import correlation, smallest_subsets, steadiness, taus

PAIR = "Gaussian blur and zoom blur say the same of networks."
FEWER = "Fewer corruptions would rank the networks as all of them do."
THRESHOLD = 0.9
_ALIKE = 0.9
_FEWEST = 5  # networks: correlations over fewer are near 1 by chance
_PAIR = ("gaussian_blur", "zoom_blur")


def redundant_pair(given: Evidence) -> Finding:
    """Correlation of accuracies over networks."""
    name = "redundant pair"
    missing = [c for c in _PAIR if c not in given.corruptions]
    if missing or len(given.members) < _FEWEST:
        why = (
            f"the sweep has no {words(missing[0])}."
            if missing
            else f"it takes {_FEWEST} networks; there are {len(given.members)}."
        )
        return given.unsaid(name, PAIR, why)
    every = np.stack([correlation(row) for row in np.moveaxis(given.corrupted, 2, 0)], axis=-1)  # (K, K, 1 + R)
    i, j = (given.corruptions.index(c) for c in _PAIR)
    own = score(every[i, j])
    if not np.isfinite(own.value):
        return given.unsaid(name, PAIR, "under one of the two all networks have the same accuracy.")
    upper = np.stack(np.triu_indices(len(given.corruptions), 1), axis=1)
    strength = np.nan_to_num(every[upper[:, 0], upper[:, 1], 0], nan=-1)
    order = upper[np.argsort(-strength, kind="stable")]
    rank = 1 + int((strength > own.value).sum())
    top = " and ".join(words(given.corruptions[k]) for k in order[0])
    sentence = (
        f"Over {len(given.members)} networks their accuracies correlate with {said(own, 3)}, number {rank} of "
        f"{len(upper)} pairs; the closest are {top} with {said(score(every[tuple(order[0])]), 3)}. The median of all "
        f"pairs is {np.median(strength):.3f}: networks that are good under one corruption tend to be under the others."
    )
    shown = list(dict.fromkeys([(i, j) if i < j else (j, i), *map(tuple, order[:5].tolist())]))
    rows = [Bar(" and ".join(words(given.corruptions[k]) for k in p), score(every[p]), p == shown[0]) for p in shown]
    verdict = "found" if own.low >= _ALIKE else "not found here"
    return given.finding(name, PAIR, verdict, sentence, own, rows, "correlation")


def fewer_corruptions(given: Evidence) -> Finding:
    name = "fewer corruptions"
    accuracies, total = given.corrupted, len(given.corruptions)
    if len(accuracies) < _FEWEST or total < 3:
        why = f"it takes {_FEWEST} networks and three corruptions; there are {len(accuracies)} and {total}."
        return given.unsaid(name, FEWER, why)
    found = smallest_subsets(accuracies[..., 0], THRESHOLD)
    if not found:
        return given.unsaid(name, FEWER, "all networks have the same accuracy under corruption.")
    last = found[-1]
    own = score(taus(accuracies, last.corruptions))
    steady = float(steadiness(accuracies).mean())
    names = ", ".join(words(given.corruptions[c]) for c in last.corruptions)
    size = len(last.corruptions)
    sentence = (
        f"{size} of {total} corruptions ({names}) rank the {len(accuracies)} networks with Kendall's tau "
        f"{said(own, 3)} to the ranking by all. The ranking by all agrees with itself in resamples of the images with "
        f"tau {steady:.3f}. The subset was chosen on these networks; others may need another."
    )
    rows = [Bar(f"{len(s.corruptions)} corruptions", score(taus(accuracies, s.corruptions)), s is last) for s in found]
    verdict = "found" if last.tau >= THRESHOLD - 1e-12 and 2 * size <= total else "not found here"
    return given.finding(name, FEWER, verdict, sentence, own, rows, "tau")


def words(corruption: str) -> str:
    return corruption.replace("_", " ")
