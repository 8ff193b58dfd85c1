"""Import a dataset: the one way in for what users bring.

    import_dataset(Path("pets.zip"), workspace / "datasets", "pets") -> DatasetRecord

What can be brought: see `detecting.KINDS`, each in a file of its own. An import leaves a whole dataset or nothing,
and the same content, imported twice, is kept once.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from analysis.datasets.detecting import EXPECTED, KINDS, detect
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.torchvision_names import PREFIX
from analysis.errors import DataError
from analysis.records import DatasetRecord
from analysis.types import Report, silent

if TYPE_CHECKING:
    from analysis.datasets.taking import Extras

_ARCHIVES = ("folder", "zip", "tar", "archive")


def import_dataset(
    source: Path | str,
    folder: Path,
    name: str,
    *,
    kind: str = "auto",
    label_column: str | None = None,
    image_column: str | None = None,
    masks: Path | None = None,
    boxes: Path | None = None,
    class_names: Sequence[str] | None = None,
    labels: Path | None = None,
    split: str | None = None,
    called: str | None = None,
    downloads: Path | None = None,
    report: Report = silent,
) -> DatasetRecord:
    """Take a dataset into `folder` under its fingerprint.

    `label_column` and `image_column` name columns of a table or arrays of an .npz; `label_column="none"` takes images
    without labels. `split` is for torchvision's datasets (test unless said), which are also fetched by name
    ("torchvision:CIFAR10", into `downloads`). `called` is what users call the source, where its file's name is ours.
    CutawayError, with what was found and what to do, where it cannot be imported; then nothing is kept.
    """
    path = Path(source)
    by_name = path.name.startswith(PREFIX) and not path.exists()
    kind = "torchvision" if by_name else _kind(kind, path)
    extras = {"masks": masks, "boxes": boxes}
    written = "arrays" if kind == "cifar-c" else kind
    with DatasetWriter(folder, name=name, kind=written, source=called or path.name) as writer:
        if kind in _ARCHIVES:
            return _tree(path, writer, masks, boxes, class_names, report)
        writer.class_names = class_names or None
        if kind == "table":
            return _table(path, writer, image_column, label_column, report=report, **extras)
        _no_extras(**extras)
        if kind == "torchvision":
            return _torchvision(path, writer, by_name, downloads or folder.parent / "downloads", split, report)
        return _arrays(path, writer, kind, image_column, label_column, labels, report)


def _kind(kind: str, path: Path) -> str:
    """The kind said, or the one found out; DataError where there is neither."""
    if kind == "auto":
        return detect(path)
    if kind not in (*KINDS, "archive"):
        raise DataError(f"There is no kind of dataset '{kind}'; it is auto or one of {', '.join(KINDS)}.")
    if not path.exists():
        raise DataError(f"There is no file or folder '{path.name}' there. {EXPECTED}")
    return kind


def _table(
    path: Path,
    writer: DatasetWriter,
    image: str | None,
    label: str | None,
    *,
    masks: Path | None,
    boxes: Path | None,
    report: Report,
) -> DatasetRecord:
    from analysis.datasets.tables import import_table

    return import_table(path, writer, _extras(masks, boxes), image_column=image, label_column=label, report=report)


def _torchvision(
    path: Path, writer: DatasetWriter, by_name: bool, downloads: Path, split: str | None, report: Report
) -> DatasetRecord:
    from analysis.datasets.torchvision_sets import import_by_name, import_downloaded, parsed

    if not by_name:
        return import_downloaded(path, writer, split=split, report=report)
    known, asked = parsed(path.name)
    return import_by_name(known, downloads, writer, split=split or asked, report=report)


def _arrays(
    path: Path,
    writer: DatasetWriter,
    kind: str,
    image: str | None,
    label: str | None,
    labels: Path | None,
    report: Report,
) -> DatasetRecord:
    if kind == "cifar-c":
        from analysis.datasets.cifar_c import import_cifar_c

        return import_cifar_c(path, writer, labels=labels, report=report)
    from analysis.datasets.array_files import import_arrays

    return import_arrays(path, writer, image_key=image, label_key=label, labels=labels, report=report)


def _tree(
    path: Path,
    writer: DatasetWriter,
    masks: Path | None,
    boxes: Path | None,
    class_names: Sequence[str] | None,
    report: Report,
) -> DatasetRecord:
    from analysis.datasets.image_trees import import_tree
    from analysis.datasets.trees import open_tree

    tree = open_tree(path)
    writer.kind = tree.kind
    inside = masks is not None and masks.is_dir() and masks.resolve().is_relative_to(path.resolve())
    without = masks.resolve().relative_to(path.resolve()) if masks is not None and inside else None
    extras = _extras(masks, boxes)
    return import_tree(tree, writer, extras, without=without, class_names=class_names or None, report=report)


def _extras(masks: Path | None, boxes: Path | None) -> "Extras":
    from analysis.datasets.box_files import read_boxes
    from analysis.datasets.masks import Masks
    from analysis.datasets.taking import Extras

    return Extras(Masks(masks) if masks else None, read_boxes(boxes) if boxes else None)


def _no_extras(masks: Path | None, boxes: Path | None) -> None:
    if masks or boxes:
        raise DataError(
            "Masks and boxes are found by the names of image files, and arrays have none. "
            "Save masks as 'masks' (N, height, width) in the same .npz."
        )
