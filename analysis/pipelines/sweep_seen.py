"""Images of a sweep as its networks were shown them: samples of its dataset under one of its conditions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import NotApplicable
from analysis.sweeps import SweepCondition, SweepRecord
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset


def seen(
    images: OpenDataset,
    samples: Sequence[int] | np.ndarray,
    sweep: SweepRecord,
    condition: int,
    crop: Preprocessing | None = None,
) -> np.ndarray:
    """(n, H, W, C) uint8: altered as the sweep altered them, and cropped as one network sees them.

    condition: a place in the sweep's. crop: a network's (`passes.stream.crop_of`); None: of the size that they had
    when they were altered. NotApplicable where such images cannot be made: an attack, a missing mask.
    """
    from analysis.pipelines.sweep_images import Pictures

    what = sweep.conditions[condition]
    if reason := unseen(what):
        raise NotApplicable(reason)
    size, plain = sweep.image_size, (0.0,) * 3
    crop = crop or Preprocessing(size=size, resize=min(size), mean=plain, std=(1.0,) * 3)
    made = Pictures(images, [crop], "cpu", sweep.seed).under(_asked(what), np.asarray(samples, dtype=np.int64))
    return made[crop].numpy()


def unseen(condition: SweepCondition) -> str:
    """Why images under a condition cannot be shown, in words; empty where they can."""
    from analysis.robustness import CORRUPTIONS

    if not condition.severity:
        return ""
    if condition.corruption not in CORRUPTIONS:
        return f"this version of Cutaway cannot make images under '{condition.corruption}'."
    if CORRUPTIONS[condition.corruption].kind == "attack":
        return "an attack is made against each network by itself, so there is no one image that all of them saw."
    return ""


def crop_of_sweep(workspace: Path, sweep: SweepRecord) -> Preprocessing | None:
    """How the first member crops, where the sweep was computed here; None where its plan is not."""
    from analysis.errors import DataError
    from analysis.pipelines.sweep_plan import load_plan

    try:
        plan = load_plan(workspace, sweep.sweep_id)
    except DataError:
        return None
    return plan.crops[0] if plan and plan.crops else None


def _asked(what: SweepCondition) -> Mapping[str, Any]:
    from analysis.robustness import CORRUPTIONS

    kind = CORRUPTIONS[what.corruption].kind if what.severity else "corruption"
    return {"name": what.corruption, "severity": what.severity, "params": dict(what.params), "kind": kind}
