"""One sample as it is shown large: the picture with its mask and boxes, and the words beside it."""

from __future__ import annotations

import base64
import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from analysis.records import DatasetRecord, PassRecord, Sample
from app.figures.tiles import TINY, facts, finite, name_of, spoken

LARGEST = 1024  # pixels of what is sent
VEIL = 0.62  # of black over what a mask leaves out
BOX = (255, 176, 0)
Box = tuple[float, float, float, float, str]  # left, top, right, bottom, label


def picture(image: Image.Image, mask: np.ndarray | None = None, boxes: Sequence[Box] = ()) -> Image.Image:
    """The picture, dark where its mask (H, W) is not, with its boxes; RGB, small ones enlarged if boxes are drawn."""
    drawn = image.convert("RGB")
    if mask is not None:
        pixels = np.asarray(drawn, np.float32)
        outside = ~np.asarray(mask, bool)[..., None]
        drawn = Image.fromarray(np.where(outside, pixels * (1 - VEIL), pixels).astype(np.uint8))
    scale = 1
    if boxes and max(drawn.size) <= 256:
        scale = max(1, 512 // max(drawn.size))  # lines of one pixel would hide what they frame
        drawn = drawn.resize((drawn.width * scale, drawn.height * scale), Image.Resampling.NEAREST)
    _framed(drawn, [[scale * side for side in box[:4]] for box in boxes], [box[4] for box in boxes])
    if max(drawn.size) > LARGEST:
        drawn.thumbnail((LARGEST, LARGEST), Image.Resampling.LANCZOS)
    return drawn


def _framed(drawn: Image.Image, boxes: Sequence[Sequence[float]], words: Sequence[str]) -> None:
    pen = ImageDraw.Draw(drawn)
    width = max(2, max(drawn.size) // 250)
    for (left, top, right, bottom), word in zip(boxes, words, strict=True):
        pen.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), outline=BOX, width=width)
        if word:
            pen.text((left + width + 1, top + width), word, fill=BOX, stroke_width=2, stroke_fill=(0, 0, 0))


def document(
    shown: Image.Image,
    dataset: DatasetRecord,
    opinions: Sequence[tuple[Sample, PassRecord]],
    sample: Sample,
    place: str,
    sides: tuple[bool, bool],
) -> dict[str, Any]:
    """All that is said of one sample.

    opinions: the models' rows; place: its place in the order, in words; sides: whether there is one before, and after.
    """
    first = opinions[0] if opinions else (sample, None)
    label = name_of(sample.label, dataset.class_names)
    numbers = facts(first[0], dataset, None, None)[1:]
    verdict = first[0].correct if opinions else None
    said = name_of(first[0].prediction, first[1].class_names) if first[1] else None
    return {
        "src": _uri(shown),
        "pixels": max(sample.width_px, sample.height_px) <= TINY * 2,
        "spoken": spoken(sample.name, label, said, verdict),
        "name": sample.name,
        "place": place,
        "label": f"Label: {label}" if label else "No label",
        "models": [_opinion(row, asked, label) for row, asked in opinions],
        "facts": numbers,
        "before": sides[0],
        "after": sides[1],
    }


def _opinion(row: Sample, asked: PassRecord, label: str) -> dict[str, Any]:
    truth = asked.class_map[row.label] if 0 <= row.label < len(asked.class_map) else None
    top = zip(row.top_classes, row.top_probabilities, strict=False)
    return {
        "model": asked.model_name,
        "verdict": {True: "right", False: "wrong", None: ""}[row.correct],
        "top": [
            {"name": name_of(i, asked.class_names), "probability": finite(p), "labelled": i == truth} for i, p in top
        ],
    }


def _uri(image: Image.Image) -> str:
    buffer = io.BytesIO()
    small = max(image.size) <= 512
    image.save(buffer, "PNG") if small else image.save(buffer, "JPEG", quality=90)
    return f"data:image/{'png' if small else 'jpeg'};base64,{base64.b64encode(buffer.getvalue()).decode()}"
