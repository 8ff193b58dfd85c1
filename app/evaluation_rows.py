"""The cells of a sweep as a table: a row a variant and condition, a column a score and each end of its interval."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.sweeps import Cell, SweepRecord

if TYPE_CHECKING:  # slow to import
    import pyarrow


def table(sweep: SweepRecord, cells: Mapping[tuple[int, int], Cell], members: Sequence[int]) -> pyarrow.Table:
    """Columns model, method, sparsity, corruption, severity, state, message, samples, then the scores; by model."""
    import pyarrow as pa

    names = sorted({name for cell in cells.values() for name in cell.scores})
    found = [cells[m, c] for m in members for c in range(len(sweep.conditions)) if (m, c) in cells]
    columns: dict[str, list[Any]] = {
        "model": [sweep.members[cell.member].name for cell in found],
        "method": [sweep.members[cell.member].method for cell in found],
        "sparsity": [sweep.members[cell.member].sparsity for cell in found],
        "corruption": [sweep.conditions[cell.condition].corruption for cell in found],
        "severity": [sweep.conditions[cell.condition].severity for cell in found],
        "state": [cell.state for cell in found],
        "message": [cell.message for cell in found],
        "samples": [cell.samples for cell in found],
    }
    for name in names:
        for part, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
            columns[name + suffix] = [_known(cell, name, part) for cell in found]
    return pa.table(columns)


def _known(cell: Cell, name: str, part: str) -> float | None:
    value = getattr(cell.scores[name], part) if name in cell.scores else float("nan")
    return float(value) if np.isfinite(value) else None
