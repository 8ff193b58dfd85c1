"""Whether a score tells samples of one dataset from those of another: known ones from ones the network never learnt.

All scores are confidences, higher for known samples: the largest softmax (Hendrycks & Gimpel 2017), the largest logit
(Hendrycks et al. 2022; Vaze et al. 2022), the negative of the free energy (Liu et al. 2020), and the negative of the
distance to the k-th nearest known sample, of features of length 1 (Sun et al. 2022).

How well a score tells them apart is in `separation.py`, with the convention that published numbers differ by.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.special import logsumexp

from analysis.errors import BadParameter
from analysis.geometry.features import ROWS, Features
from analysis.geometry.heads import unit_rows
from analysis.geometry.separation import Positive, Separation, told_apart
from models.errors import UnknownName

K = 50
TEMPERATURE = 1.0
MOST = 2000  # samples of each dataset whose neighbours are looked for
BANK = 20_000  # known samples among which they are


@dataclass(frozen=True, slots=True)
class Score:
    label: str
    paper: str
    convention: str
    reads: str
    of_logits: Callable[[np.ndarray, float], np.ndarray] | None  # (n, L), temperature -> (n,); None: of neighbours


def _softmax(logits: np.ndarray, temperature: float) -> np.ndarray:
    return np.exp(logits.max(axis=1) - np.asarray(logsumexp(logits, axis=1)))


def _energy(logits: np.ndarray, temperature: float) -> np.ndarray:
    return temperature * np.asarray(logsumexp(logits / temperature, axis=1))


SCORES: Mapping[str, Score] = {
    "softmax": Score(
        "Largest softmax",
        "Hendrycks & Gimpel 2017, arXiv 1610.02136",
        "max over classes of softmax(z)",
        "How sure the network says it is; blind to how large all logits are.",
        _softmax,
    ),
    "logit": Score(
        "Largest logit",
        "Hendrycks et al. 2022, arXiv 1911.11132; Vaze et al. 2022, arXiv 2110.06207",
        "max over classes of z",
        "How much of its class the network finds; keeps what the softmax divides out.",
        lambda logits, temperature: logits.max(axis=1),
    ),
    "energy": Score(
        "Energy",
        "Liu et al. 2020, arXiv 2010.03759, eq. 4",
        "T log sum exp(z / T), the negative of the energy",
        "How much of all classes together the network finds.",
        _energy,
    ),
    "knn": Score(
        "k-th nearest neighbour",
        "Sun et al. 2022, arXiv 2204.06507, eq. 1",
        "minus the Euclidean distance to the k-th nearest known sample, of features of length 1",
        "Whether there are known samples nearby, whatever the head says.",
        None,
    ),
}


def separation(
    known: Features,
    unknown: Features,
    score: str,
    *,
    positive: Positive = "unknown",
    temperature: float = TEMPERATURE,
    k: int = K,
    bank: Features | None = None,
) -> Separation:
    """Features of a dataset that the network knows and of one that it does not, read at the same place.

    The head is that of `known`. bank: known samples to be near to, as a rule training ones; without it those of
    `known`, each left out when it is asked itself.
    """
    if score not in SCORES:
        raise UnknownName("score", score, SCORES)
    if known.width != unknown.width:
        raise BadParameter(f"Both datasets are read at one place; got features of {known.width} and {unknown.width}.")
    if temperature <= 0 or k < 1:
        raise BadParameter(f"The temperature is above 0 and k at least 1; got {temperature} and {k}.")
    one = SCORES[score]
    caveats = () if known.of_head else ("The known samples are of classes that the network does not name either.",)
    caveats += tuple(
        f"Left out, for features that are not finite: {of.left_out:,} of the {name} samples."
        for name, of in (("known", known), ("unknown", unknown))
        if of.left_out
    )
    if one.of_logits is None:
        confidences, why = _neighbour_scores(known, unknown, k, bank)
        for name, of in (("known", known), ("unknown", unknown)):
            if len(of) > MOST:
                caveats += (f"{MOST:,} of the {len(of):,} {name} samples are drawn.",)
    else:
        why = known.no_head
        head = known.sound_head
        confidences = [
            np.empty(0) if head is None else _of_head(of, *head, one.of_logits, temperature) for of in (known, unknown)
        ]
    return told_apart(
        confidences[0], confidences[1], score=score, label=one.label, positive=positive, why=why, caveats=caveats
    )


def _of_head(
    features: Features,
    weight: np.ndarray,
    bias: np.ndarray,
    of_logits: Callable[[np.ndarray, float], np.ndarray],
    temperature: float,
) -> np.ndarray:
    return np.concatenate(
        [of_logits(part @ weight.T + bias, temperature) for _, part in features.parts()] or [np.empty(0)]
    )


def _neighbour_scores(
    known: Features, unknown: Features, k: int, bank: Features | None
) -> tuple[list[np.ndarray], str]:
    among = known if bank is None else bank
    held = among.drawn(BANK)
    if len(held) < k + (bank is None):
        return [np.empty(0), np.empty(0)], f"{k} neighbours take more than {len(held):,} known samples"
    rows = unit_rows(np.asarray(among.values[held], dtype=np.float64))
    found = []
    for of in (known, unknown):
        places = of.drawn(MOST)
        own = np.searchsorted(held, places) if of is among else None
        if own is not None:
            own = np.where(held[np.minimum(own, len(held) - 1)] == places, own, -1)
        found.append(-_kth(unit_rows(np.asarray(of.values[places], dtype=np.float64)), rows, k, own))
    return found, ""


def _kth(asked: np.ndarray, rows: np.ndarray, k: int, own: np.ndarray | None) -> np.ndarray:
    """(n, D), (m, D) of length 1 -> (n,) distance to the k-th nearest row; own (n,): the row to leave out, or -1."""
    found, step = np.empty(len(asked)), max(ROWS * 1024 // max(len(rows), 1), 1)
    sizes = np.square(rows).sum(axis=1)
    for start in range(0, len(asked), step):
        part = asked[start : start + step]
        squared = np.square(part).sum(axis=1)[:, None] + sizes - 2 * part @ rows.T
        if own is not None:
            mine = np.flatnonzero(own[start : start + step] >= 0)
            squared[mine, own[start : start + step][mine]] = np.inf
        nearest = np.partition(squared, k - 1, axis=1)[:, k - 1]
        found[start : start + step] = np.sqrt(np.maximum(nearest, 0))
    return found
