"""What is true of a dataset as a whole: its fingerprint, and what must be said of its labels and its files."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pyarrow as pa

_LOSSY_BELOW = 90


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
    seen: dict[str, set[int]] = {}
    for digest, label in zip(samples.column("digest").to_pylist(), labels.tolist(), strict=True):
        seen.setdefault(digest, set()).add(label)
    if repeated := len(samples) - len(seen):
        remarks.append(f"{counted(repeated, 'image is', 'images are')} an exact copy of another one.")
    if torn := sum(len(found) > 1 for found in seen.values()):
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
