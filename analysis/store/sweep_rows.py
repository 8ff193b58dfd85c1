"""Rows of sweeps read back, as arrays and sums that have one place a cell.

The rows lie in the order in which cells were taken, each cell's together and by sample, so that a cell is found by
the table's own ranges without an index.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import BadParameter
from analysis.store.access import Access
from analysis.store.sweep_records import found as found_sweep
from analysis.sweeps import GEOMETRY, VALUES, Grouped, SweepRecord
from models.errors import UnknownName

if TYPE_CHECKING:  # slow to import
    import pyarrow

_SPREAD = (*GEOMETRY, "confidence")


class SweepRows:
    """Questions to the samples of sweeps. Each raises UnknownName for a sweep or a column that is not there."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def truth(self, sweep_id: str) -> tuple[np.ndarray, np.ndarray]:
        """The samples (N,) int32 ascending, and their classes (N,) int16, -1 where unknown."""
        key = self._known(sweep_id)[1]
        query = """SELECT sample, coalesce(truth, -1::SMALLINT) AS truth FROM sweep_sample
                   WHERE sweep_key = ? ORDER BY sample"""
        with self._access.read() as db:
            found = db.sql(query, params=[key]).fetchnumpy()
        return np.asarray(found["sample"]), np.asarray(found["truth"])

    def values(
        self,
        sweep_id: str,
        names: Sequence[str],
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> dict[str, np.ndarray]:
        """Columns as (M, C, S) arrays, in the order asked for; samples ascending, None for all of the sweep.

        float32 with nan where there is none; "prediction" int16 and "correct" int8, -1 where there is none.
        """
        _check_columns(names)
        key = self._known(sweep_id)[1]
        places = self.truth(sweep_id)[0] if samples is None else np.unique(np.asarray(samples, dtype=np.int32))
        shape = (len(members), len(conditions), len(places))
        arrays = {n: _empty(n, shape) for n in names}
        if not all(shape):
            return arrays
        columns = ", ".join(f"{_expression(n)} AS {n}" for n in names)
        query = f"""SELECT member, condition, sample, {columns} FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                    {_sampled(samples)}"""  # noqa: S608  names and numbers of ours
        given = [key] + ([places.tolist()] if samples is not None else [])
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        at = [_lookup(members)[found["member"]], _lookup(conditions)[found["condition"]]]
        at.append(np.searchsorted(places, found["sample"]))
        for name in names:
            arrays[name][tuple(at)] = found[name]
        return arrays

    def grouped(
        self,
        sweep_id: str,
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> Grouped:
        """Sums over the samples given (None: all) of each cell."""
        key = self._known(sweep_id)[1]
        shape = (len(members), len(conditions))
        sums = ", ".join([f"avg({n}) AS mean_{n}" for n in VALUES] + [f"var_pop({n}) AS variance_{n}" for n in _SPREAD])
        query = f"""SELECT member, condition, count(*) AS n, coalesce(sum(correct::INTEGER), 0)::BIGINT AS correct,
                           count(correct) AS known, {sums}
                    FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                    {_sampled(samples)} GROUP BY member, condition"""  # noqa: S608  names and numbers of ours
        given = [key] + ([np.unique(np.asarray(samples)).tolist()] if samples is not None else [])
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        at = _lookup(members)[found["member"]], _lookup(conditions)[found["condition"]]

        def laid(column: str, empty: float, kind: type) -> np.ndarray:
            made = np.full(shape, empty, kind)
            made[at] = np.ma.filled(np.ma.asarray(found[column]), empty)
            return made

        return Grouped(
            samples=laid("known", 0, np.int64),
            correct=laid("correct", 0, np.int64),
            means={n: laid(f"mean_{n}", np.nan, np.float64) for n in VALUES},
            variances={n: laid(f"variance_{n}", np.nan, np.float64) for n in _SPREAD},
        )

    def histograms(
        self,
        sweep_id: str,
        number: str,
        edges: Sequence[float],
        *,
        members: Sequence[int],
        conditions: Sequence[int],
        samples: Sequence[int] | np.ndarray | None = None,
    ) -> np.ndarray:
        """(M, C, B) int64 for B + 1 evenly spaced edges; what lies outside counts for the bins at the ends."""
        _check_columns([number])
        key, bins = self._known(sweep_id)[1], len(edges) - 1
        low, high = float(edges[0]), float(edges[-1])
        if bins < 1 or not high > low:
            raise BadParameter(f"A histogram needs at least two edges that go up; got {list(edges)[:5]}.")
        query = f"""SELECT member, condition,
                           greatest(0, least({bins - 1}, floor(({number} - ?) * ?)::INTEGER)) AS bin, count(*) AS n
                    FROM sweep_result
                    WHERE sweep_key = ? AND {_among("member", members)} AND {_among("condition", conditions)}
                          AND {number} IS NOT NULL {_sampled(samples)}
                    GROUP BY ALL"""  # noqa: S608  names and numbers of ours
        given: list[Any] = [low, bins / (high - low), key]
        given += [np.unique(np.asarray(samples)).tolist()] if samples is not None else []
        with self._access.read() as db:
            found = db.sql(query, params=given).fetchnumpy()
        made = np.zeros((len(members), len(conditions), bins), np.int64)
        made[_lookup(members)[found["member"]], _lookup(conditions)[found["condition"]], found["bin"]] = found["n"]
        return made

    def ranges(self, sweep_id: str, names: Sequence[str], *, tails: float = 0.0) -> dict[str, tuple[float, float]]:
        """The least and the most of each number over the whole sweep; nan where there is none.

        tails: the part of the samples that is left out at either end; the rest is then found within about a percent.
        """
        _check_columns(names)
        key = self._known(sweep_id)[1]
        bounds = (
            f"approx_quantile({{0}}, {tails}), approx_quantile({{0}}, {1 - tails})" if tails else "min({0}), max({0})"
        )
        asked = ", ".join(bounds.format(n) for n in names)
        with self._access.read() as db:
            row = db.execute(f"SELECT {asked} FROM sweep_result WHERE sweep_key = ?", [key]).fetchall()[0]  # noqa: S608
        found = [float("nan") if v is None else float(v) for v in row]
        return {n: (found[2 * i], found[2 * i + 1]) for i, n in enumerate(names)}

    def table(self, sweep_id: str, samples: Sequence[int] | np.ndarray | None = None) -> pyarrow.Table:
        """A row a sample of each cell: model, corruption, severity, sample, truth, prediction (class names),
        confidence, correct, loss, angle, length, margin; by condition, member and sample.
        """
        record, key = self._known(sweep_id)
        query = f"""
            WITH m AS (SELECT unnest(?::VARCHAR[]) AS model, generate_subscripts(?::VARCHAR[], 1) - 1 AS member),
                 c AS (SELECT unnest(?::VARCHAR[]) AS corruption, unnest(?::INTEGER[]) AS severity,
                              generate_subscripts(?::INTEGER[], 1) - 1 AS condition),
                 k AS (SELECT unnest(?::VARCHAR[]) AS class, generate_subscripts(?::VARCHAR[], 1) - 1 AS number)
            SELECT model, corruption, severity, r.sample, t.class AS truth, p.class AS prediction, confidence, correct,
                   loss, angle, length, margin
            FROM sweep_result r JOIN m USING (member) JOIN c USING (condition)
                 JOIN sweep_sample s ON s.sweep_key = r.sweep_key AND s.sample = r.sample
                 LEFT JOIN k t ON t.number = s.truth LEFT JOIN k p ON p.number = r.prediction
            WHERE r.sweep_key = ? {_sampled(samples, "r.sample")}
            ORDER BY condition, member, r.sample"""  # noqa: S608  names of ours
        models, names = [m.name for m in record.members], list(record.class_names)
        what = [c.corruption for c in record.conditions]
        severity = [c.severity for c in record.conditions]
        given: list[Any] = [models, models, what, severity, severity, names, names, key]
        given += [np.unique(np.asarray(samples)).tolist()] if samples is not None else []
        with self._access.read() as db:
            return db.sql(query, params=given).to_arrow_table()

    def _known(self, sweep_id: str) -> tuple[SweepRecord, int]:
        with self._access.read() as db:
            return found_sweep(db, sweep_id)


def _check_columns(names: Sequence[str]) -> None:
    for name in names:
        if name not in ("prediction", "correct", *VALUES):
            raise UnknownName("column of a sweep", name, ("prediction", "correct", *VALUES))


def _expression(name: str) -> str:
    if name == "prediction":
        return name
    return "coalesce(correct::TINYINT, -1::TINYINT)" if name == "correct" else f"coalesce({name}, 'nan'::FLOAT)"


def _empty(name: str, shape: tuple[int, ...]) -> np.ndarray:
    kind = {"prediction": np.int16, "correct": np.int8}.get(name)
    return np.full(shape, np.nan, np.float32) if kind is None else np.full(shape, -1, kind)


def _among(column: str, numbers: Sequence[int]) -> str:
    return f"{column} IN ({', '.join(str(int(n)) for n in numbers)})" if len(numbers) else "FALSE"


def _sampled(samples: object, column: str = "sample") -> str:
    return "" if samples is None else f"AND {column} IN (SELECT unnest(?::INTEGER[]))"


def _lookup(numbers: Sequence[int]) -> np.ndarray:
    """From a number to its place among those given."""
    table = np.full(max(numbers, default=0) + 1, -1, np.int64)
    table[np.asarray(numbers, dtype=np.int64)] = np.arange(len(numbers))
    return table
