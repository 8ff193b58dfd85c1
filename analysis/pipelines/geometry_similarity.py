"""How alike layers are, and networks at a layer: every pair that was asked for, as single measurements.

One number a pair, (pass, tap) with (other pass, other tap): the upper half of layers x layers of one pass without the
diagonal, the same tap of two passes. `layers` and `networks` make the matrices again.
"""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.engine.side_by_side import side_by_side
from analysis.measurements import Measurement
from analysis.pipelines.geometry_asking import STREAMED_PAIR, USUAL_PAIR, places
from analysis.pipelines.geometry_measuring import measurement
from analysis.types import Report

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from analysis.geometry.matrices import Matrix
    from analysis.geometry.registry import Measured

Pair = tuple[str, str]
_ROWS = 4096
_SHARES = 8  # that the batches of a streamed measure are done in, one after the other or side by side


def measured_pairs(
    name: str,
    first: Mapping[str, Features],
    second: Mapping[str, Features] | None,
    pairs: Sequence[Pair],
    report: Report,
) -> list[tuple[Pair, Measured, float]]:
    """What one measure says of pairs of taps, and its seconds; without second, both are of the first."""
    from analysis.geometry import MEASURES

    began = time.perf_counter()
    if whole := _at_once(name, first, second, pairs, report):
        each = (time.perf_counter() - began) / max(len(pairs), 1)
        return [(pair, found, each) for pair, found in zip(pairs, whole, strict=True)]
    said, measure = [], MEASURES[name]
    for number, (a, b) in enumerate(pairs):
        report(number / len(pairs), f"{measure.label}, {number:,} of {len(pairs):,} pairs of layers")
        began = time.perf_counter()
        found = measure.function(first[a], (second or first)[b])
        said.append(((a, b), found, time.perf_counter() - began))
    return said


def as_numbers(
    name: str, said: Sequence[tuple[Pair, Measured, float]], one: str, two: str, place: Mapping[str, int]
) -> tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]:
    """As the store takes it: place is that of the first tap."""
    from analysis.geometry import MEASURES

    numbers, arrays = [], {}
    for (a, b), found, seconds in said:
        other = {"other_pass": two, "other_tap": b}
        numbers.append(measurement(found, MEASURES[name], seconds, one, a, place[a], **other))
        if found.arrays:
            arrays[(a, name, two, b)] = {n: np.asarray(values) for n, values in found.arrays.items()}
    return numbers, arrays


def layers(numbers: Sequence[Measurement], pass_id: str, measure: str = USUAL_PAIR) -> Matrix | None:
    """Layers x layers of one pass; None where none were measured. The diagonal is what a measure says of equals."""
    own = [n for n in numbers if n.measure == measure and n.pass_id == n.other_pass == pass_id]
    order = places([n for n in numbers if n.pass_id == pass_id])
    taps = [tap for tap in order if any(tap in (n.tap, n.other_tap) for n in own)]
    return _matrix(measure, taps, taps, {(n.tap, n.other_tap): n for n in own}) if own else None


def networks(
    numbers: Sequence[Measurement], pass_ids: Mapping[str, str], tap: str, measure: str = USUAL_PAIR
) -> Matrix | None:
    """Networks x networks at one tap; pass_ids: name -> its pass. None where none were measured."""
    names = {pass_id: name for name, pass_id in pass_ids.items()}
    own = {
        (names[n.pass_id], names[n.other_pass]): n
        for n in numbers
        if n.measure == measure and n.tap == n.other_tap == tap and n.pass_id != n.other_pass
        if n.pass_id in names and n.other_pass in names
    }
    return _matrix(measure, list(pass_ids), list(pass_ids), own) if own else None


def _matrix(measure: str, rows: Sequence[str], columns: Sequence[str], found: Mapping[Pair, Measurement]) -> Matrix:
    from analysis.geometry import MEASURES
    from analysis.geometry.matrices import Matrix

    shape = len(rows), len(columns)
    values, lows, highs = (np.full(shape, np.nan) for _ in range(3))
    samples, whys = np.zeros(shape, np.int64), [[""] * shape[1] for _ in rows]
    interval, caveats = "", dict[str, None]()
    equal = 0.0 if MEASURES[measure].distance else 1.0
    for i, a in enumerate(rows):
        for j, b in enumerate(columns):
            one = found.get((a, b)) or found.get((b, a))
            if a == b and one is None:
                values[i, j] = equal
            elif one is not None:
                values[i, j], lows[i, j], highs[i, j], samples[i, j] = one.value, one.low, one.high, one.samples
                whys[i][j], interval = one.why, interval or one.interval
                caveats.update(dict.fromkeys(one.caveats))
    said = tuple(map(tuple, whys))
    return Matrix(measure, tuple(rows), tuple(columns), values, lows, highs, samples, said, interval, tuple(caveats))


