"""From explanations to the document that the map grid draws. Numbers stay as computed: raw float32."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import PurePath
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.types import AttributionMap, Explanation, Picture, Request
from app.exports import map_names, safe, unique
from app.figures.colours import PALETTES, RAMPS
from app.figures.pictures import exact, shown

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.attribution.registry import AttributionMethod
    from models.classifier import Classifier

Methods = Mapping[str, "AttributionMethod"]


@dataclass(frozen=True, slots=True, eq=False)
class Row:
    """One picture before one classifier: what is known so far, what is still computed, what went wrong."""

    picture: Picture
    classifier: Classifier
    explanation: Explanation | None
    request: Request
    waits: tuple[str, ...] = ()  # labels of methods that are still computed
    error: str = ""


def document(rows: Sequence[Row], methods: Methods, send: Callable[[Picture], str] | None = None) -> dict[str, Any]:
    """Everything that the grid shows, as JSON. Every picture is in it once, as what `send` makes of it."""
    send = send or (lambda picture: shown(picture.pixels))
    classifiers = {row.classifier.name for row in rows}
    stems = [PurePath(r.picture.name).stem + (f".{r.classifier.name}" if len(classifiers) > 1 else "") for r in rows]
    found = {
        "palettes": PALETTES,
        "ramps": RAMPS,
        "pictures": {row.picture.digest: _picture(row.picture, send) for row in rows},
        "rows": [_row(row, methods, stem) for row, stem in zip(rows, unique_stems(stems), strict=True)],
    }
    return found | {"stamp": hashlib.sha256(json.dumps(found).encode()).hexdigest()}


def _picture(picture: Picture, send: Callable[[Picture], str]) -> dict[str, Any]:
    width, height = picture.pixels.size
    remarks = list(picture.remarks)
    return {"name": picture.name, "src": send(picture), "width": width, "height": height, "remarks": remarks}


def _row(row: Row, methods: Methods, stem: str) -> dict[str, Any]:
    width, height = row.picture.pixels.size
    preprocessing, found = row.classifier.preprocessing, row.explanation
    left, top, right, bottom = preprocessing.view(width, height)
    small = max(preprocessing.size) <= 96
    refused = found.refused if found else {}
    return {
        "picture": row.picture.digest,
        "classifier": row.classifier.name,
        "fingerprint": row.classifier.fingerprint,
        "view": [left / width, top / height, right / width, bottom / height],
        "input": list(preprocessing.size),
        "seen": exact(preprocessing.cropped(row.picture.pixels)) if small else None,
        "top": _top(found) if found else [],
        "groups": _groups(row, methods, stem),
        "refused": [[methods[name].label if name in methods else name, why] for name, why in refused.items()],
        "error": row.error,
    }


def _top(found: Explanation) -> list[dict[str, Any]]:
    asked = {name for m in found.maps for name in m.target.split(" rather than ")}
    return [
        {"index": p.index, "name": p.name, "probability": p.probability, "logit": p.logit, "chosen": p.name in asked}
        for p in found.top
    ]


def _groups(row: Row, methods: Methods, stem: str) -> list[dict[str, Any]]:
    """The maps by target, those that know no class in a group of their own where there are several."""
    maps = _once(row.explanation, methods) if row.explanation else []
    files = map_names(stem, maps, row.request)
    drawn = [_map(m, row, methods) | {"file": file} for m, file in zip(maps, files, strict=True)]
    targets = list(dict.fromkeys(m["target"] for m in drawn if not m["agnostic"]))
    if len(targets) <= 1:
        return [{"title": f"Evidence for {targets[0]}" if targets else "", "maps": drawn, "waits": list(row.waits)}]
    groups: list[dict[str, Any]] = []
    for target in targets:
        own = [m for m in drawn if m["target"] == target and not m["agnostic"]]
        groups.append({"title": f"Evidence for {target}", "maps": own, "waits": list(row.waits)})
    if rest := [m for m in drawn if m["agnostic"]]:
        groups.append({"title": "Whatever the class", "maps": rest, "waits": []})
    return groups


def _once(found: Explanation, methods: Methods) -> list[AttributionMap]:
    """The maps without repetitions: one of those that are identical, class-agnostic ones for one target."""
    seen: set[tuple] = set()
    kept = []
    for m in found.maps:
        same = next((group for group in found.identical if m.method in group), (m.method,))
        target = None if methods[m.method].class_agnostic else m.target
        key = (same, m.taps, target, None if len(same) > 1 else json.dumps(dict(m.params), sort_keys=True))
        if key not in seen:
            seen.add(key)
            kept.append(m)
    return kept


def _map(m: AttributionMap, row: Row, methods: Methods) -> dict[str, Any]:
    method = methods[m.method]
    groups = row.explanation.identical if row.explanation else ()
    same = next((group for group in groups if m.method in group), ())
    apart = len(row.request.taps) > 1 and m.taps
    label = f"{method.label} · {', '.join(m.taps)}" if apart else method.label
    note = {n: getattr(method.note, n) for n in ("reads", "fails", "paper", "differs")}
    return {
        "id": hashlib.sha256(f"{m.image}{m.classifier}{m.method}{m.taps}{m.target}".encode()).hexdigest()[:12],
        "method": m.method,
        "label": label,
        "identical": [methods[name].label for name in same if name in methods],
        "agnostic": method.class_agnostic,
        "signed": method.signed,
        "target": "whatever the class" if method.class_agnostic else m.target,
        "raw": base64.b64encode(np.ascontiguousarray(m.raw, "<f4").tobytes()).decode(),
        "shape": list(m.raw.shape),
        "note": note,
        "params": dict(m.params),
        "taps": list(m.taps),
        "remarks": list(m.remarks),
        "seconds": m.seconds,
        "device": m.device,
        "stored": f"{m.computed_at.astimezone():%Y-%m-%d %H:%M}" if m.from_store else "",
    }


def unique_stems(names: Sequence[str]) -> list[str]:
    """As parts of file names, numbered where two pictures are called the same."""
    taken: set[str] = set()
    return [unique(safe(name), taken) for name in names]
