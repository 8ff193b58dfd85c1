"""How a dataset differs from what a classifier's weights have seen: size, compression, colour.

Such differences cost accuracy without being errors (CIFAR-10 as JPEG of quality 75 costs the public ResNet-20 ten
points), so they are said before a pass and beside its result.
"""

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING

from analysis.records import DatasetRecord

if TYPE_CHECKING:
    from models.cards import Card
    from models.preprocessing import Preprocessing

_MUCH_LARGER = 1.5
_JPEG = re.compile(r"JPEG(?:, quality (?:about )?(\d+))?")
_GOOD = 90


def differences(
    record: DatasetRecord, card: "Card | None", preprocessing: "Preprocessing", colours: int | None = None
) -> tuple[str, ...]:
    """Sentences, none where nothing is known to differ. `colours`: channels of the stored images, where known."""
    said = (
        _rendition(record, card.data if card else ""),
        _size(record, preprocessing),
        _colour(colours, preprocessing),
        _turned(record),
    )
    return tuple(sentence for sentence in said if sentence)


def _turned(record: DatasetRecord) -> str:
    """What decoding did to image files is among the record's remarks, as "Turned upright by ...: 3 images."."""
    found = [r for r in record.remarks if r.startswith(("Turned upright", "Colours turned"))]
    turned = sum(int(r.rsplit(": ", 1)[1].split(" ")[0].replace(",", "")) for r in found)
    if not turned:
        return ""
    return (
        f"Up to {turned:,} of {record.size:,} images ask to be turned upright or to sRGB. They are shown so; the pass "
        "reads them as stored, as the loaders do by which published accuracies were taken."
    )


def _rendition(record: DatasetRecord, data: str) -> str:
    """JPEG against lossless; where the card says nothing, low quality is remarked on by itself."""
    lossy, quality = _lossy(record.formats)
    trained_on_jpeg = "jpeg" in data.lower()
    if lossy > 0.5 and not trained_on_jpeg and quality < _GOOD:
        seen = f"the weights were trained on: {data.rstrip('.')}" if data else "the card does not say what they saw"
        return (
            f"{lossy:.0%} of the images of '{record.name}' are JPEG (mostly of quality {quality}); {seen}. "
            "Trained on another rendition, weights may score several points lower here."
        )
    if lossy < 0.5 and trained_on_jpeg and "lossless" not in data.lower() and record.kind != "generated":
        return (
            f"The images of '{record.name}' are without JPEG compression; the weights were trained on: "
            f"{data.rstrip('.')}."
        )
    return ""


def _lossy(formats: Mapping[str, int]) -> tuple[float, int]:
    """The fraction of JPEG images, and the quality of most of them."""
    total = sum(formats.values()) or 1
    found = {f: m for f in formats if (m := _JPEG.match(f))}
    if not found:
        return 0.0, 100
    most = max(found, key=lambda f: formats[f])
    return sum(formats[f] for f in found) / total, int(found[most].group(1) or 75)


def _size(record: DatasetRecord, preprocessing: "Preprocessing") -> str:
    """Small images are enlarged until they are blurred; large ones lose their detail only where the input is tiny."""
    if not record.image_sizes:
        return ""
    most = next(iter(record.image_sizes))
    width, height = (int(side) for side in most.split(" x "))
    wide, high = preprocessing.resized(width, height)
    if min(wide / width, high / height) > _MUCH_LARGER:
        return f"Most images are {most} pixels and are enlarged to {wide} x {high} for this classifier."
    if max(preprocessing.size) <= 64 and max(width / wide, height / high) > _MUCH_LARGER:
        return f"Most images are {most} pixels and are shrunk to {wide} x {high} for this classifier."
    return ""


def _colour(colours: int | None, preprocessing: "Preprocessing") -> str:
    if colours is None or colours == preprocessing.channels:
        return ""
    if colours == 1:
        return "The images are grey, and the classifier takes colour: each channel gets the same values."
    return "The images are in colour, and the classifier takes grey: they are converted."
