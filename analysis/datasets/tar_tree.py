"""The image files in a tar archive, plain or gzipped, read in passing and never unpacked to disk.

A tar has no directory: it is read through once for the names and once for the images. While it is, the bytes that
come out are counted against those that went in.
"""

import gzip
import io
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from analysis.datasets.archive_limits import check_count, check_total
from analysis.datasets.arrangement import is_candidate, is_leftover
from analysis.datasets.decoding import MAX_BYTES
from analysis.datasets.trees import TOO_LONG, Listing, inside_name
from analysis.errors import BadArchive

_OTHERS = 20
_GZIP = b"\x1f\x8b"
_BROKEN = (tarfile.TarError, zlib.error, EOFError, OSError, ValueError)


class TarTree:
    """See `Tree`."""

    kind = "tar"

    def __init__(self, path: Path) -> None:
        self._path = path

    def listing(self) -> Listing:
        images: list[str] = []
        others: list[str] = []
        refused: list[tuple[str, str]] = []
        count = 0
        with _opened(self._path) as (archive, _):
            for seen, member in enumerate(archive):
                check_count(seen, self._path.name)
                name = inside_name(member.name, self._path.name)
                if member.isdir():
                    continue
                if is_candidate(name):
                    why = _refusal(member)
                    images += [] if why else [name]
                    refused += [(name, why)] if why else []
                elif member.isfile() and not is_leftover(name):
                    count += 1
                    others += [name] if len(others) < _OTHERS else []
                archive.members = []  # type: ignore[attr-defined]  # it remembers each, for what is not done here
        return Listing(tuple(images), tuple(others), count, tuple(refused))

    def files(self, wanted: frozenset[str]) -> Iterator[tuple[str, bytes | str, float]]:
        with _opened(self._path) as (archive, counted):
            for member in archive:
                name = inside_name(member.name, self._path.name)
                if name in wanted and not _refusal(member):
                    file = archive.extractfile(member)
                    yield name, file.read() if file else "is no plain file", counted.fraction
                archive.members = []  # type: ignore[attr-defined]


def is_tar(path: Path) -> bool:
    """A tar, or something gzipped."""
    try:
        with path.open("rb") as file:
            head = file.read(512)
        if head[:2] == _GZIP:
            return True  # whether a tar is in it shows when it is read
        tarfile.TarInfo.frombuf(head, "utf-8", "surrogateescape")
    except _BROKEN:
        return False
    return True


class Counted(io.RawIOBase):
    """A stream that knows how much came out of it, and stops a bomb."""

    def __init__(self, stream: Any, packed: Any, size: int, name: str) -> None:
        self._stream, self._packed, self._size, self._name = stream, packed, size, name
        self._out = 0

    @property
    def fraction(self) -> float:
        return self._packed.tell() / max(self._size, 1)

    def readable(self) -> bool:
        return True

    def read(self, size: int = -1) -> bytes:
        data = self._stream.read(size)
        self._out += len(data)
        check_total(self._out, self._packed.tell(), self._name)
        return data


@contextmanager
def _opened(path: Path) -> Iterator[tuple[tarfile.TarFile, Counted]]:
    """Damage found while reading becomes BadArchive."""
    with path.open("rb") as packed:
        zipped = packed.read(2) == _GZIP
        packed.seek(0)
        stream = gzip.GzipFile(fileobj=packed) if zipped else packed
        counted = Counted(stream, packed, path.stat().st_size, path.name)
        try:
            with tarfile.open(fileobj=counted, mode="r|", bufsize=2**20) as archive:
                yield archive, counted
        except _BROKEN as error:
            raise BadArchive(
                f"'{path.name}' is cut short or damaged ({error}), and nothing of it was imported. "
                "Download or pack it again."
            ) from error


def _refusal(member: tarfile.TarInfo) -> str:
    if member.issym() or member.islnk():
        return "is a link, and links in archives are not followed"
    if not member.isfile():
        return "is no plain file"
    return TOO_LONG if member.size > MAX_BYTES else ""
