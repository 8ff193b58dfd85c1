"""From samples to what the sheet draws: one picture with all thumbnails, and for each sample its words."""

from __future__ import annotations

import base64
import hashlib
import io
import json
import math
from collections.abc import Sequence
from typing import Any

from PIL import Image

from analysis.records import DatasetRecord, PassRecord, Sample
from app.samples_choice import Subject

TINY = 64
"""Pictures up to so many pixels a side stay as they are, and are enlarged without smoothing."""

NUMBER_WORDS = {
    "confidence": "Confidence",
    "loss": "Loss",
    "angle": "Angle",
    "length": "Length",
    "margin": "Margin",
}


def cell_side(samples: Sequence[Sample], side: int) -> int:
    """Pixels of a cell of the sprite: twice the side on screen for sharp displays, no more than the pictures have."""
    largest = max((max(s.width_px, s.height_px) for s in samples), default=1)
    return max(1, min(largest, largest if largest <= TINY else 2 * side))


def sprite(images: Sequence[Image.Image], side: int) -> bytes:
    """All pictures in one file, row by row; each in the middle of its square of `side` pixels, the rest clear."""
    columns, rows = grid(len(images))
    full = all(image.width == image.height >= side for image in images)
    sheet = Image.new("RGB" if full else "RGBA", (columns * side, rows * side))
    for place, image in enumerate(images):
        fitted = image if max(image.size) <= side else _within(image, side)
        left = place % columns * side + (side - fitted.width) // 2
        top = place // columns * side + (side - fitted.height) // 2
        sheet.paste(fitted, (left, top))
    buffer = io.BytesIO()
    if side <= TINY:
        sheet.save(buffer, "PNG", compress_level=6)
    else:
        sheet.save(buffer, "WEBP", quality=82, method=2)
    return buffer.getvalue()


def grid(count: int) -> tuple[int, int]:
    """Columns and rows of a sprite of so many pictures."""
    columns = max(1, math.ceil(math.sqrt(count)))
    return columns, max(1, math.ceil(count / columns))


def _within(image: Image.Image, side: int) -> Image.Image:
    fitted = image.copy()
    fitted.thumbnail((side, side), Image.Resampling.LANCZOS)
    return fitted


def sheet(samples: Sequence[Sample], subject: Subject, pictures: bytes) -> dict[str, Any]:
    """Everything that the sheet shows, as JSON. `pictures` is their sprite."""
    columns, rows = grid(len(samples))
    pixels = cell_side(samples, subject.choice.size) <= TINY
    found = {
        "dataset": subject.dataset.dataset_id,
        "side": subject.choice.size,
        "tiles": [_tile(s, subject.dataset, subject.a, subject.b) for s in samples],
    }
    stamp = hashlib.sha256(json.dumps(found).encode() + pictures).hexdigest()
    src = f"data:image/{'png' if pixels else 'webp'};base64,{base64.b64encode(pictures).decode()}"
    return found | {"sprite": {"src": src, "columns": columns, "rows": rows, "pixels": pixels}, "stamp": stamp}


def _tile(s: Sample, dataset: DatasetRecord, a: PassRecord | None, b: PassRecord | None) -> dict[str, Any]:
    truth = name_of(s.label, dataset.class_names)
    said = name_of(s.prediction, a.class_names) if a and s.prediction is not None else None
    return {
        "sample": s.sample,
        "name": s.name,
        "truth": truth,
        "said": said,
        "state": {True: "right", False: "wrong", None: "unknown"}[s.correct],
        "confidence": finite(s.confidence),
        "spoken": spoken(s.name, truth, said, s.correct),
        "facts": facts(s, dataset, a, b),
    }


def spoken(name: str, truth: str, said: str | None, correct: bool | None) -> str:
    """A tile in words, for those who do not see it."""
    words = [name, f"labelled {truth}" if truth else "no label"]
    if said is not None:
        words.append(f"predicted {said}" + {True: ", correct", False: ", wrong", None: ""}[correct])
    return ", ".join(words)


def facts(s: Sample, dataset: DatasetRecord, a: PassRecord | None, b: PassRecord | None) -> list[tuple[str, str]]:
    """What is known of a sample, as pairs of words."""
    found = [("Label", name_of(s.label, dataset.class_names) or "no label")]
    if a and s.prediction is not None:
        found.append((a.model_name, name_of(s.prediction, a.class_names)))
    if b and s.other_prediction is not None:
        found.append((_apart(a, b), name_of(s.other_prediction, b.class_names)))
    for number, word in NUMBER_WORDS.items():
        if (value := getattr(s, number)) is not None:
            found.append((word, in_words(number, value)))
    if s.condition:
        found.append(("Condition", s.condition))
    return [*found, ("Size", f"{s.width_px} × {s.height_px} px"), ("Sample", f"{s.sample:,}")]


def _apart(a: PassRecord | None, b: PassRecord) -> str:
    return f"{b.model_name} ({b.condition})" if a and a.model_name == b.model_name else b.model_name


def in_words(number: str, value: float) -> str:
    """One of NUMBERS with its unit; nan and infinity as such."""
    if not math.isfinite(value):
        return str(value)
    if number == "confidence":
        return percent(value, 1 if value < 0.9995 else 4)
    return f"{math.degrees(value):.1f}°" if number == "angle" else f"{value:.3g}"


def percent(share: float, digits: int = 1) -> str:
    return f"{100 * share:.{digits}f} %"


def name_of(index: int | None, names: Sequence[str]) -> str:
    """A class's name; empty where there is none."""
    if index is None or index < 0:
        return ""
    return names[index] if index < len(names) else str(index)


def finite(value: float | None) -> float:
    return value if value is not None and math.isfinite(value) else 0.0
