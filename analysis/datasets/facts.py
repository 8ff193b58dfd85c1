"""What is true of a dataset as a whole: its fingerprint, and what must be said of its labels and its files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.records import UNLABELLED

if TYPE_CHECKING:
    import pyarrow as pa

_LOSSY_BELOW = 90
_SIZES = 20


def facts(samples: "pa.Table", boxes: "pa.Table", class_names: Sequence[str]) -> dict[str, Any]:
    """What a DatasetRecord says of the samples themselves."""
    return {
        "dataset_id": fingerprint(samples, boxes, class_names),
        "size": len(samples),
        "labelled": int((samples.column("label").to_numpy() != UNLABELLED).sum()),
        "formats": counts(samples.column("format")),
        "image_sizes": image_sizes(samples, most=_SIZES),
        "masks": int((samples.column("_mask_length").to_numpy() > 0).sum()),
        "boxes": len(boxes.column("sample").unique()),
        "conditions": tuple(c for c in samples.column("condition").unique().to_pylist() if c),
    }


def fingerprint(samples: "pa.Table", boxes: "pa.Table", class_names: Sequence[str]) -> str:
    """sha256 hex of what is in a dataset: class names, and for each sample in order its image, label, condition,
    mask and the source's own columns; and the boxes. Names of files are not part of it.
    """
    ignored = {"sample", "name", "format", "_row", "_offset", "_length", "_mask_offset", "_mask_length"}
    columns = sorted(set(samples.column_names) - ignored)
    digest = hashlib.sha256(json.dumps(["cutaway dataset 1", list(class_names), columns]).encode())
    for table in (samples.select(columns), boxes):
        for batch in table.to_batches(max_chunksize=4096):
            digest.update(json.dumps(batch.to_pydict(), default=str).encode())
    return digest.hexdigest()


def counts(column: "pa.ChunkedArray") -> dict[str, int]:
    """How often each value occurs, most frequent first, in the order of their names where equal."""
    pairs = [(each["values"], each["counts"]) for each in column.value_counts().to_pylist()]
    return dict(sorted(pairs, key=lambda pair: (-pair[1], pair[0])))


def image_sizes(samples: "pa.Table", most: int) -> dict[str, int]:
    """The most frequent sizes, width x height."""
    sides = [samples.column(side).to_numpy() for side in ("width_px", "height_px")]
    sizes, found = np.unique(np.stack(sides, axis=1), axis=0, return_counts=True)
    order = np.argsort(-found, kind="stable")[:most]
    return {f"{sizes[i, 0]} x {sizes[i, 1]}": int(found[i]) for i in order}


def label_remarks(samples: "pa.Table", class_names: Sequence[str]) -> tuple[str, ...]:
    """What is odd about labels: classes with one image or none, one image under two labels."""
    labels = samples.column("label").to_numpy()
    counts = np.bincount(labels[labels >= 0], minlength=len(class_names))
    remarks = []
    if (single := np.flatnonzero(counts == 1)).size:
        remarks.append(
            f"{counted(single.size, 'class has', 'classes have')} one image only: {_some(single, class_names)}."
        )
    if (empty := np.flatnonzero(counts == 0)).size:
        remarks.append(f"{counted(empty.size, 'class has', 'classes have')} no image: {_some(empty, class_names)}.")
    images = samples.column("digest").combine_chunks().dictionary_encode()
    image = images.indices.to_numpy()  # equal numbers, equal images
    if repeated := len(samples) - len(images.dictionary):
        remarks.append(f"{counted(repeated, 'image is', 'images are')} an exact copy of another one.")
    lowest, highest = np.full((2, len(images.dictionary)), labels[0])
    lowest[image] = highest[image] = labels  # any of them
    np.minimum.at(lowest, image, labels)
    np.maximum.at(highest, image, labels)
    if torn := int((lowest != highest).sum()):
        remarks.append(f"{counted(torn, 'image occurs', 'images occur')} under more than one label.")
    return tuple(remarks)


def rendition_remarks(formats: Mapping[str, int]) -> tuple[str, ...]:
    """A remark where most images are JPEG of a quality that costs accuracy."""
    lossy = {f: n for f, n in formats.items() if f.startswith("JPEG") and _quality(f) < _LOSSY_BELOW}
    total = sum(formats.values())
    if sum(lossy.values()) * 2 < total:
        return ()
    most = max(lossy, key=lambda f: lossy[f])
    return (
        f"{sum(lossy.values()):,} of {total:,} images are compressed with loss (mostly {most}). Weights trained on "
        "another rendition of the same images may score several points lower here.",
    )


def _quality(said: str) -> int:
    words = said.replace("about ", "").split("quality ")
    return int(words[1].split(",")[0]) if len(words) == 2 else 100


def _some(indices: np.ndarray, names: Sequence[str], most: int = 5) -> str:
    listed = ", ".join(names[int(i)] for i in indices[:most])
    return f"{listed} and {indices.size - most:,} more" if indices.size > most else listed


def counted(n: int, one: str, many: str) -> str:
    """A number with the words for one or for many."""
    return f"{n:,} {one if n == 1 else many}"
