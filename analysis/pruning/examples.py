"""The images that pruning reads: in memory, as the network takes them."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from models.preprocessing import Preprocessing
from models.recipes.training import inputs


def draw(total: int, count: int, seed: int) -> np.ndarray:
    """Places of `count` among `total`, without replacement; the first of a larger draw with the same seed."""
    return np.random.default_rng(seed).permutation(total)[:count]


@dataclass(frozen=True, slots=True, eq=False)
class Examples:
    """Labelled images of a classifier's input size."""

    images: np.ndarray  # (N, H, W, C) uint8
    labels: np.ndarray  # (N,) int64, the classifier's own classes
    drawn: bool = False  # they are the first of the order that the seed fixes, not all there are

    def __len__(self) -> int:
        return len(self.images)

    def some(self, count: int, seed: int) -> "Examples":
        """So many of them (all, where there are fewer), drawn without replacement, in an order that the seed fixes."""
        chosen = slice(count) if self.drawn else draw(len(self), count, seed)
        return Examples(self.images[chosen], self.labels[chosen])

    def batches(
        self, size: int, preprocessing: Preprocessing, device: str | torch.device = "cpu"
    ) -> Iterator[tuple[Tensor, Tensor]]:
        """In their order: inputs (n, C, H, W) float32, normalised as the classifier does, and labels (n,) int64."""
        for start in range(0, len(self), size):
            part = slice(start, start + size)
            batch = inputs(self.images[part], preprocessing).to(device)
            yield batch, torch.from_numpy(self.labels[part].astype(np.int64)).to(device)
