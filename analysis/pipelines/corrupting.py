"""One picture altered: for the gallery of corruptions, and for `cutaway corrupt`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from PIL import Image

from analysis.errors import BadParameter
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from analysis.robustness.registry import SEVERITIES, Corruption
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.robustness.registry import Kind

SIDE = 224
"""Of the shorter side, in pixels: what the largest of the published tables are for."""

_PLACE = np.zeros(1, np.int64)  # a picture by itself is the first of its dataset


@dataclass(frozen=True, slots=True, eq=False)
class Gallery:
    """One picture under several corruptions and severities."""

    clean: np.ndarray  # (H, W, 3) uint8
    names: tuple[str, ...]  # K, of those that could be made
    severities: tuple[int, ...]  # S
    images: np.ndarray  # (K, S, H, W, 3) uint8
    refused: Mapping[str, str]  # name -> why not


def gallery(
    picture: Image.Image,
    names: Sequence[str] | None = None,
    severities: Sequence[int] = SEVERITIES,
    seed: int = 0,
    *,
    mask: np.ndarray | None = None,
    side: int | None = SIDE,
) -> Gallery:
    """The picture under all of them, its shorter side cut down to `side`.

    names: those that need no network, and no mask unless one is given, in the order of the registry, where None.
    mask (rows, columns) bool: where the object is, of the picture's size. UnknownName for a name that is not there.
    """
    chosen = [CORRUPTIONS[name] for name in (usable(masked=mask is not None) if names is None else names)]
    pixels, shown = _fitted(picture, mask, side)
    made, images, refused = [], [], {}
    for method in chosen:
        try:
            row = [_altered(pixels, shown, method.name, severity, seed, None) for severity in severities]
        except CutawayError as error:
            refused[method.name] = str(error)
            continue
        made.append(method.name)
        images.append(row)
    shape = (len(made), len(severities), *pixels.shape)
    return Gallery(pixels, tuple(made), tuple(severities), np.array(images, np.uint8).reshape(shape), refused)


def altered(
    picture: Image.Image,
    name: str,
    severity: int,
    *,
    seed: int = 0,
    params: Mapping[str, Any] | None = None,
    mask: np.ndarray | None = None,
    side: int | None = SIDE,
) -> np.ndarray:
    """The picture under one corruption or edit, (H, W, 3) uint8. Raises as `applying.corrupted` does."""
    pixels, shown = _fitted(picture, mask, side)
    return _altered(pixels, shown, name, severity, seed, params)


def usable(*, masked: bool) -> list[str]:
    """The names of what can be done to a picture by itself."""
    kinds: tuple[Kind, ...] = ("corruption", "edit") if masked else ("corruption",)
    return [method.name for method in CORRUPTIONS if method.kind in kinds]


def level_of(method: Corruption, severity: int, rows: int, columns: int) -> tuple[str, Any]:
    """Which table serves a picture of this size, and its entry."""
    table = method.table(rows, columns)
    return table, method.levels[table][severity - 1]


def _altered(
    pixels: np.ndarray, mask: np.ndarray | None, name: str, severity: int, seed: int, params: Mapping[str, Any] | None
) -> np.ndarray:
    masks = None if mask is None else mask[None]
    return corrupted(pixels[None], _PLACE, name, severity, seed=seed, params=params, masks=masks)[0]


def _fitted(picture: Image.Image, mask: np.ndarray | None, side: int | None) -> tuple[np.ndarray, np.ndarray | None]:
    """Pixels (H, W, 3) uint8 and mask (H, W), the shorter side at most `side` pixels, never enlarged."""
    if mask is not None and mask.shape != (picture.height, picture.width):
        raise BadParameter(
            f"The mask is {mask.shape[1]} x {mask.shape[0]} pixels, but the picture "
            f"{picture.width} x {picture.height}. Give a mask of the picture's size."
        )
    picture = picture.convert("RGB")
    short = min(picture.size)
    if side is not None and short > side:
        size = (max(1, round(picture.width * side / short)), max(1, round(picture.height * side / short)))
        picture = picture.resize(size, Image.Resampling.BICUBIC)
        if mask is not None:
            mask = np.asarray(Image.fromarray(mask.astype(np.uint8) * 255).resize(size, Image.Resampling.BOX)) > 127
    return np.asarray(picture), mask
