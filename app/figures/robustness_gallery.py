"""One image under many corruptions: which rows and tiles a sheet has, and what each tile says."""

from __future__ import annotations

import math
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from analysis.robustness.registry import SEVERITIES, Corruption
from app.robustness_words import GROUPS

ORDER = ("noise", "blur", "weather", "digital", "resolution", "geometry", "colour", "frequency", "object")
TITLES = {
    "noise": "Noise", "blur": "Blur", "weather": "Weather", "digital": "Digital", "resolution": "Resolution",
    "geometry": "Geometry", "colour": "Colour", "frequency": "Frequency", "object": "Object and background",
}  # fmt: skip
TABLES = {
    "cifar": "CIFAR-C, for about 32 pixels",
    "tiny": "Tiny-ImageNet-C, for about 64 pixels",
    "imagenet": "ImageNet-C, for about 224 pixels",
    "any": "one table for all sizes",
}
_LEVEL = re.compile(r"\blevel: (.*?) ->")


def laid_out(methods: Iterable[Corruption], *, masked: bool) -> list[Corruption]:
    """Those that alter one image by itself, group by group; edits only where there is a mask."""
    kinds = ("corruption", "edit") if masked else ("corruption",)
    found = [m for m in methods if m.kind in kinds and m.group in ORDER]
    listed = [name for names in GROUPS.values() for name in names]
    place = {name: i for i, name in enumerate(listed)}
    return sorted(found, key=lambda m: (ORDER.index(m.group), place.get(m.name, len(place)), m.label))


def sheet(
    methods: Sequence[Corruption], made: Sequence[str], size: tuple[int, int], known: Mapping[str, bool]
) -> list[dict[str, Any]]:
    """Groups of rows as JSON. made: the names whose five pictures lie one after the other in the sprite, from place 1.

    known: condition -> whether the sweep has it; others cannot be chosen.
    """
    groups: dict[str, list[dict[str, Any]]] = {}
    for method in methods:
        if method.name in made:
            groups.setdefault(TITLES[method.group], []).append(_row(method, made.index(method.name), size, known))
    return [{"name": name, "rows": rows} for name, rows in groups.items()]


def _row(method: Corruption, place: int, size: tuple[int, int], known: Mapping[str, bool]) -> dict[str, Any]:
    table = method.table(*size)
    return {
        "label": method.label,
        "reads": method.note.reads,
        "mark": _mark(method, known),
        "table": TABLES[table],
        "tiles": [
            {
                "condition": f"{method.name}/{severity}",
                "severity": severity,
                "place": 1 + len(SEVERITIES) * place + severity - 1,
                "level": level_words(method, table, severity),
                "known": known.get(f"{method.name}/{severity}", False),
            }
            for severity in SEVERITIES
        ],
    }


def _mark(method: Corruption, known: Mapping[str, bool]) -> str:
    if not any(known.get(f"{method.name}/{severity}") for severity in SEVERITIES):
        return "not in this sweep"
    return "extra" if method.extra else ""


def level_words(method: Corruption, table: str, severity: int) -> str:
    """`0.12 (standard deviation)`: the level, and what it is where the function's own words say it."""
    level = method.levels[table][severity - 1]  # pyright: ignore[reportArgumentType]  # a table of this method
    numbers = ", ".join(map(_short, level if isinstance(level, tuple | list) else (level,)))
    found = _LEVEL.search(" ".join((method.function.__doc__ or "").split()))
    return f"{numbers} ({found.group(1)})" if found else numbers


def _short(value: Any) -> str:
    if isinstance(value, float) and math.isfinite(value):
        return f"{value:.4g}"
    return str(value)
