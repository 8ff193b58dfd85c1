"""From units that were computed to cells that are whole: scored, and told in the log as soon as they can be."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from analysis.pipelines.sweep_cells import CellLog, Entry, cell_path, read_cell, remarks_of, there
from analysis.pipelines.sweep_plan import Plan
from analysis.sweeps import Cell, Score

Rows = Mapping[str, np.ndarray]


class Finishing:
    """Gathers what became of units; a condition whose blocks are all there is scored and told.

    Scores compare with the clean images and with the reference, so clean is told first, whatever comes first.
    """

    def __init__(self, workspace: Path, plan: Plan) -> None:
        self.workspace, self.plan = workspace, plan
        self.log = CellLog(workspace, plan.record.sweep_id)
        self._open = {c: set(plan.blocks) for c in range(len(plan.record.conditions)) if not self._told(c)}
        self._outcomes: dict[str, Mapping[str, Any]] = {}  # by cell id, of what was computed now
        self._clean: dict[int, Rows] = {}
        self.failed = 0

    @property
    def tasks(self) -> list[dict[str, int]]:
        """Those whose results are not all there, clean first."""
        return [t for t in self.plan.tasks if t["condition"] in self._open and not self._there(t)]

    def _told(self, condition: int) -> bool:
        return all((m, condition) in self.log.done for m in range(len(self.plan.record.members)))

    def _there(self, task: Mapping[str, int]) -> bool:
        """Whether another sweep, or this one before it was killed, has left all cells of a unit."""
        return all(
            there(self.workspace, self._id(m, task["condition"], task["block"]), self._taps(m))
            for m in range(len(self.plan.record.members))
        )

    def _taps(self, member: int) -> tuple[str, ...]:
        return self.plan.features if self.plan.record.members[member].kind == "model" else ()

    def begin(self) -> None:
        """Take what is there already; what waits for clean images follows them."""
        lacking = {(t["condition"], t["block"]) for t in self.tasks}
        for condition, blocks in self._open.items():
            blocks -= {b for b in set(blocks) if (condition, b) not in lacking}
        self._tell()

    def took(self, task: Mapping[str, int], result: Mapping[str, Any]) -> None:
        """A unit was computed."""
        self._outcomes |= result["cells"]
        self._open[task["condition"]].discard(task["block"])
        self._tell()

    def _tell(self) -> None:
        if self._open.get(0):
            return
        for condition in [c for c, blocks in self._open.items() if not blocks]:
            self._whole(condition)
            del self._open[condition]

    def _whole(self, condition: int) -> None:
        """Every member's cell of a condition into the log."""
        record = self.plan.record
        reference = record.member(record.reference)
        compared = None if reference is None else self._rows(reference, condition)
        found = []
        for member in range(len(record.members)):
            if (member, condition) in self.log.done:
                continue
            other = compared if member != reference or condition else None
            found.append(self._entry(member, condition, other))
        self.failed += sum(e.cell.state == "failed" for e in found)
        self.log.add(found)

    def _entry(self, member: int, condition: int, reference: Rows | None) -> Entry:
        ids = [self._id(member, condition, block) for block in self.plan.blocks]
        outcomes = [self._outcomes.get(i, {}) for i in ids]
        seconds = sum(float(o.get("seconds", 0.0)) for o in outcomes)
        rows = self._rows(member, condition)
        if rows is None:
            message = next((o["message"] for o in outcomes if o.get("message")), "Its results are not there any more.")
            return Entry(Cell(member, condition, "failed", message, seconds=seconds), ())
        remarks = dict.fromkeys(r for i in ids for r in remarks_of(cell_path(self.workspace, i)))
        clean = self._clean_rows(member) if condition else None
        scores = self._scores(rows, clean, reference)
        count = len(rows["sample"])
        return Entry(Cell(member, condition, "done", "", count, scores, tuple(remarks), seconds), tuple(ids))

    def _scores(self, rows: Rows, clean: Rows | None, reference: Rows | None) -> dict[str, Score]:
        from analysis.robustness.scores import cell_scores

        return cell_scores(rows, clean, reference, seed=self.plan.record.seed)

    def _clean_rows(self, member: int) -> Rows | None:
        if member not in self._clean and (found := self._rows(member, 0)) is not None:
            self._clean[member] = found
        return self._clean.get(member)

    def _rows(self, member: int, condition: int) -> Rows | None:
        paths = [cell_path(self.workspace, self._id(member, condition, block)) for block in self.plan.blocks]
        return read_cell(paths) if all(p.is_file() for p in paths) else None

    def _id(self, member: int, condition: int, block: int) -> str:
        return self.plan.cell_id(member, condition, block)
