"""Roughly what a plan costs in time, before it is made: from multiply-accumulates and a rate that was measured once."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.variant_plan import Row

RATE = 4e10
"""Multiply-accumulates a second of small convolutional networks on two cores, forward or backward, batches of 128."""

TRAINED = 3
"""A step of training in forward passes."""

EXTRA = {"curvature": 3, "squares": 3, "rebuild": 2}
"""Scores that take more than one backward pass, in passes of training."""

FLOW_ROUNDS = 100
STARTING = 1.0
"""Seconds of a job that has little to do."""


def seconds(row: Row, macs: int, images: int) -> float:
    """Of one row of a plan; `macs` of one image through the base, `images` of the dataset."""
    if not row.ready:
        return 0.0
    recipe, variants = row.ready[0].recipe, len(row.ready)
    one = macs / RATE
    rounds = max(len(recipe.levels), 1)
    spent = 0.0
    if row.method.needs_data and not row.method.trains:
        times = rounds * (variants if rounds > 1 else 1)
        spent += min(recipe.samples, images) * one * TRAINED * EXTRA.get(row.method.kind, 1) * times
    if row.method.kind == "flow":
        spent += FLOW_ROUNDS * one * TRAINED * variants
    if recipe.tuning.epochs:
        spent += variants * rounds * recipe.tuning.epochs * images * one * TRAINED
    spent += variants * min(recipe.recalibrate, images) * one
    return spent + STARTING


def total(rows: Sequence[Row], macs: int, images: int) -> float:
    """Of a whole plan: jobs run one after the other."""
    return sum(seconds(row, macs, images) for row in rows)


def about(seconds: float) -> str:
    """`seconds`, `about 3 min`, `about 2.5 h`: no more exact than it is."""
    if seconds < 45:
        return "seconds"
    if seconds < 90:
        return "about 1 min"
    if seconds < 5400:
        return f"about {round(seconds / 60)} min"
    return f"about {seconds / 3600:.2g} h"
