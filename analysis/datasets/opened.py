"""A dataset of the workspace, opened: decodes only what is asked for.

Files are read at their places (`pread`), not mapped into memory, so that reading a large dataset takes no more of
it than a small one. Safe to use from several threads; pickled as its folder, to be opened again elsewhere.
"""

import io
import zlib
from collections.abc import Sequence
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from analysis.datasets import layout
from analysis.datasets.decoding import decode, decode_as_stored, decode_small
from analysis.datasets.layout import Box
from analysis.datasets.places import FileReader, read_images
from analysis.errors import DataError
from analysis.records import DatasetRecord

_INDEX = ("label", "_row", "_offset", "_length", "_mask_offset", "_mask_length")


class OpenDataset:
    """See `records.Images`, which it is."""

    def __init__(self, folder: Path, as_stored: bool = False) -> None:
        self.folder = Path(folder)
        self.as_stored = as_stored
        self.record: DatasetRecord = layout.read_record(self.folder)
        index = self._columns(_INDEX)
        self._labels = index["label"].astype(np.int64)
        self._labels.flags.writeable = False
        self._rows, self._offsets, self._lengths = index["_row"], index["_offset"], index["_length"]
        self._mask_offsets, self._mask_lengths = index["_mask_offset"], index["_mask_length"]
        self._shape, self._pixels = self._open_pixels()
        self._files, self._masks = self._open(layout.FILES), self._open(layout.MASKS)
        if len(self._labels) != self.record.size or (self._pixels is None and self._files is None):
            raise DataError(f"The files of the dataset '{self.record.name}' do not fit each other. Import it again.")

    @classmethod
    def open(cls, folder: Path, *, as_stored: bool = False) -> "OpenDataset":
        """The dataset in `<workspace>/datasets/<dataset_id>`; DataError where it is missing or damaged.

        `as_stored` reads image files as the usual loaders of training data do, by which published accuracies were
        taken: not turned upright, colours not managed. Pixels that are kept decoded are always upright.
        """
        return cls(folder, as_stored)

    def __reduce__(self) -> tuple[Any, ...]:
        return OpenDataset, (self.folder, self.as_stored)

    def __len__(self) -> int:
        return self.record.size

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, not to be written to."""
        return self._labels

    @property
    def names(self) -> list[str]:
        return self.column("name")

    @property
    def conditions(self) -> list[str]:
        """What was done to each image; "" where nothing is known."""
        return self.column("condition")

    @property
    def own_columns(self) -> tuple[str, ...]:
        """Columns that the source brought along."""
        return tuple(c for c in self._column_names if c not in layout.PUBLIC and c not in layout.PRIVATE)

    def column(self, name: str) -> list[Any]:
        """A column of samples.parquet, a value a sample."""
        if name not in self._column_names:
            own = ", ".join(self.own_columns) or "none"
            raise DataError(f"The dataset '{self.record.name}' has no column '{name}'; of its own it has: {own}.")
        return self._table((name,)).column(name).to_pylist()

    # -------------------------------------------------------------------------------------------------------- images

    @property
    def image_shape(self) -> tuple[int, int, int] | None:
        """(H, W, C) where `pixels` gives arrays."""
        return self._shape

    def pixels(self, samples: Sequence[int] | np.ndarray) -> np.ndarray | None:
        """(n, H, W, C) uint8, C 1 or 3, where all images are stored with one size; else None."""
        if self._pixels is None or self._shape is None:
            return None
        return read_images(self._pixels, self._rows[self._checked(samples)], self._shape)

    def images(self, samples: Sequence[int] | np.ndarray) -> list[Image.Image]:
        """Decoded, upright (unless opened as stored), RGB or L."""
        chosen = self._checked(samples)
        arrays = self.pixels(chosen)
        if arrays is not None:
            return [_image(a) for a in arrays]
        if self.as_stored:
            return [decode_as_stored(self._file(s), f"image {s}") for s in chosen]
        return [decode(self._file(s), f"image {s}").pixels for s in chosen]

    def encoded(self, sample: int) -> tuple[str, bytes]:
        """Name and bytes of an image file: the original, or PNG where arrays were given."""
        self._checked([sample])
        name = str(self._name_column[sample].as_py())
        if self._files is not None:
            return name, self._file(sample)
        buffer = io.BytesIO()
        self.images([sample])[0].save(buffer, "PNG")
        return f"{name}.png", buffer.getvalue()

    def thumbnail(self, sample: int, size: int) -> Image.Image:
        """RGB, at most `size` pixels a side, never enlarged."""
        if self._pixels is None:
            self._checked([sample])
            return decode_small(self._file(sample), f"image {sample}", size)
        image = self.images([sample])[0].convert("RGB")
        image.thumbnail((size, size))
        return image

    def mask(self, sample: int) -> np.ndarray | None:
        """(H, W) bool where the object is, or None."""
        self._checked([sample])
        if self._masks is None or self._mask_lengths[sample] == 0:
            return None
        packed = self._masks.read(int(self._mask_offsets[sample]), int(self._mask_lengths[sample]))
        width, height = self._size(sample)
        bits = np.frombuffer(zlib.decompress(packed), np.uint8)
        return np.unpackbits(bits, count=width * height).reshape(height, width).astype(bool)

    def boxes(self, sample: int) -> list[Box]:
        """(left, top, right, bottom, label) in pixels."""
        self._checked([sample])
        return self._boxes.get(sample, [])

    # --------------------------------------------------------------------------------------------------------- files

    def _file(self, sample: int) -> bytes:
        if self._files is None:
            raise DataError(f"The image files of the dataset '{self.record.name}' are missing. Import it again.")
        return self._files.read(int(self._offsets[sample]), int(self._lengths[sample]))

    def _checked(self, samples: Sequence[int] | np.ndarray) -> np.ndarray:
        chosen = np.asarray(samples, dtype=np.int64).reshape(-1)
        if chosen.size and (chosen.min() < 0 or chosen.max() >= len(self)):
            wrong = chosen[(chosen < 0) | (chosen >= len(self))][0]
            raise DataError(f"There is no sample {wrong} in '{self.record.name}', which has 0 to {len(self) - 1:,}.")
        return chosen

    def _size(self, sample: int) -> tuple[int, int]:
        return int(self._sizes["width_px"][sample]), int(self._sizes["height_px"][sample])

    def _open(self, name: str) -> FileReader | None:
        path = self.folder / name
        return FileReader(path) if path.is_file() else None

    def _open_pixels(self) -> tuple[tuple[int, int, int] | None, FileReader | None]:
        path = self.folder / layout.PIXELS
        if not path.is_file():
            return None, None
        with path.open("rb") as file:
            np.lib.format.read_magic(file)
            shape, _, _ = np.lib.format.read_array_header_1_0(file)
            start = file.tell()
        expected = start + int(np.prod(shape))
        if len(shape) != 4 or shape[0] != self.record.size or path.stat().st_size != expected:
            raise DataError(f"The pixels of the dataset '{self.record.name}' are damaged. Import it again.")
        return shape[1:], FileReader(path, start)

    @cached_property
    def _boxes(self) -> dict[int, list[Box]]:
        import pyarrow.parquet as pq

        path = self.folder / layout.BOXES
        found: dict[int, list[Box]] = {}
        for row in pq.read_table(path).to_pylist() if path.is_file() else ():
            box = (row["left"], row["top"], row["right"], row["bottom"], row["label"])
            found.setdefault(row["sample"], []).append(box)
        return found

    @cached_property
    def _name_column(self) -> Any:
        return self._table(("name",)).column("name").combine_chunks()

    @cached_property
    def _sizes(self) -> dict[str, np.ndarray]:
        return self._columns(("width_px", "height_px"))

    @cached_property
    def _column_names(self) -> tuple[str, ...]:
        import pyarrow.parquet as pq

        return tuple(pq.read_schema(self.folder / layout.SAMPLES).names)

    def _columns(self, names: Sequence[str]) -> dict[str, np.ndarray]:
        table = self._table(names)
        return {name: table.column(name).to_numpy() for name in names}

    def _table(self, names: Sequence[str]) -> Any:
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            return pq.read_table(self.folder / layout.SAMPLES, columns=list(names))
        except (OSError, pa.ArrowException) as error:
            raise DataError(
                f"The table of samples of the dataset '{self.record.name}' is missing or damaged. "
                "Delete the dataset and import it again."
            ) from error


def _image(pixels: np.ndarray) -> Image.Image:
    return Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels)
