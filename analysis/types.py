"""Results: what was computed, frozen. Display forms are derived in arrays.py and app/figures."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

import numpy as np
from PIL import Image

from analysis.registry import Scalar

Report = Callable[[float, str], None]
"""Called with the fraction done and a word about it; raises Cancelled when the user has stopped the work."""


def silent(fraction: float, message: str) -> None:
    """A Report that nobody reads."""


def part(report: Report, number: int, of: int) -> Report:
    """The Report of one of several equal parts of a work."""
    return lambda fraction, message: report((number + fraction) / of, message)


@dataclass(frozen=True, slots=True, eq=False)
class Picture:
    """An image that was given to us, decoded."""

    digest: str  # sha256 hex of the file's bytes
    name: str  # as the user named it; shown, never used as a path
    pixels: Image.Image  # RGB, upright
    remarks: tuple[str, ...] = ()  # what was done to it: turned by EXIF, first frame of 12, 16 bit scaled to 8


Fusion = Literal["none", "mean", "max", "product"]


@dataclass(frozen=True, slots=True)
class Ask:
    """One method with the parameters that differ from its defaults."""

    method: str
    params: tuple[tuple[str, Scalar], ...] = ()


@dataclass(frozen=True, slots=True)
class Request:
    """What a user wants explained: every method at every tap for every target."""

    methods: tuple[Ask, ...]
    taps: tuple[str, ...] = ("auto",)
    targets: tuple[str, ...] = ("predicted",)  # "predicted", an index, a class name, or "A:B" for A rather than B
    fusion: Fusion = "none"  # how the maps of several taps become one; "none" keeps them apart
    augment: bool = False  # average over mirrored and rescaled copies
    eigen_smooth: bool = False  # first principal component of the weighted channels instead of their sum


@dataclass(frozen=True, slots=True, eq=False)
class AttributionMap:
    """What one method says about one image and one target."""

    raw: np.ndarray  # (h, w) float32, signed, as computed at the tap (or at the input's resolution)
    method: str
    params: Mapping[str, Scalar]
    taps: tuple[str, ...]  # where it was read; empty for methods that read the input
    target: str  # the score explained, in words
    image: str  # digest of the image
    classifier: str  # fingerprint
    remarks: tuple[str, ...]  # what must be said of this map: no positive evidence, zero gradient, completeness error
    seconds: float  # time taken, a shared pass divided among the maps that it served
    device: str
    computed_at: datetime
    from_store: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class ClassMaps:
    """What each place of one image would be called by itself."""

    values: np.ndarray  # (L, h, w) float32, logits with the bias; the mean over space is the image's logits
    class_names: tuple[str, ...]
    tap: str
    image: str
    classifier: str


@dataclass(frozen=True, slots=True)
class Prediction:
    """One row of the top five."""

    index: int
    name: str
    probability: float
    logit: float


@dataclass(frozen=True, slots=True, eq=False)
class Explanation:
    """One image, one classifier: its predictions and its maps."""

    image: str
    classifier: str
    top: tuple[Prediction, ...]
    maps: tuple[AttributionMap, ...]
    refused: Mapping[str, str]  # method -> why it could not serve
    identical: tuple[tuple[str, ...], ...]  # groups of methods that are one map for this head and tap
