"""Explanations as files: what they are called and what is in them."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from analysis.arrays import display, overlay
from analysis.types import AttributionMap, Request

if TYPE_CHECKING:  # importing it costs seconds of torch, and `safe` is wanted by pages
    from models.preprocessing import Preprocessing

SHORT_SIDE, LONG_SIDE = 256, 1024
"""An overlay has the picture's own pixels within these bounds: a network's 32 x 32 is too small to look at."""


def seen(picture: Image.Image, preprocessing: Preprocessing) -> Image.Image:
    """The part of a picture that reaches the network, in the picture's own proportions."""
    left, top, right, bottom = map(round, preprocessing.view(*picture.size))
    part = picture.crop((left, top, max(right, left + 1), max(bottom, top + 1)))
    scale = min(max(SHORT_SIDE / min(part.size), 1.0), LONG_SIDE / max(part.size))
    if scale == 1:
        return part
    how = Image.Resampling.NEAREST if scale > 1 else Image.Resampling.LANCZOS
    width, height = (max(round(side * scale), 1) for side in part.size)
    return part.resize((width, height), how)


def overlay_png(found: AttributionMap, picture: Image.Image, preprocessing: Preprocessing, opacity: float) -> bytes:
    """The map over what the network saw of the picture."""
    base = np.asarray(seen(picture, preprocessing).convert("RGB"))
    rows, columns = base.shape[:2]
    coloured = overlay(base, display(found.raw, (rows, columns)), opacity)
    buffer, said = io.BytesIO(), PngInfo()
    said.add_itxt("Description", about(found))
    Image.fromarray(coloured).save(buffer, "PNG", pnginfo=said)
    return buffer.getvalue()


def arrays_npz(found: AttributionMap, preprocessing: Preprocessing) -> bytes:
    """`raw` (h, w) as computed and `map` (H, W) in 0-1 at the model's input size, both float32."""
    buffer = io.BytesIO()
    raw = found.raw.astype(np.float32, copy=False)
    shown = display(found.raw, preprocessing.size).astype(np.float32, copy=False)
    np.savez_compressed(buffer, raw=raw, map=shown)
    return buffer.getvalue()


def about(found: AttributionMap) -> str:
    """What the map is of, as JSON, so that an overlay can be told from another of the same name."""
    said = {
        "method": found.method,
        "params": dict(found.params),
        "taps": list(found.taps),
        "target": found.target,
        "image": found.image,
        "classifier": found.classifier,
        "computed_at": found.computed_at.isoformat(),
        "remarks": list(found.remarks),
    }
    return json.dumps(said, ensure_ascii=False)


def stems(paths: Sequence[Path]) -> list[str]:
    """One name for each image: its stem, or `stem-2`, `stem-3` where an image before it has that stem."""
    names = [path.stem for path in paths]
    owner = {name.casefold(): i for i, name in reversed(list(enumerate(names)))}
    taken = set(owner)
    return [name if owner[name.casefold()] == i else unique(name, taken) for i, name in enumerate(names)]


def map_names(stem: str, maps: Sequence[AttributionMap], request: Request) -> list[str]:
    """`stem.method` for each map; where several taps or targets were asked also `.tap` and `.target`."""
    from analysis.attribution import METHODS

    taken: set[str] = set()
    names = []
    for found in maps:
        parts = [stem, safe(found.method)]
        if len(request.taps) > 1 and found.taps:
            parts.append(safe("+".join(found.taps)))
        if len(request.targets) > 1 and not METHODS[found.method].class_agnostic:
            parts.append(safe(found.target))
        names.append(unique(".".join(parts), taken))
    return names


def unique(name: str, taken: set[str]) -> str:
    """The name, numbered if it is taken, which it is from now on. Some file systems ignore case, so this does."""
    numbered, number = name, 1
    while numbered.casefold() in taken:
        number += 1
        numbered = f"{name}-{number}"
    taken.add(numbered.casefold())
    return numbered


def safe(text: str) -> str:
    """A text as part of a file's name: letters, digits and `_.+=-` stay, the rest becomes one hyphen."""
    return re.sub(r"[^\w.+=-]+", "-", text).strip("-.")[:80] or "unnamed"