def _at_once(
    name: str,
    first: Mapping[str, Features],
    second: Mapping[str, Features] | None,
    pairs: Sequence[Pair],
    report: Report,
) -> list[Measured]:
    """All pairs from one reading of the samples, where that is a measure's way; nothing where it is not."""
    if name == STREAMED_PAIR:
        return _streamed(first, second, pairs, report)
    if name == USUAL_PAIR and _gpu() and _all_finite([*first.values(), *(second or {}).values()]):
        return cka_at_once(first, second, pairs, report)
    return []


def _streamed(
    first: Mapping[str, Features], second: Mapping[str, Features] | None, pairs: Sequence[Pair], report: Report
) -> list[Measured]:
    """CKA over minibatches of samples in a drawn order; in memory is a batch of all layers for each core."""
    from analysis.geometry.registry import Measured
    from analysis.geometry.streaming import StreamedCka

    rows, columns = list(first), None if second is None else list(second)
    given = [*first.values(), *(second or {}).values()]
    if len({len(f) for f in given}) > 1:  # samples that are not finite at some taps only
        return []
    order = np.random.default_rng(given[0].seed).permutation(len(given[0]))
    stream = StreamedCka(rows, columns)
    batches = [order[start : start + stream.size] for start in range(0, len(order), stream.size)]
    step = max(1, -(-len(batches) // _SHARES))
    shares = [batches[start : start + step] for start in range(0, len(batches), step)]
    means = [f.mean for f in given]

    def add(stream: StreamedCka, batches: Sequence[np.ndarray], report: Report) -> None:
        for number, taken in enumerate(batches):
            report(number / len(batches), f"CKA of {len(pairs):,} pairs of layers")
            parts = [np.asarray(f.values[taken], np.float64) - mean for f, mean in zip(given, means, strict=True)]
            stream.add(parts[: len(rows)], parts[len(rows) :])

    streams = [stream, *(StreamedCka(rows, columns) for _ in shares[1:])]
    side_by_side([partial(add, *each) for each in zip(streams, shares, strict=True)], report)
    for later in streams[1:]:
        stream.join(later)
    found = stream.matrix()
    said, places_ = [], {name: i for i, name in enumerate(found.columns)}
    for a, b in pairs:
        i, j = rows.index(a), places_[b]
        interval = found.interval if np.isfinite(found.lows[i, j]) else ""
        said.append(
            Measured(
                float(found.values[i, j]),
                int(found.samples[i, j]),
                float(found.lows[i, j]),
                float(found.highs[i, j]),
                interval,
                found.whys[i][j],
                found.caveats,
            )
        )
    return said


def _gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _all_finite(given: Sequence[Features]) -> bool:
    return len({len(f) for f in given}) == 1 and all(not f.left_out for f in given)


def cka_at_once(
    first: Mapping[str, Features],
    second: Mapping[str, Features] | None,
    pairs: Sequence[Pair],
    report: Report,
    device: str = "cuda",
) -> list[Measured]:
    """The debiased CKA of `geometry.similarity`, all cross products on one device in float64; no intervals."""
    import torch

    from analysis.geometry.registry import Measured, undefined

    given: dict[tuple[int, str], Features] = {(0, tap): f for tap, f in first.items()}
    given |= {(1, tap): f for tap, f in (second or {}).items()}
    wanted = [((0, a), (0 if second is None else 1, b)) for a, b in pairs]
    asked: dict[Any, None] = dict.fromkeys([*wanted, *((key, key) for key in given)])
    count = len(next(iter(given.values())))
    if count < 4:
        return [undefined("the debiased form takes 4 samples", count) for _ in pairs]
    means = {key: torch.from_numpy(f.mean).to(device) for key, f in given.items()}
    products = {pair: torch.zeros((), dtype=torch.float64, device=device) for pair in asked}
    diagonals, lengths = dict(products), dict[Any, Any]()
    sums: dict[Any, Any] = {}
    for start in range(0, count, _ROWS):
        report(start / count, f"CKA of {len(pairs):,} pairs, {start:,} of {count:,} samples")
        part = {
            key: torch.from_numpy(np.array(f.values[start : start + _ROWS])).to(device).double() - means[key]
            for key, f in given.items()
        }
        squares = {key: values.square().sum(dim=1) for key, values in part.items()}
        for key, own in squares.items():
            lengths[key] = lengths.get(key, 0) + own.sum()
        for one, two in asked:
            product = part[one].T @ part[two]
            sums[one, two] = sums[one, two] + product if (one, two) in sums else product
            diagonals[one, two] = diagonals[one, two] + squares[one] @ squares[two]
    hsic = {
        (one, two): float(
            sums[one, two].square().sum()
            - count / (count - 2) * diagonals[one, two]
            + lengths[one] * lengths[two] / ((count - 1) * (count - 2))
        )
        for one, two in asked
    }
    said = []
    for one, two in wanted:
        nothing = [(1e-26 * count * given[key].size) ** 2 for key in (one, two)]
        if not (hsic[one, one] > nothing[0] and hsic[two, two] > nothing[1]):
            said.append(undefined("the features do not vary", count))
            continue
        said.append(Measured(hsic[one, two] / float(np.sqrt(hsic[one, one]) * np.sqrt(hsic[two, two])), count))
    return said
