"""Which models there are for some images, in one order everywhere, and which a newcomer sees."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from analysis.pipelines.geometry_classes import foreign
from analysis.records import DatasetRecord, PassRecord
from app import resources, settings
from app.families import MIDDLE
from app.geometry_words import PENULTIMATE
from app.widgets.embeddings.usual import made_from

FIRST = 3
"""Models that a newcomer sees at most."""


def passes(dataset: DatasetRecord) -> list[PassRecord]:
    """Those over these images that keep features."""
    return [p for p in resources.store().passes(dataset.dataset_id) if p.taps]


def ordered(names: Collection[str]) -> list[str]:
    """Each founder with what was made from it behind it, by name."""
    founders = [name for name in names if not made_from(name, names)]
    of = {name: next((f for f in founders if made_from(name, [f])), name) for name in names}
    return sorted(names, key=lambda name: (of[name], name != of[name], name))


def usual(there: Sequence[PassRecord]) -> tuple[str, ...]:
    """Of these passes, the latest first: the founder of the latest and two telling variants, else other founders.

    Those that name classes of the dataset come before those that name others, then those that were measured, then
    those with the head's input.
    """
    names = list(dict.fromkeys(p.model_name for p in there))
    strange = {p.model_name: foreign(p) for p in reversed(there)}
    if len(names) <= FIRST:
        return tuple(sorted(ordered(names), key=strange.__getitem__))
    readiness = _readiness(there)
    ready = sorted(names, key=lambda name: (strange[name], readiness[name]))
    founders = [name for name in ready if not made_from(name, names)]
    latest = next(f for f in founders if f == ready[0] or made_from(ready[0], [f]))
    telling = _telling([name for name in ready if made_from(name, [latest])], readiness)
    chosen = dict.fromkeys([latest, *telling, *founders, *ready])
    return tuple(sorted(ordered(list(chosen)[:FIRST]), key=strange.__getitem__))


def _readiness(there: Sequence[PassRecord]) -> dict[str, int]:
    """0 where it was measured, 1 where the head's input is kept, else 2."""
    measured = resources.store().geometry.taps([p.pass_id for p in there])
    found: dict[str, int] = {}
    for p in there:
        own = 0 if measured.get(p.pass_id) else 1 if PENULTIMATE in p.taps else 2
        found[p.model_name] = min(own, found.get(p.model_name, own))
    return found


def _telling(variants: Sequence[str], readiness: dict[str, int]) -> list[str]:
    """What pruning usually does, and what too much of it does: a middle sparsity, and the largest."""
    if len(variants) < 2:
        return list(variants)
    middle = min(variants, key=lambda name: (readiness[name], abs(_share(name) - MIDDLE), name))
    rest = [name for name in variants if name != middle]
    return [middle, min(rest, key=lambda name: (readiness[name], -_share(name), name))]


def _share(name: str) -> float:
    """The sparsity that a name tells: `shapes-cnn-lrr-80` -> 0.8; 0 where it tells none."""
    last = name.rpartition("-")[2]
    return int(last) / 100 if last.isdecimal() and len(last) < 3 else 0.0


def exists(name: str) -> bool:
    """Whether there is such a model here, or was when it was run. Cards would tell, but reading them imports torch."""
    folders = (settings.ROOT / "assets" / "models", resources.settings().imported_models)
    if name in {path.stem for folder in folders for path in folder.glob("*.safetensors")}:
        return True
    return any(p.model_name == name for p in resources.store().passes())
