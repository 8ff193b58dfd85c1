"""From a picture to a network's input, and which part of the picture the network sees."""

import math
from dataclasses import asdict, dataclass, fields
from typing import Any, Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor, nn

from models.errors import BadPreprocessing

Interpolation = Literal["nearest", "bilinear", "bicubic", "lanczos"]
_RESAMPLING = {
    "nearest": Image.Resampling.NEAREST,
    "bilinear": Image.Resampling.BILINEAR,
    "bicubic": Image.Resampling.BICUBIC,
    "lanczos": Image.Resampling.LANCZOS,
}
_TOO_LARGE = 50_000_000  # pixels between resizing and cropping


@dataclass(frozen=True, slots=True)
class Preprocessing:
    """Resize the shorter side to `resize`, take the centre `size`, scale to 0-1, normalise.

    `squeeze` resizes both sides to `resize`, whatever the proportions; `resize=None` squeezes the
    whole picture into `size`. A crop larger than the resized picture is padded with black.
    """

    size: tuple[int, int]  # rows, columns of the network's input
    resize: int | None
    interpolation: Interpolation = "bilinear"
    mean: tuple[float, ...] = (0.485, 0.456, 0.406)
    std: tuple[float, ...] = (0.229, 0.224, 0.225)
    squeeze: bool = False

    def __post_init__(self) -> None:
        if self.interpolation not in _RESAMPLING:
            listed = ", ".join(_RESAMPLING)
            raise BadPreprocessing(f"There is no interpolation '{self.interpolation}'; it is one of {listed}.")
        if len(self.size) != 2 or min(self.size) < 1 or (self.resize is not None and self.resize < 1):
            raise BadPreprocessing(f"The input is (rows, columns) in whole pixels above 0; got {self.size}.")
        if len(self.mean) != len(self.std) or len(self.mean) not in (1, 3) or min(self.std) <= 0:
            raise BadPreprocessing(
                "Mean and standard deviation take one number a channel (1 or 3), deviations above 0; "
                f"got {self.mean} and {self.std}."
            )

    @property
    def channels(self) -> int:
        return len(self.mean)

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """Width and height after resizing, before the crop (as torchvision's Resize rounds)."""
        if self.resize is None:
            return self.size[1], self.size[0]
        short = self.resize
        if self.squeeze:
            return short, short
        if width <= height:
            return short, int(short * height / width)
        return int(short * width / height), short

    def view(self, width: int, height: int) -> tuple[float, float, float, float]:
        """The part of a picture that reaches the network: left, top, right, bottom in its pixels.

        Larger than the picture where the crop is padded.
        """
        new_width, new_height = self.resized(width, height)
        rows, columns = self.size
        left, top = _centred(new_width, columns), _centred(new_height, rows)
        across, down = width / new_width, height / new_height
        return left * across, top * down, (left + columns) * across, (top + rows) * down

    def cropped(self, image: Image.Image) -> Image.Image:
        """The picture as the network sees it, before normalising: `size`, mode RGB or L."""
        mode = "L" if self.channels == 1 else "RGB"
        image = image if image.mode == mode else image.convert(mode)  # which would copy
        width, height = self.resized(*image.size)
        box = None
        if width * height > _TOO_LARGE:  # a very long picture: resize only the part that the crop will keep
            left, top, right, bottom = self.view(*image.size)
            width, height = min(width, self.size[1]), min(height, self.size[0])
            box = (max(left, 0), max(top, 0), min(right, image.width), min(bottom, image.height))
        resized = image.resize((width, height), _RESAMPLING[self.interpolation], box=box)
        rows, columns = self.size
        left, top = _centred(resized.width, columns), _centred(resized.height, rows)
        return resized.crop((left, top, left + columns, top + rows))

    def tensor(self, images: list[Image.Image]) -> Tensor:
        """N pictures -> (N, C, H, W) float32, normalised."""
        rows, columns = self.size
        pixels = np.stack([np.asarray(self.cropped(i)) for i in images]).reshape(len(images), rows, columns, -1)
        scaled = torch.from_numpy(pixels).permute(0, 3, 1, 2).float() / 255
        return (scaled - _column(self.mean)) / _column(self.std)

    def to_json(self) -> dict[str, Any]:
        return asdict(self)

    @classmethod
    def from_json(cls, values: dict[str, Any]) -> "Preprocessing":
        names = {f.name for f in fields(cls)}
        if unknown := sorted(set(values) - names):
            raise BadPreprocessing(f"Preprocessing has no setting '{unknown[0]}'; it has: {', '.join(sorted(names))}.")
        if "size" not in values or "resize" not in values:
            raise BadPreprocessing(
                "Preprocessing needs at least 'size' [rows, columns] and 'resize' (a number or null)."
            )
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items()}
        return cls(**given)

    @classmethod
    def from_timm(cls, model: nn.Module) -> "Preprocessing":
        """As timm evaluates this model: input size, crop percentage and mode from its own config."""
        from timm.data.config import resolve_model_data_config

        config = resolve_model_data_config(model)
        rows, columns = config["input_size"][-2:]
        percentage, mode = config["crop_pct"] or 0.875, config["crop_mode"]
        # the few models that pad to a square ("border") are squeezed instead
        squeeze = mode in ("squash", "border")
        whole = squeeze and percentage == 1.0
        return cls(
            size=(rows, columns),
            resize=None if whole else math.floor(min(rows, columns) / percentage),
            interpolation=config["interpolation"] if config["interpolation"] in _RESAMPLING else "bilinear",
            mean=tuple(config["mean"]),
            std=tuple(config["std"]),
            squeeze=squeeze and not whole,
        )

    @classmethod
    def from_torchvision(cls, weights: Any) -> "Preprocessing":
        """As torchvision evaluates these weights (a member of a `..._Weights` enumeration)."""
        preset = weights.transforms()
        (resize,), (crop,) = preset.resize_size, preset.crop_size
        interpolation = preset.interpolation.value
        return cls((crop, crop), resize, interpolation, tuple(preset.mean), tuple(preset.std))


CIFAR = Preprocessing(size=(32, 32), resize=32)
IMAGENET = Preprocessing(size=(224, 224), resize=256)
SHAPES = Preprocessing(size=(64, 64), resize=64, mean=(0.5, 0.5, 0.5), std=(0.25, 0.25, 0.25))
DIGITS = Preprocessing(size=(8, 8), resize=8, mean=(0.3,), std=(0.37,))
MNIST = Preprocessing(size=(28, 28), resize=28, mean=(0.0,), std=(1.0,))


def _centred(have: int, want: int) -> int:
    """Where a centred crop starts; below zero where torchvision pads (the odd pixel goes to the end)."""
    return round((have - want) / 2) if have >= want else -((want - have) // 2)


def _column(values: tuple[float, ...]) -> Tensor:
    return torch.tensor(values).view(-1, 1, 1)
