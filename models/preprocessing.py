"""From a picture to a network's input, and which part of the picture the network sees."""

from dataclasses import asdict, dataclass, replace
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize the shorter side to `resize`, take the centre `size`, scale to 0-1, normalise.

    `resize=None` squeezes the whole picture into `size` without keeping its proportions.
    """

    size: tuple[int, int]  # rows, columns of the network's input
    resize: int | None
    interpolation: Interpolation = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)

    @property
    def channels(self) -> int:
        return len(self.mean)

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after resizing, before the crop (as torchvision's Resize rounds)."""
        if self.resize is None:
            return self.size[1], self.size[0]
        short = max(self.resize, 1)
        if width <= height:
            return short, max(int(short * height / width), 1)
        return max(int(short * width / height), 1), short

    def view(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a picture that reaches the network: left, top, right, bottom in its pixels.

        Larger than the picture where the crop is padded.
        """
        new_width, new_height = self.resized(width, height)
        rows, columns = self.size
        left, top = round((new_width - columns) / 2), round((new_height - rows) / 2)
        across, down = width / new_width, height / new_height
        return left * across, top * down, (left + columns) * across, (top + rows) * down

    def cropped(self, image: Image.Image) -> Image.Image:
        """The picture as the network sees it, before normalising: `size`, mode RGB or L."""
        image = image.convert("L" if self.channels == 1 else "RGB")
        resized = image.resize(self.resized(*image.size), _RESAMPLING[self.interpolation])
        rows, columns = self.size
        left, top = round((resized.width - columns) / 2), round((resized.height - rows) / 2)
        return resized.crop((left, top, left + columns, top + rows))

    def tensor(self, images: list[Image.Image]) -> Tensor:
        """N pictures -> (N, C, H, W) float32, normalised."""
        rows, columns = self.size
        pixels = np.stack([np.asarray(self.cropped(i)) for i in images]).reshape(len(images), rows, columns, -1)
        scaled = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        return (scaled - self._column(self.mean)) / self._column(self.std)

    def _column(self, values: tuple[float, ...]) -> Tensor:
        return torch.tensor(values).view(-1, 1, 1)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocessing":
        listed = {k: tuple(v) for k, v in values.items() if isinstance(v, list | tuple)}
        return replace(cls(**values), **listed)
