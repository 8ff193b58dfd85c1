"""Datasets that torchvision knows: from a folder where they lie already, or fetched by name through torchvision.

A name is `torchvision:CIFAR10` or, for another split than the test images, `torchvision:CIFAR10:train`.
"""

import http.client
import tarfile
import urllib.error
from pathlib import Path

from analysis.datasets.packing import DatasetWriter
from analysis.datasets.taking import Steps
from analysis.datasets.torchvision_files import LAYOUTS, Layout, find_layout, splits_in
from analysis.datasets.torchvision_names import PREFIX
from analysis.errors import DataError
from analysis.records import DatasetRecord
from analysis.types import Report
from models.errors import UnknownName

NAMES = ("CIFAR10", "CIFAR100", "MNIST", "FashionMNIST", "STL10")
_NO_NETWORK = (urllib.error.URLError, http.client.HTTPException, OSError, RuntimeError, EOFError, tarfile.TarError)


def parsed(source: str) -> tuple[str, str | None]:
    """Name and split: "torchvision:cifar-10:train" -> ("CIFAR10", "train"). UnknownName for other datasets."""
    _, _, rest = source.partition(PREFIX)
    asked, _, split = rest.partition(":")
    plain = {name.lower(): name for name in NAMES}
    found = plain.get(asked.lower().replace("-", "").replace("_", "").strip())
    if found is None:
        raise UnknownName("dataset of torchvision", asked, NAMES)
    return found, split or None


def import_downloaded(folder: Path, writer: DatasetWriter, *, split: str | None, report: Report) -> DatasetRecord:
    """One split (the test images, unless said) of a folder with the files of one of these datasets."""
    found = find_layout(folder)
    if found is None:
        raise DataError(f"'{folder.name}' holds the files of none of {', '.join(NAMES)}.")
    layout, place = found
    return _import(layout, place, writer, split, report)


def import_by_name(
    name: str, downloads: Path, writer: DatasetWriter, *, split: str | None, report: Report
) -> DatasetRecord:
    """Fetch a dataset into `downloads` unless it is there, and import a split of it. DataError without a network."""
    found = _downloaded(name, downloads)
    if found is None:
        report(0.0, f"downloading {name}")
        _download(name, downloads)
        found = _downloaded(name, downloads)
    if found is None:
        raise DataError(
            f"What was downloaded as {name} does not hold its files. Remove {downloads.name} and try again."
        )
    return _import(*found, writer, split, report)


def _import(layout: Layout, place: Path, writer: DatasetWriter, split: str | None, report: Report) -> DatasetRecord:
    there = splits_in(layout, place)
    split = split or there[0]
    if split not in there:
        raise DataError(f"{layout.name} in '{place.name}' has the splits {', '.join(there)}, not '{split}'.")
    if writer.class_names is None and (names := layout.class_names(place)):
        writer.class_names = names
    others = [s for s in there if s != split]
    writer.remark(f"The {split} images of {layout.name}" + (f"; there is also {', '.join(others)}." if others else "."))
    steps = Steps(report)
    for images, labels in layout.blocks(place, split):
        start = len(writer)
        writer.add_arrays(images, labels, names=[f"{split}/{start + i:05d}" for i in range(len(images))])
        steps(0.5, f"{len(writer):,} images")
    return writer.finish()


def _downloaded(name: str, folder: Path) -> tuple[Layout, Path] | None:
    places = [(layout, folder / layout.folder) for layout in LAYOUTS if layout.name == name]
    return next((found for found in places if splits_in(*found)), None)


def _download(name: str, downloads: Path) -> None:
    """As torchvision does, with its addresses and checksums; its classes would go on to unpickle what they got."""
    import torchvision.datasets
    from torchvision.datasets.utils import download_and_extract_archive

    kind = getattr(torchvision.datasets, name)
    try:
        downloads.mkdir(parents=True, exist_ok=True)
        if not hasattr(kind, "resources"):
            download_and_extract_archive(kind.url, str(downloads), filename=kind.filename, md5=kind.tgz_md5)
            return
        raw = downloads / name / "raw"
        for file, checksum in kind.resources:
            _from_mirrors(kind.mirrors, file, checksum, raw)
    except _NO_NETWORK as error:
        raise DataError(
            f"{name} could not be downloaded ({_reason(error)}). Without a network, download it elsewhere and import "
            f"its folder by path: {_folder_of(name)}."
        ) from error


def _from_mirrors(mirrors: list[str], file: str, checksum: str, raw: Path) -> None:
    from torchvision.datasets.utils import download_and_extract_archive

    for mirror in mirrors:
        try:
            download_and_extract_archive(f"{mirror}{file}", str(raw), filename=file, md5=checksum)
            return
        except _NO_NETWORK:
            if mirror == mirrors[-1]:
                raise


def _reason(error: BaseException) -> str:
    reason = getattr(error, "reason", None) or error
    return str(reason)[:120] or type(error).__name__


def _folder_of(name: str) -> str:
    return " or ".join(dict.fromkeys(f"{layout.folder}/" for layout in LAYOUTS if layout.name == name))
