"""The images of a sweep under its conditions, prepared once for all members.

Images that are stored in one size, not larger than a network's crop, are corrupted as they are stored; others after
the crop, so that a severity means the same for photographs of any size.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from analysis.passes.stream import prepared
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.pipelines.sweep_stored import Stored

Images = dict[Preprocessing, Tensor]
"""(n, H, W, C) uint8 on the device, for every way of cropping."""

_KEPT_BYTES = 256_000_000
"""Of clean crops that took decoding: what is kept for the next conditions."""


def corrupted_as_stored(shape: tuple[int, int, int] | None, crop: Preprocessing) -> bool:
    """Whether images of this shape (None: of many, or not kept decoded) are corrupted before they are resized."""
    return shape is not None and shape[0] <= crop.size[0] and shape[1] <= crop.size[1]


def working_size(shape: tuple[int, int, int] | None, crop: Preprocessing) -> tuple[int, int]:
    """Rows and columns of the images when they are corrupted."""
    return (shape[0], shape[1]) if shape and corrupted_as_stored(shape, crop) else crop.size


class Pictures:
    """Some samples under one condition, for every way of cropping."""

    def __init__(
        self, dataset: OpenDataset, crops: Sequence[Preprocessing], device: str, seed: int, stored: Stored | None = None
    ) -> None:
        self.dataset, self.crops, self.device, self.seed, self.stored = dataset, list(crops), device, seed, stored
        shape = dataset.image_shape
        self._early = [c for c in crops if corrupted_as_stored(shape, c)]
        self._late = [c for c in crops if not corrupted_as_stored(shape, c)]
        self._clean: dict[tuple[bytes, Preprocessing], np.ndarray] = {}
        self._kept = 0

    def under(self, asked: Mapping[str, Any], samples: np.ndarray) -> Images:
        """samples (n,) places in the dataset -> (n, H, W, C) uint8 on the device, a tensor a crop.

        Attacks are made of a network's own crop, so for these the images are clean. Raises what decoding raises, and
        NotApplicable for an edit where a mask is missing.
        """
        if self.stored is not None and asked["severity"]:
            rows = self.stored.rows(asked["name"], asked["severity"], samples)
            found = prepared(self.stored.dataset, rows.tolist(), self.crops)
            return {c: self._there(a) for c, a in zip(self.crops, found, strict=True)}
        plain = not asked["severity"] or asked["kind"] == "attack"
        early = {} if not self._early else self._before(None if plain else asked, samples)
        return early | {c: self._after(None if plain else asked, samples, c) for c in self._late}

    def _before(self, asked: Mapping[str, Any] | None, samples: np.ndarray) -> Images:
        """Corrupt as stored, then crop."""
        stored = self.dataset.pixels(samples)
        assert stored is not None
        pixels = self._there(stored)
        if asked is not None:
            masks = self._masks(samples) if asked["kind"] == "edit" else None
            pixels = self._altered(pixels, samples, asked, masks)
        return {crop: self._cropped(pixels, crop) for crop in self._early}

    def _after(self, asked: Mapping[str, Any] | None, samples: np.ndarray, crop: Preprocessing) -> Tensor:
        pixels = self._there(self._decoded(samples, crop))
        if asked is None:
            return pixels
        masks = self._masks(samples, crop) if asked["kind"] == "edit" else None
        return self._altered(pixels, samples, asked, masks)

    def _decoded(self, samples: np.ndarray, crop: Preprocessing) -> np.ndarray:
        key = (samples.tobytes(), crop)
        if (known := self._clean.get(key)) is not None:
            return known
        (found,) = prepared(self.dataset, samples.tolist(), [crop])
        if self._kept + found.nbytes <= _KEPT_BYTES:
            self._clean[key] = found
            self._kept += found.nbytes
        return found

    def _altered(
        self, pixels: Tensor, samples: np.ndarray, asked: Mapping[str, Any], masks: np.ndarray | None
    ) -> Tensor:
        name, severity = asked["name"], asked["severity"]
        return corrupted(pixels, samples, name, severity, seed=self.seed, params=asked["params"], masks=masks)

    def _cropped(self, pixels: Tensor, crop: Preprocessing) -> Tensor:
        _, rows, columns, channels = pixels.shape
        if crop.size == (rows, columns) == crop.resized(columns, rows)[::-1] and channels == crop.channels:
            return pixels
        (found,) = prepared(_InMemory(pixels.cpu().numpy()), range(len(pixels)), [crop])
        return self._there(found)

    def _masks(self, samples: np.ndarray, crop: Preprocessing | None = None) -> np.ndarray:
        """(n, H, W) bool: where the object is, as the images are when they are altered."""
        from analysis.errors import NotApplicable

        found = []
        for sample in samples.tolist():
            mask = self.dataset.mask(sample)
            if mask is None:
                raise NotApplicable(f"Sample {sample} of '{self.dataset.record.name}' has no mask of its object.")
            if crop is not None:
                shown = np.asarray(crop.cropped(Image.fromarray(mask.astype(np.uint8) * 255)))
                mask = shown.reshape(*crop.size, -1)[:, :, 0] > 127
            found.append(mask)
        return np.stack(found)

    def _there(self, pixels: np.ndarray) -> Tensor:
        return torch.from_numpy(np.require(pixels, requirements=("C", "W"))).to(self.device)


class _InMemory:
    """Images of one size that are nowhere stored. See `records.Images`."""

    def __init__(self, pixels: np.ndarray) -> None:
        self._pixels = pixels
        self.labels = np.zeros(len(pixels), np.int64)

    def __len__(self) -> int:
        return len(self._pixels)

    def pixels(self, samples: Sequence[int]) -> np.ndarray:
        return self._pixels[np.asarray(samples)]

    def images(self, samples: Sequence[int]) -> list[Image.Image]:
        return [Image.fromarray(p[:, :, 0] if p.shape[2] == 1 else p) for p in self.pixels(samples)]


def table_of(conditions: Sequence[Mapping[str, Any]], size: tuple[int, int]) -> str:
    """Which levels of severity serve images of this size: cifar, tiny or imagenet; any where all have but one."""
    names = [c["name"] for c in conditions if c["severity"] and c["name"] in CORRUPTIONS]
    tables = [table for name in names if (table := CORRUPTIONS[name].table(*size)) != "any"]
    return tables[0] if tables else "any"
