"""A folder, zip or tar of images -> a dataset."""

from collections.abc import Iterator, Sequence
from pathlib import Path

from analysis.datasets.arrangement import Arrangement, arrangement
from analysis.datasets.facts import counted
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.taking import Extras, ImageFile, take
from analysis.datasets.trees import Listing, Tree
from analysis.datasets.wordnet import titled
from analysis.errors import EmptyDataset
from analysis.records import DatasetRecord
from analysis.types import Report

_UNPACK = " Arrays (CIFAR-C) and published datasets (CIFAR-10, MNIST ...) are imported as a folder: unpack it first."


def import_tree(
    tree: Tree,
    writer: DatasetWriter,
    extras: Extras,
    *,
    without: Path | None = None,
    class_names: Sequence[str] | None = None,
    report: Report,
) -> DatasetRecord:
    """Every image file of a tree; `without` is a folder inside it that holds masks.

    EmptyDataset where there is no image.
    """
    report(0.0, "looking through the names")
    listing = tree.listing()
    images = tuple(p for p in listing.images if without is None or without not in Path(p).parents)
    if not images:
        raise EmptyDataset(_nothing(writer.source, listing, tree.kind))
    extras.prepare(images)
    read_as = arrangement(images)
    for name, why in listing.refused:
        writer.skip(name, why)
    for remark in read_as.remarks:
        writer.remark(remark)
    if listing.others_count:
        some = ", ".join(listing.others[:3])
        said = counted(listing.others_count, "file is no image by its name", "files are no images by their names")
        writer.remark(f"{said}, and left out: {some}{' ...' if listing.others_count > 3 else '.'}")
    take(writer, _files(tree, frozenset(images), read_as), extras, report)
    return writer.finish(titles=titled(class_names, writer.source))


def _files(tree: Tree, images: frozenset[str], read_as: Arrangement) -> Iterator[ImageFile]:
    for path, data, fraction in tree.files(images):
        place = read_as.place(path)
        columns = {"split": place.split} if read_as.split else {}
        yield ImageFile(path, data, fraction, place.label, place.condition, columns)


def _nothing(source: str, listing: Listing, kind: str) -> str:
    if listing.refused:
        name, why = listing.refused[0]
        found = f"{counted(len(listing.refused), 'file', 'files')} that cannot be taken ('{name}' {why})"
    elif listing.others:
        found = f"{counted(listing.others_count, 'other file', 'other files')} ({', '.join(listing.others[:3])} ...)"
    else:
        found = "nothing"
    return (
        f"'{source}' holds no images, but {found}. Expected are JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF files, in a "
        f"folder for each class, or all in one folder where they have no labels.{_UNPACK if kind != 'folder' else ''}"
    )
