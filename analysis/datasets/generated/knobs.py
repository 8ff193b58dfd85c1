"""What the generated datasets share: seeds, classes drawn, wrong labels, cues that show a class."""

from typing import Literal

import numpy as np

Split = Literal["train", "test"]
_SPLITS = {"train": 0, "test": 1}


def stream(seed: int, split: str, block: int, purpose: int) -> np.random.Generator:
    """Random numbers of one block for one purpose: what a knob draws does not move what the others draw."""
    return np.random.default_rng([seed, _SPLITS[split], block, purpose])


def frequencies(classes: int, imbalance: float) -> np.ndarray:
    """(L,) summing to 1, falling by one factor from class to class; the last is `imbalance` times the first."""
    shares = imbalance ** (np.arange(classes) / (classes - 1))
    return shares / shares.sum()


def drawn(rng: np.random.Generator, count: int, shares: np.ndarray) -> np.ndarray:
    """Classes (N,) int64 in random order, each as often as its share says, to within one image."""
    steps = (rng.permutation(count) + rng.random()) / count
    return np.minimum(np.searchsorted(np.cumsum(shares), steps, side="right"), len(shares) - 1)


def others(rng: np.random.Generator, labels: np.ndarray, classes: int, replaced: np.ndarray) -> np.ndarray:
    """The labels, with those where `replaced` (N,) bool holds moved to any other class, all alike."""
    moved = (labels + rng.integers(1, classes, len(labels))) % classes
    return np.where(replaced, moved, labels)
