"""How variants are to be made, apart from the methods and sparsities: plain values, as an address has them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, fields, replace
from typing import Any

USUAL = "usual"


@dataclass(frozen=True, slots=True)
class Options:
    """The defaults are those of a new page."""

    prefix: str = ""  # the names of variants begin with it; empty: the base's name
    data: str = ""  # the first letters of a dataset's id; empty: one that fits; NO_IMAGES: none
    samples: int = 1000  # images that scores are taken from
    scope: str = USUAL
    granularity: str = USUAL
    rounds: int = 1
    schedule: str = "geometric"
    recalibrate: int = 0  # images for BatchNorm's statistics
    epochs: int = 0  # of fine-tuning
    train_epochs: int = 2  # of methods that train, a round
    learning_rate: float = 0.02
    batch: int = 128
    distil: bool = False
    seed: int = 0


NO_IMAGES = "none"
PATTERN = ("scope", "granularity", "rounds", "schedule", "samples", "seed")
"""The options that say which weights go."""


def read_options(pairs: Sequence[tuple[str, str]]) -> Options:
    """From an address; what it cannot mean keeps its default."""
    types = {f.name: type(f.default) for f in fields(Options)}
    found: dict[str, Any] = {}
    for name, text in pairs:
        try:
            found[name] = {"True": True, "False": False}[text] if types[name] is bool else types[name](text)
        except (KeyError, ValueError):
            continue
    return replace(Options(), **found)


def written_options(options: Options) -> tuple[tuple[str, str], ...]:
    """For an address: what differs from the default."""
    usual = asdict(Options())
    return tuple((name, str(value)) for name, value in asdict(options).items() if value != usual[name])
