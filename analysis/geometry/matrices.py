"""How alike places are, each with each: layers x layers of one network or two, variants x variants at one place."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from analysis.errors import BadParameter
from analysis.geometry.features import Features
from analysis.geometry.registry import Measure
from analysis.registry import Scalar


@dataclass(frozen=True, slots=True, eq=False)
class Matrix:
    """One measure of all pairs, R x C. NaN where it is not defined; `whys` says why."""

    measure: str
    rows: tuple[str, ...]
    columns: tuple[str, ...]
    values: np.ndarray  # (R, C)
    lows: np.ndarray  # (R, C) of 95 % intervals
    highs: np.ndarray  # (R, C)
    samples: np.ndarray  # (R, C) int64
    whys: tuple[tuple[str, ...], ...]
    interval: str = ""
    caveats: tuple[str, ...] = ()
    distance: bool = False  # the smaller the more alike

    @property
    def symmetric(self) -> bool:
        """Whether rows and columns are the same places."""
        return self.rows == self.columns and bool(np.array_equal(self.values, self.values.T, equal_nan=True))

    @property
    def nearest(self) -> tuple[str, ...]:
        """The column that each row is most alike, "" where none is defined; the row itself left out."""
        likeness = np.where(np.isfinite(self.values), -self.values if self.distance else self.values, -np.inf)
        if self.symmetric:
            np.fill_diagonal(likeness, -np.inf)
        return tuple(self.columns[row.argmax()] if row.size and row.max() > -np.inf else "" for row in likeness)


def matrix(
    measure: Measure,
    rows: Mapping[str, Features],
    columns: Mapping[str, Features] | None = None,
    *,
    params: Mapping[str, Scalar] | None = None,
    report: Callable[[float], None] | None = None,
) -> Matrix:
    """A measure of pairs on every row with every column; without columns, of the rows with each other.

    rows and columns: features of the same samples in the same order, by the name of the layer or the variant. All
    measures of similarity are symmetric: without columns each pair is taken once. report: the share that is done.
    """
    if measure.kind != "pair":
        raise BadParameter(
            f"A matrix takes a measure of two sets of features; '{measure.name}' is one of {measure.kind}."
        )
    across, bound = rows if columns is None else columns, measure.bound(params)
    shape = len(rows), len(across)
    values, lows, highs = (np.full(shape, np.nan) for _ in range(3))
    samples, whys = np.zeros(shape, np.int64), [[""] * shape[1] for _ in range(shape[0])]
    interval, caveats = "", dict[str, None]()
    once = columns is None and measure.group == "similarity"
    pairs = [(i, j) for i in range(shape[0]) for j in range(shape[1]) if i <= j or not once]
    names = tuple(rows), tuple(across)
    for done, (i, j) in enumerate(pairs, start=1):
        found = measure.function(rows[names[0][i]], across[names[1][j]], **bound)
        for a, b in {(i, j), (j, i)} if once else {(i, j)}:
            values[a, b], lows[a, b], highs[a, b] = found.value, found.low, found.high
            samples[a, b], whys[a][b] = found.samples, found.why
        interval = interval or found.interval
        caveats.update(dict.fromkeys(found.caveats))
        if report is not None:
            report(done / len(pairs))
    said = tuple(map(tuple, whys))
    return Matrix(
        measure.name, *names, values, lows, highs, samples, said, interval, tuple(caveats), measure.better == "low"
    )
