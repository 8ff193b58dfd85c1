"""What a sweep does to the images: the conditions that were asked for, checked and spelled out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BadParameter
from analysis.pipelines.sweep_plan import DATASETS
from analysis.sweeps import CLEAN, SweepCondition

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset

ALL = "all"
BENCHMARK = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    *("speckle_noise", "gaussian_blur", "spatter", "saturate"),
)
"""The fifteen corruptions of Hendrycks and Dietterich in their order, and the four that they add: what "all" means."""


def conditions(
    corruptions: Sequence[str | Mapping[str, Any]], severities: Sequence[int], dataset: OpenDataset
) -> list[dict[str, Any]]:
    from analysis.robustness import CORRUPTIONS  # imports torch
    from analysis.robustness.registry import SEVERITIES

    levels = list(dict.fromkeys(severities))
    for severity in levels:
        if isinstance(severity, bool) or severity not in SEVERITIES:
            raise BadParameter(f"A severity is a whole number from 1 to 5; got {severity!r}.")
    found = [_clean()]
    for name, params in _expanded(corruptions):
        method = CORRUPTIONS[name]
        bound = method.bound(params)
        if method.kind == "edit" and dataset.record.masks < dataset.record.size:
            raise BadParameter(
                f"{method.label} needs a mask of the object for every image, and the dataset '{dataset.record.name}' "
                f"has {dataset.record.masks:,} for {dataset.record.size:,} images. Leave it out, or import masks."
            )
        if any(c["name"] == name for c in found):
            raise BadParameter(f"The corruption '{name}' is asked for twice. A sweep takes it once, with one setting.")
        changed = {p.name: bound[p.name] for p in method.parameters if bound[p.name] != p.default}
        chance = method.random or method.kind == "attack"
        found += [
            {
                "name": name,
                "severity": severity,
                "params": bound,
                "changed": changed,
                "version": method.version,
                "chance": chance,
                "kind": method.kind,
            }
            for severity in sorted(levels)
        ]
    return found


def _clean() -> dict[str, Any]:
    nothing: dict[str, Any] = {}
    return {
        "name": CLEAN,
        "severity": 0,
        "params": nothing,
        "changed": nothing,
        "version": 1,
        "chance": False,
        "kind": "",
    }


def _expanded(corruptions: Sequence[str | Mapping[str, Any]]) -> list[tuple[str, Mapping[str, Any]]]:
    found: list[tuple[str, Mapping[str, Any]]] = []
    for each in corruptions:
        if isinstance(each, str):
            found += [(name, {}) for name in (BENCHMARK if each == ALL else (each,)) if name != CLEAN]
        else:
            found.append((str(each["name"]), each.get("params") or {}))
    settings: dict[str, Mapping[str, Any]] = {}
    for name, params in found:  # "all" and one of these with a setting of its own: the setting wins
        settings[name] = params or settings.get(name, {})
    return [*settings.items()]


def stored_conditions(
    workspace: Path,
    stored: str,
    dataset: OpenDataset,
    corruptions: Sequence[str | Mapping[str, Any]],
    severities: Sequence[int],
) -> list[dict[str, Any]]:
    from analysis.datasets.opened import OpenDataset
    from analysis.pipelines.sweep_stored import Stored

    rows = Stored(OpenDataset.open(workspace / DATASETS / stored), dataset)
    wanted = [name for each in corruptions for name in ((each,) if isinstance(each, str) else (str(each["name"]),))]
    names = [*rows.corruptions] if ALL in wanted else wanted
    found = [_clean()]
    for name in names:
        levels = [s for s in rows.severities(name) if s in severities]
        found += [_clean() | {"name": name, "severity": severity, "kind": "stored"} for severity in levels]
    if len(found) == 1:
        raise BadParameter(f"The dataset '{rows.name}' holds no images of the corruptions and severities asked for.")
    return found


def check_condition(text: str) -> None:
    from analysis.robustness import CORRUPTIONS

    parsed = condition_of(text)
    if parsed.severity and CORRUPTIONS[parsed.corruption].kind != "corruption":
        raise BadParameter(f"A spectrum is taken of corrupted images; '{text}' needs masks or a network.")


def condition_of(text: str) -> SweepCondition:
    """From "clean" or "fog/3"; BadParameter for others."""
    name, _, severity = text.partition("/")
    if text == CLEAN:
        return SweepCondition()
    if severity not in ("1", "2", "3", "4", "5"):
        raise BadParameter(f"A condition is 'clean' or like 'fog/3'; got '{text}'.")
    return SweepCondition(name, int(severity))
