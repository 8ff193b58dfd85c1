"""Images in memory and small networks, for the tests of the pass."""

from collections.abc import Sequence

import numpy as np
import torch
from PIL import Image
from torch import nn

from models.catalogue import wrap
from models.classifier import Classifier
from models.preprocessing import Preprocessing

SMALL = Preprocessing(size=(16, 16), resize=16, mean=(0.4, 0.5, 0.6), std=(0.2, 0.25, 0.3))


class Arrays:
    """Images of one size, as they are stored."""

    def __init__(self, pixels: np.ndarray, labels: np.ndarray | None = None) -> None:
        self.stored = pixels if pixels.ndim == 4 else pixels[..., None]
        self.labels = np.full(len(pixels), -1) if labels is None else labels.astype(np.int64)

    def __len__(self) -> int:
        return len(self.stored)

    def pixels(self, samples: Sequence[int]) -> np.ndarray | None:
        return self.stored[np.asarray(samples)]

    def images(self, samples: Sequence[int]) -> list[Image.Image]:
        return [Image.fromarray(p[..., 0] if p.shape[-1] == 1 else p) for p in self.stored[np.asarray(samples)]]


class Pictures:
    """Images of any size, which are decoded one by one; it counts what it decoded."""

    def __init__(self, pictures: Sequence[Image.Image], labels: np.ndarray | None = None) -> None:
        self.pictures = list(pictures)
        self.labels = np.full(len(self.pictures), -1) if labels is None else labels.astype(np.int64)
        self.decoded: list[int] = []

    def __len__(self) -> int:
        return len(self.pictures)

    def pixels(self, samples: Sequence[int]) -> np.ndarray | None:
        return None

    def images(self, samples: Sequence[int]) -> list[Image.Image]:
        self.decoded += samples
        return [self.pictures[s] for s in samples]


def noise(count: int, size: int = 16, channels: int = 3, seed: int = 0, classes: int = 5) -> Arrays:
    """Each image of a colour, with stripes and noise, so that a network says different things of them."""
    generator = np.random.default_rng(seed)
    colour = generator.integers(0, 200, (count, 1, 1, channels))
    stripes = generator.integers(0, 40, (count, size, 1, 1))
    pixels = colour + stripes + generator.integers(0, 16, (count, size, size, channels))
    return Arrays(pixels.astype(np.uint8), generator.integers(0, classes, count))


class Net(nn.Module):
    """Convolution, batch norm, mean over space, a vector, a linear head; `head` may be anything."""

    def __init__(self, channels: int = 3, classes: int = 5, head: nn.Module | None = None) -> None:
        super().__init__()
        self.conv = nn.Conv2d(channels, 8, 3, stride=2, padding=1)
        self.norm = nn.BatchNorm2d(8)
        self.relu = nn.ReLU(inplace=True)
        self.hidden = nn.Linear(8, 6)
        self.fc = head or nn.Linear(6, classes)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        maps = self.relu(self.norm(self.conv(images)))
        return self.fc(torch.tanh(self.hidden(maps.mean((2, 3)))))


def classifier(module: nn.Module | None = None, preprocessing: Preprocessing = SMALL, seed: int = 0) -> Classifier:
    """Random weights, the same for one seed; the logits are spread wide enough to have no near ties."""
    module = module or Net(preprocessing.channels)
    torch.manual_seed(seed)
    for each in module.parameters():
        nn.init.normal_(each, std=0.7)
    return wrap(module.eval().requires_grad_(False), preprocessing=preprocessing)
