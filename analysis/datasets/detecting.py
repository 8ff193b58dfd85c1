"""What a path is: which of the ways to import fits it."""

import os
from collections.abc import Iterator
from pathlib import Path

from analysis.datasets.arrangement import is_candidate
from analysis.datasets.cifar_c import is_cifar_c
from analysis.datasets.formats import unlike_a_picture
from analysis.datasets.tar_tree import is_tar
from analysis.datasets.torchvision_files import find_layout
from analysis.datasets.zip_tree import is_zip, open_zip
from analysis.errors import DataError

KINDS = ("folder", "zip", "tar", "table", "arrays", "cifar-c", "torchvision")
EXPECTED = (
    "Expected is a folder of images (one for each class), a zip or tar of it, a CSV or Parquet table, .npz or .npy "
    "arrays, or a folder of CIFAR-C, CIFAR-10/100, MNIST, FashionMNIST or STL-10 files."
)
_TEXT = (".csv", ".tsv", ".txt")
_LOOKED_AT = 100_000


def detect(source: Path) -> str:
    """One of KINDS; DataError, saying what was found and what is expected, where nothing fits."""
    if source.is_dir():
        return _folder(source)
    if not source.is_file():
        raise DataError(f"There is no file or folder '{source.name}' there. {EXPECTED}")
    with source.open("rb") as file:
        head = file.read(4096)
    if not head:
        raise DataError(f"'{source.name}' is empty (0 bytes). {EXPECTED}")
    if head[:6] == b"\x93NUMPY":
        return "cifar-c" if is_cifar_c(source) else "arrays"
    if head[:4] == b"PAR1":
        return "table"
    if is_zip(source):
        return "arrays" if source.suffix.lower() == ".npz" or _only_arrays(source) else "zip"
    if is_tar(source):
        return "tar"
    if source.suffix.lower() in _TEXT:
        return "table"
    what = "a single picture" if is_candidate(source.name) else unlike_a_picture(head)[0]
    raise DataError(f"'{source.name}' is {what}, not a dataset. {EXPECTED}")


def _folder(source: Path) -> str:
    if is_cifar_c(source):
        return "cifar-c"
    if find_layout(source) is not None:
        return "torchvision"
    seen: dict[str, int] = {}
    for count, name in enumerate(_names(source)):
        if is_candidate(name):
            return "folder"
        ending = Path(name).suffix.lower() or "no ending"
        seen[ending] = seen.get(ending, 0) + 1
        if count >= _LOOKED_AT:
            break
    if ".parquet" in seen:
        return "table"
    found = ", ".join(f"{n:,} x {e}" for e, n in sorted(seen.items(), key=lambda s: -s[1])[:5]) or "no files"
    raise DataError(f"The folder '{source.name}' holds no images ({found}). {EXPECTED}")


def _names(source: Path) -> Iterator[str]:
    for where, folders, files in os.walk(source):
        folders[:] = sorted(f for f in folders if not f.startswith("."))
        yield from (f"{Path(where).name}/{name}" if Path(where) != source else name for name in files)


def _only_arrays(source: Path) -> bool:
    with open_zip(source) as archive:
        names = [m.filename for m in archive.infolist() if not m.is_dir()]
    return bool(names) and all(n.endswith(".npy") and "/" not in n for n in names)
