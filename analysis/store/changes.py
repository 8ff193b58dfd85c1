"""Where two passes differ most: the samples whose margin or confidence moved furthest from one to the other."""

from typing import Literal, get_args

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter
from analysis.records import Change, Filter
from analysis.store import filters, ordering, scans
from analysis.store.access import Access
from analysis.store.filters import Plan
from models.errors import UnknownName

Moved = Literal["margin", "confidence"]

_NAMES = "SELECT sample, name, label FROM sample WHERE dataset_key = ? AND sample IN (SELECT unnest(?::INTEGER[]))"


class Changes:
    """A pass and another over the same samples."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def changes(self, given: Filter, by: Moved = "margin", *, limit: int = 50) -> list[Change]:
        """The samples of the filter that both passes have seen, those that moved furthest first, ties by sample.

        The filter names both passes. Samples without that number in either come last. BadParameter where a pass is
        not named, UnknownName for another number.
        """
        if by not in get_args(Moved):
            raise UnknownName("number that moves", by, get_args(Moved))
        if given.pass_id is None or given.other_pass is None:
            raise BadParameter("What changed is found between two passes. Name both, over the same dataset.")
        with self._access.read() as db:
            plan = filters.planned(db, given)
            read = ["prediction", "confidence", "margin"]
            sides = [
                dict(zip(read, scans.columns(db, "sample_result", s.key, read, plan.size), strict=True))
                for s in (plan.first, plan.other)
                if s is not None
            ]
            places = filters.places(db, plan)
            moved = np.abs(sides[1][by][places].astype(np.float64) - sides[0][by][places])
            wanted = ordering.page(places, moved, descending=True, start=0, stop=max(limit, 0))
            return _told(db, plan, wanted.tolist(), sides)


def _told(db: DuckDBPyConnection, plan: Plan, places: list[int], sides: list[dict[str, np.ndarray]]) -> list[Change]:
    rows = db.execute(_NAMES, [plan.key, places]).fetchall() if places else []
    named = {sample: (name, label) for sample, name, label in rows}
    return [_change(place, *named[place], sides) for place in places]


def _change(sample: int, name: str, label: int, sides: list[dict[str, np.ndarray]]) -> Change:
    def number(column: str, side: int) -> float | None:
        value = float(sides[side][column][sample])
        return value if np.isfinite(value) else None

    return Change(
        sample=sample,
        name=name,
        label=label,
        prediction=int(sides[0]["prediction"][sample]),
        other_prediction=int(sides[1]["prediction"][sample]),
        confidence=number("confidence", 0),
        other_confidence=number("confidence", 1),
        margin=number("margin", 0),
        other_margin=number("margin", 1),
    )
