"""Layers of one network that give the same features: a container and its last layer, the pool and the head's input."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np

from analysis.passes.features import feature_path
from analysis.pipelines.geometry_taps import PENULTIMATE
from analysis.pipelines.predict import PASSES


def same_as(workspace: Path, pass_id: str, taps: Sequence[str]) -> dict[str, str]:
    """Tap -> the one that stands for it, where there is one: the head's input if that is like it, else the first.

    What is not kept any more is like no other.
    """
    stands: dict[str, np.ndarray] = {}
    found: dict[str, str] = {}
    for tap in sorted(taps, key=lambda tap: tap != PENULTIMATE):
        try:
            values = np.load(feature_path(workspace / PASSES / pass_id, tap), mmap_mode="r", allow_pickle=False)
        except (OSError, ValueError):
            continue
        first = next((name for name, other in stands.items() if _equal(values, other)), None)
        if first is None:
            stands[tap] = values
        else:
            found[tap] = first
    return found


def _equal(one: np.ndarray, two: np.ndarray) -> bool:
    """The first rows mostly tell; the others are read where they do not."""
    return one.shape == two.shape and np.array_equal(one[:8], two[:8]) and np.array_equal(one, two)
