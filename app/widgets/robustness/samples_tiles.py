"""From samples and what the members say of them to what the sheet of strips draws."""

from __future__ import annotations

import base64
import hashlib
import json
import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from PIL import Image

from analysis.store import digest
from analysis.sweeps import SweepRecord
from app import resources
from app.figures.tiles import TINY, grid, name_of, sprite

SIDES = {"small": 36, "large": 72}
"""Of a thumbnail in CSS pixels."""

STATES = {1: "right", 0: "wrong", -1: "none"}


def tiles(
    sweep: SweepRecord,
    members: Sequence[int],
    samples: Sequence[int],
    truth: Mapping[int, int],
    values: Mapping[str, np.ndarray],
    chosen: int | None,
) -> dict[str, Any]:
    """Everything but the pictures, as JSON.

    values: correct, prediction, confidence, margin as (M, S) for these members and samples.
    """
    return {
        "members": [sweep.members[m].name for m in members],
        "chosen": chosen,
        "tiles": [_tile(sweep, sample, truth.get(sample, -1), values, i) for i, sample in enumerate(samples)],
    }


def _tile(sweep: SweepRecord, sample: int, label: int, values: Mapping[str, np.ndarray], place: int) -> dict[str, Any]:
    correct = values["correct"][:, place]
    wrong, judged = int((correct == 0).sum()), int((correct >= 0).sum())
    truth = name_of(label, sweep.class_names) or "no label"
    said = f"wrong in {wrong} of {judged}" if judged else "nobody can be judged"
    return {
        "sample": sample,
        "truth": truth,
        "wrong": wrong,
        "judged": judged,
        "spoken": f"sample {sample}, {truth}, {said}",
        "cells": [_cell(sweep, values, m, place) for m in range(len(correct))],
    }


def _cell(sweep: SweepRecord, values: Mapping[str, np.ndarray], member: int, place: int) -> dict[str, Any]:
    prediction = int(values["prediction"][member, place])
    confidence, margin = (float(values[n][member, place]) for n in ("confidence", "margin"))
    if prediction < 0:  # no such row: the cell is not there
        return {"state": "missing"}
    return {
        "state": STATES[int(values["correct"][member, place])],
        "said": name_of(prediction, sweep.class_names),
        "sure": round(confidence, 4) if math.isfinite(confidence) else None,
        "margin": f"{margin:.3g}".replace("-", "−") if math.isfinite(margin) else None,
    }


def pictures(sweep: SweepRecord, samples: Sequence[int], condition: int, side: int) -> dict[str, Any]:
    """The thumbnails of these samples under a condition (0: as they are) in one file.

    DataError where the dataset's files are not here, NotApplicable where such images cannot be made.
    """
    least = min(sweep.image_size)
    pixels = max(sweep.image_size) <= TINY
    cell = max(sweep.image_size) if pixels else min(least, 2 * side)

    def drawn() -> bytes:
        images = resources.dataset(sweep.dataset_id)
        if not condition:  # without torch, for the first page of a server
            return sprite([images.thumbnail(sample, cell) for sample in samples], cell)
        from analysis.pipelines.sweep_seen import crop_of_sweep, seen

        crop = crop_of_sweep(resources.settings().workspace, sweep)
        altered = seen(images, samples, sweep, condition, crop)
        return sprite([Image.fromarray(np.squeeze(a, -1) if a.shape[-1] == 1 else a) for a in altered], cell)

    what = sweep.conditions[condition]
    key = digest(
        family="seen",
        dataset=sweep.dataset_id,
        samples=list(map(int, samples)),
        condition=[what.name, sorted(what.params)],
        seed=sweep.seed,
        size=list(sweep.image_size),
        side=cell,
    )
    data = resources.sprites().made(key, drawn)
    columns, rows = grid(len(samples))
    kind = "png" if cell <= TINY else "webp"
    src = f"data:image/{kind};base64,{base64.b64encode(data).decode()}"
    return {"src": src, "columns": columns, "rows": rows, "pixels": pixels}


def stamped(found: dict[str, Any]) -> dict[str, Any]:
    """With a mark of what is in it, so that the browser builds it anew only where it changed."""
    return found | {"stamp": hashlib.sha256(json.dumps(found).encode()).hexdigest()}
