"""Rows of the evaluation table that others measured: on the published sets, marked, never mixed with what is here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from analysis.sweeps import CLEAN, SweepRecord
from app.evaluation_order import MEAN
from app.evaluation_words import said, share

if TYPE_CHECKING:
    from analysis.robustness.published import Published

PUBLISHED_SCORES = ("accuracy", "error")
COLOUR = "#8A8F90"


def benchmark(sweep: SweepRecord) -> str | None:
    """What published results there are of images like the sweep's; None where there are none."""
    from analysis.robustness.published import benchmark_of

    return benchmark_of(sweep.table, sweep.class_names)


def published(sweep: SweepRecord) -> Sequence[Published]:
    from analysis.robustness.published import rows

    name = benchmark(sweep)
    return rows(name) if name else ()


def published_rows(
    given: Sequence[Published], score: str, severity: int, heads: Sequence[Mapping[str, Any]], span: tuple[float, float]
) -> tuple[list[dict[str, Any]], list[list[dict[str, Any]]]]:
    """Rows and cells of the document. Published numbers are means over severities unless single ones are known."""
    rows = [
        {
            "name": row.name, "label": row.name, "colour": COLOUR, "sparsity": "published", "published": True,
            "title": f"Published: {row.name}{f', {row.year}' if row.year else ''}. {row.what} {row.source}".strip(),
            "reference": False, "first": number == 0,
        }
        for number, row in enumerate(given)
    ]  # fmt: skip
    return rows, [[_cell(row, score, severity, head["key"], span) for head in heads] for row in given]


def _cell(row: Published, score: str, severity: int, key: str, span: tuple[float, float]) -> dict[str, Any]:
    error = _error(row, severity, key)
    value = float("nan") if error is None else error if score == "error" else 1 - error
    place = share(value, span)
    return {
        "state": "" if error is not None else "missing", "share": None if place is None else min(max(place, 0.0), 1.0),
        "text": said(value, score), "short": said(value, score, brief=True), "why": "", "count": "published",
        "interval": "", "counts": None, "levels": None,
    }  # fmt: skip


def _error(row: Published, severity: int, key: str) -> float | None:
    if key == CLEAN:
        return None if row.clean is None else 1 - row.clean
    if key == MEAN:
        return row.mean_error if not severity else None
    return row.error(key, severity or None)
