"""`.npy` arrays, alone or in an `.npz`, read block by block; nothing in them is ever unpickled."""

import tokenize
import zipfile
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np

from analysis.datasets.zip_tree import open_zip
from analysis.errors import DataError

_BLOCK_BYTES = 8 * 2**20
_MOST_WHOLE_BYTES = 2 * 2**30
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, ValueError, NotImplementedError, RuntimeError)
_BAD_HEADER = (*_BROKEN, tokenize.TokenError, SyntaxError, TypeError, LookupError, MemoryError, ArithmeticError)


@dataclass(frozen=True, slots=True)
class NpyStream:
    """One array with its rows along the first axis."""

    path: Path  # of the .npy or .npz
    member: str  # its name in the .npz; empty for an .npy
    shape: tuple[int, ...]
    dtype: np.dtype
    fortran: bool
    start: int  # bytes before the values

    @property
    def name(self) -> str:
        return self.member.removesuffix(".npy") or self.path.name

    @property
    def size_bytes(self) -> int:
        return int(np.prod(self.shape, dtype=object)) * self.dtype.itemsize

    def blocks(self, most_rows: int = 1024) -> Iterator[np.ndarray]:
        """(n, ...) in order; DataError where the file ends before."""
        if self.fortran:
            whole = self.whole()
            yield from (whole[i : i + most_rows] for i in range(0, len(whole), most_rows))
            return
        row = self.size_bytes // max(self.shape[0], 1)
        rows = max(1, min(most_rows, _BLOCK_BYTES // max(row, 1)))
        with _opened(self.path, self.member) as file:
            try:
                file.read(self.start)
                for first in range(0, self.shape[0], rows):
                    count = min(rows, self.shape[0] - first)
                    yield self._array(_exactly(file, count * row), (count, *self.shape[1:]))
            except _BROKEN as error:
                raise self._damaged(error) from error

    def whole(self) -> np.ndarray:
        """All at once, for labels and the like."""
        if self.size_bytes > _MOST_WHOLE_BYTES:
            raise DataError(f"The array '{self.name}' of shape {self.shape} is too large to be read at once.")
        try:
            with _opened(self.path, self.member) as file:
                file.read(self.start)
                return self._array(_exactly(file, self.size_bytes), self.shape)
        except _BROKEN as error:
            raise self._damaged(error) from error

    def _array(self, data: bytes, shape: tuple[int, ...]) -> np.ndarray:
        return np.frombuffer(data, self.dtype).reshape(shape, order="F" if self.fortran else "C")

    def _damaged(self, error: BaseException) -> DataError:
        return DataError(f"The array '{self.name}' in '{self.path.name}' is cut short or damaged ({error}).")


def npy_streams(path: Path) -> dict[str, NpyStream]:
    """The arrays of an .npz by name, or the one of an .npy under its file's stem.

    DataError for what is none, is damaged or holds Python objects.
    """
    if path.suffix.lower() == ".npy":
        return {path.stem: _stream(path, "")}
    with open_zip(path) as archive:
        members = [m.filename for m in archive.infolist() if m.filename.endswith(".npy")]
    return {member.removesuffix(".npy"): _stream(path, member) for member in members}


def _stream(path: Path, member: str) -> NpyStream:
    what = f"'{member.removesuffix('.npy')}' in '{path.name}'" if member else f"'{path.name}'"
    try:
        with _opened(path, member) as file:
            version = np.lib.format.read_magic(file)
            reader = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in reader:
                raise DataError(f"{what} is a kind of .npy that is not read. Save it with numpy.save, without fields.")
            shape, fortran, dtype = reader[version](file)
            start = file.tell()
    except _BAD_HEADER as error:
        raise DataError(f"{what} is no NumPy array, or damaged ({error}). Save it again with numpy.save.") from error
    if dtype.hasobject:
        raise DataError(
            f"{what} holds Python objects (dtype object), a pickle that could run code and is not loaded. "
            "Save plain numbers: array.astype('uint8') for images, astype('int64') for labels."
        )
    stream = NpyStream(path, member, tuple(shape), dtype, bool(fortran), start)
    if any(side < 0 for side in shape) or stream.size_bytes > _there(path, member) - start:
        raise DataError(f"{what} is cut short or damaged: its values are fewer than its shape {shape} says.")
    return stream


def _there(path: Path, member: str) -> int:
    """Bytes of a file, as the system or the archive's directory says."""
    if not member:
        return path.stat().st_size
    with zipfile.ZipFile(path) as archive:
        return archive.getinfo(member).file_size


def _opened(path: Path, member: str) -> IO[bytes]:
    """For a member, the archive is closed with the last reference to it (zipfile keeps the count)."""
    if not member:
        return path.open("rb")
    with zipfile.ZipFile(path) as archive:
        return archive.open(member)


def _exactly(file: IO[bytes], length: int) -> bytes:
    parts = []
    while length > 0:
        part = file.read(length)
        if not part:
            raise EOFError("it ends before its last value")
        parts.append(part)
        length -= len(part)
    return parts[0] if len(parts) == 1 else b"".join(parts)
