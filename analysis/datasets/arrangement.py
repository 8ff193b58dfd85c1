"""What folders say of the images in them: the class, the split, what was done to the image.

cat/001.jpg, cat/more/002.jpg            the first folder is the class, however deep below it
001.jpg, 002.jpg                         no folder: unlabelled
train/cat/001.jpg, test/cat/002.jpg      folders all named like splits: a column "split", then the class
fog/3/n01440764/a.JPEG                   ImageNet-C: corruption, severity 1 to 5, class -> condition "fog/3"
photos/cat/001.jpg                       a folder around everything says nothing, as long as there are more below
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from analysis.datasets.facts import counted
from analysis.records import UNLABELLED

_ENDINGS = "jpg jpeg jpe jfif png webp gif bmp dib tif tiff avif heic heif jp2 psd"
IMAGE_ENDINGS = frozenset(f".{ending}" for ending in _ENDINGS.split(" "))
"""Files taken for images, among them formats that are refused with a reason. Others are left out."""

CORRUPTIONS = frozenset(
    (
        *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
        *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
        *("speckle_noise", "gaussian_blur", "spatter", "saturate"),
    )
)
"""Hendrycks and Dietterich 2019: the fifteen of the benchmark and the four for validation."""

WORDNET_ID = re.compile(r"n\d{8}")
_SPLITS = frozenset(["train", "training", "val", "valid", "validation", "dev", "test", "testing"])
_SEVERITIES = frozenset("12345")


@dataclass(frozen=True, slots=True)
class Place:
    """What is known of an image by where it lies."""

    label: str | int  # class name or UNLABELLED
    condition: str = ""
    split: str = ""


@dataclass(frozen=True, slots=True)
class Arrangement:
    """How the folders of one source are to be read."""

    around: int = 0  # folders around everything
    split: bool = False
    condition: int | None = None  # depth of the corruption's folder
    remarks: tuple[str, ...] = ()

    def place(self, path: str) -> Place:
        *folders, _ = path.split("/")
        if self.condition is not None:
            corruption, severity, label = folders[self.condition : self.condition + 3]
            return Place(label, f"{corruption}/{severity}")
        inner = folders[self.around :]
        split = inner.pop(0) if self.split and inner else ""
        return Place(inner[0] if inner else UNLABELLED, split=split)


def arrangement(paths: Sequence[str]) -> Arrangement:
    """Paths of all images in a source, with "/" -> how to read them."""
    folders = [tuple(path.split("/")[:-1]) for path in paths]
    depth = _corrupted(folders)
    if depth is not None:
        return Arrangement(condition=depth)
    around = _around(folders)
    inner = [f[around:] for f in folders]
    split = _is_split(inner)
    labels = {f[split] if len(f) > split else None for f in inner}
    return Arrangement(around, split, remarks=_remarks(labels, inner, split))


def is_candidate(path: str) -> bool:
    """Whether a file is to be looked at: named like an image, and no leftover of an operating system."""
    *folders, name = path.split("/")
    hidden = name.startswith(".") or any(f.startswith(".") or f == "__MACOSX" for f in folders)
    ending = "." + name.rsplit(".", 1)[-1].lower() if "." in name else ""
    return not hidden and ending in IMAGE_ENDINGS


def is_leftover(path: str) -> bool:
    """Files nobody means: hidden ones and those that operating systems strew."""
    parts = path.split("/")
    return any(p.startswith(".") or p == "__MACOSX" for p in parts) or parts[-1].lower() in ("thumbs.db", "desktop.ini")


def _corrupted(folders: Sequence[tuple[str, ...]]) -> int | None:
    """The depth at which every path has a corruption, a severity and a class."""
    if not folders:
        return None
    for depth in range(min(map(len, folders)) - 2):
        if not all(f[depth + 1] in _SEVERITIES for f in folders):
            continue
        known = all(f[depth] in CORRUPTIONS for f in folders)
        if known or all(WORDNET_ID.fullmatch(f[depth + 2]) for f in folders):
            return depth
    return None


def _around(folders: Sequence[tuple[str, ...]]) -> int:
    """How many leading folders all paths share, leaving each at least one."""
    shortest = min(map(len, folders), default=0)
    count = 0
    while count < shortest - 1 and len({f[count] for f in folders}) == 1:
        count += 1
    return count


def _is_split(inner: Sequence[tuple[str, ...]]) -> bool:
    """At least two folders, all named like splits, with classes below."""
    first = {f[0] if f else "" for f in inner}
    return len(first) > 1 and all(f.lower() in _SPLITS for f in first) and all(len(f) > 1 for f in inner)


def _remarks(labels: set[str | None], inner: Sequence[tuple[str, ...]], split: bool) -> tuple[str, ...]:
    remarks = []
    if split:
        found = ", ".join(sorted({f[0] for f in inner}))
        remarks.append(f"It holds several splits ({found}); names begin with them, and a column says which.")
    if None in labels and len(labels) > 1:
        outside = sum(len(f) <= split for f in inner)
        remarks.append(
            f"{counted(outside, 'image lies', 'images lie')} outside the folders of classes and without a label."
        )
    if len(labels) == 1 and None not in labels:
        remarks.append(f"All images are of one class, '{next(iter(labels))}'.")
    return tuple(remarks)
