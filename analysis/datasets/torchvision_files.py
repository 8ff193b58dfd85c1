"""The files of CIFAR-10, CIFAR-100, MNIST, FashionMNIST and STL-10 as their authors publish them, read directly.

torchvision's own classes would hold a whole dataset in memory, and unpickle CIFAR's files; these readers take blocks,
prefer CIFAR's binary version where it is there, and else read its pickles with `plain_pickle`.
"""

import gzip
import struct
import zlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np

from analysis.datasets.plain_pickle import read_numbers, texts
from analysis.datasets.torchvision_names import CIFAR10, DIGITS, FASHION, STL10
from analysis.errors import DataError
from analysis.records import UNLABELLED

Block = tuple[np.ndarray, list[int]]
"""Images (n, H, W[, C]) uint8 and their labels."""

_ROWS = 1000
_IDX_UBYTE = 8


@dataclass(frozen=True, slots=True)
class Layout:
    """One way in which a dataset lies on disk."""

    name: str  # as torchvision calls it
    folder: str  # the folder of its files
    files: dict[str, tuple[str, ...]]  # split -> files that must be there
    blocks: Callable[[Path, str], Iterator[Block]]
    class_names: Callable[[Path], tuple[str, ...]]


def find_layout(folder: Path) -> tuple[Layout, Path] | None:
    """The layout in this folder or just below it, and where its files are; None where there is none."""
    for layout in LAYOUTS:
        last = layout.folder.split("/")
        places = (folder, *(folder.joinpath(*last[i:]) for i in range(len(last))))
        for place in places:
            if place.is_dir() and any(all(_has(place, f) for f in files) for files in layout.files.values()):
                if layout.name == "MNIST" and "fashion" in str(place).lower():
                    continue  # the same file names
                if layout.name == "FashionMNIST" and "fashion" not in str(place).lower():
                    continue
                return layout, place
    return None


def splits_in(layout: Layout, place: Path) -> tuple[str, ...]:
    return tuple(split for split, files in layout.files.items() if all(_has(place, f) for f in files))


def _has(place: Path, name: str) -> bool:
    return (place / name).is_file() or (place / f"{name}.gz").is_file()


def _cifar_python(place: Path, files: tuple[str, ...], key: str) -> Iterator[Block]:
    for name in files:
        content = read_numbers(place / name)
        data, labels = content.get("data"), content.get(key)
        if not isinstance(data, np.ndarray) or data.dtype != np.uint8 or data.shape[1:] != (3072,) or labels is None:
            raise DataError(f"'{name}' is not one of the files of CIFAR: it has no 'data' of 3,072 bytes an image.")
        yield data.reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1), [int(v) for v in labels]


def _cifar_binary(place: Path, files: tuple[str, ...], label_bytes: int) -> Iterator[Block]:
    """A record: the label (the last of `label_bytes`), then 1,024 bytes each of red, green and blue."""
    row = label_bytes + 3072
    for name in files:
        with _opened(place, name) as file:
            while data := file.read(row * _ROWS):
                if len(data) % row:
                    raise DataError(f"'{name}' is cut short. Download the dataset again.")
                rows = np.frombuffer(data, np.uint8).reshape(-1, row)
                pixels = rows[:, label_bytes:].reshape(-1, 3, 32, 32).transpose(0, 2, 3, 1)
                yield pixels, rows[:, label_bytes - 1].tolist()


def _idx(place: Path, files: tuple[str, ...]) -> Iterator[Block]:
    """MNIST's IDX format: two zeros, the type, the number of axes, the axes (big-endian), the values."""
    images_name, labels_name = files
    with _opened(place, images_name) as images, _opened(place, labels_name) as labels:
        count, height, width = _idx_header(images, 3, images_name)
        (labelled,) = _idx_header(labels, 1, labels_name)
        if labelled != count:
            raise DataError(f"'{images_name}' has {count:,} images, but '{labels_name}' {labelled:,} labels.")
        for first in range(0, count, _ROWS):
            rows = min(_ROWS, count - first)
            pixels, marks = images.read(rows * height * width), labels.read(rows)
            if len(pixels) != rows * height * width or len(marks) != rows:
                raise DataError(f"'{images_name}' is cut short. Download the dataset again.")
            yield np.frombuffer(pixels, np.uint8).reshape(rows, height, width), list(marks)


def _idx_header(file: IO[bytes], axes: int, name: str) -> tuple[int, ...]:
    head = file.read(4 + 4 * axes)
    if len(head) != 4 + 4 * axes or head[:4] != bytes((0, 0, _IDX_UBYTE, axes)):
        raise DataError(f"'{name}' is not in the format of MNIST (IDX, {axes} axes of bytes). Download it again.")
    return struct.unpack(f">{axes}I", head[4:])


def _stl10(place: Path, files: Sequence[str]) -> Iterator[Block]:
    """96 x 96 pixels, channel by channel, each column by column; labels from 1."""
    size = 3 * 96 * 96
    with _opened(place, files[0]) as images:
        labels = (place / files[1]).read_bytes() if len(files) > 1 else None
        first = 0
        while data := images.read(size * 200):
            if len(data) % size:
                raise DataError(f"'{files[0]}' is cut short. Download the dataset again.")
            pixels = np.frombuffer(data, np.uint8).reshape(-1, 3, 96, 96).transpose(0, 3, 2, 1)
            last = first + len(pixels)
            marks = [UNLABELLED] * len(pixels) if labels is None else [v - 1 for v in labels[first:last]]
            if len(marks) != len(pixels):
                raise DataError(f"'{files[0]}' has more images than '{files[-1]}' has labels.")
            yield pixels, marks
            first = last


def _opened(place: Path, name: str) -> IO[bytes]:
    """The file, or its gzipped form."""
    path = place / name
    if path.is_file():
        return path.open("rb")
    return _Unzipped(place / f"{name}.gz")  # type: ignore[return-value]


class _Unzipped(gzip.GzipFile):
    def read(self, size: int | None = -1) -> bytes:
        try:
            return super().read(size)
        except (OSError, EOFError, zlib.error) as error:
            raise DataError(f"'{Path(self.name).name}' is damaged ({error}). Download the dataset again.") from error


def _blocks(reader: Callable[..., Iterator[Block]], files: dict[str, tuple[str, ...]], *more: Any) -> Any:
    return lambda place, split: reader(place, files[split], *more)


def _meta(key: str) -> Callable[[Path], tuple[str, ...]]:
    def names(place: Path) -> tuple[str, ...]:
        found = next((place / n for n in ("meta", "batches.meta") if (place / n).is_file()), None)
        if found is None:
            return CIFAR10 if key == "label_names" else ()
        return texts(read_numbers(found).get(key, ()))

    return names


def _lines(name: str, otherwise: tuple[str, ...]) -> Callable[[Path], tuple[str, ...]]:
    def names(place: Path) -> tuple[str, ...]:
        path = place / name
        lines = path.read_text(encoding="utf-8", errors="replace").split() if path.is_file() else []
        return tuple(lines) or otherwise

    return names


_TRAIN5 = tuple(f"data_batch_{i}" for i in range(1, 6))
_C10_BIN = {"test": ("test_batch.bin",), "train": tuple(f"{n}.bin" for n in _TRAIN5)}
_C10 = {"test": ("test_batch",), "train": _TRAIN5}
_C100_BIN, _C100 = {"test": ("test.bin",), "train": ("train.bin",)}, {"test": ("test",), "train": ("train",)}
_MNIST = {
    "test": ("t10k-images-idx3-ubyte", "t10k-labels-idx1-ubyte"),
    "train": ("train-images-idx3-ubyte", "train-labels-idx1-ubyte"),
}
_STL = {
    "test": ("test_X.bin", "test_y.bin"),
    "train": ("train_X.bin", "train_y.bin"),
    "unlabeled": ("unlabeled_X.bin",),
}

LAYOUTS = (
    Layout(
        *("CIFAR10", "cifar-10-batches-bin", _C10_BIN, _blocks(_cifar_binary, _C10_BIN, 1)),
        class_names=_lines("batches.meta.txt", CIFAR10),
    ),
    Layout(
        *("CIFAR100", "cifar-100-binary", _C100_BIN, _blocks(_cifar_binary, _C100_BIN, 2)),
        class_names=_lines("fine_label_names.txt", ()),
    ),
    Layout(
        *("CIFAR10", "cifar-10-batches-py", _C10, _blocks(_cifar_python, _C10, "labels")),
        class_names=_meta("label_names"),
    ),
    Layout(
        *("CIFAR100", "cifar-100-python", _C100, _blocks(_cifar_python, _C100, "fine_labels")),
        class_names=_meta("fine_label_names"),
    ),
    Layout("MNIST", "MNIST/raw", _MNIST, _blocks(_idx, _MNIST), lambda _: DIGITS),
    Layout("FashionMNIST", "FashionMNIST/raw", _MNIST, _blocks(_idx, _MNIST), lambda _: FASHION),
    Layout("STL10", "stl10_binary", _STL, _blocks(_stl10, _STL), class_names=_lines("class_names.txt", STL10)),
)
