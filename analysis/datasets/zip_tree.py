"""The image files in a zip archive, read where they lie and never unpacked to disk.

The directory is judged before anything is read: number of files, names, links, claimed sizes. A file that is
longer than the directory claims is cut off there by `zipfile`, and then refused by its checksum.
"""

import stat
import struct
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path

from analysis.datasets.archive_limits import check_count, check_total
from analysis.datasets.arrangement import is_candidate, is_leftover
from analysis.datasets.decoding import MAX_BYTES
from analysis.datasets.trees import TOO_LONG, Listing, inside_name
from analysis.errors import BadArchive

_OTHERS = 20
_END = b"PK\x05\x06"
_BROKEN = (zipfile.BadZipFile, zlib.error, OSError, EOFError, NotImplementedError, RuntimeError, struct.error)


class ZipTree:
    """See `Tree`."""

    kind = "zip"

    def __init__(self, path: Path) -> None:
        self._path = path

    def listing(self) -> Listing:
        with open_zip(self._path) as archive:
            images: list[str] = []
            others: list[str] = []
            refused: list[tuple[str, str]] = []
            count = 0
            for member in archive.infolist():
                name = inside_name(member.filename, self._path.name)
                if member.is_dir():
                    continue
                if is_candidate(name):
                    why = _refusal(member)
                    images += [] if why else [name]
                    refused += [(name, why)] if why else []
                elif not is_leftover(name):
                    count += 1
                    others += [name] if len(others) < _OTHERS else []
        return Listing(tuple(images), tuple(others), count, tuple(refused))

    def files(self, wanted: frozenset[str]) -> Iterator[tuple[str, bytes | str, float]]:
        with open_zip(self._path) as archive:
            members = sorted(archive.infolist(), key=lambda m: m.header_offset)
            for done, member in enumerate(members):
                name = inside_name(member.filename, self._path.name)
                if name in wanted and not member.is_dir() and not _refusal(member):
                    yield name, read_member(archive, member), done / len(members)


def is_zip(path: Path) -> bool:
    """By its beginning: what ends like a zip may be a tar whose last file is one."""
    try:
        with path.open("rb") as file:
            return file.read(4) in (b"PK\x03\x04", _END)
    except OSError:
        return False


def open_zip(path: Path) -> zipfile.ZipFile:
    """The archive with its directory judged; BadArchive where it is damaged or a bomb."""
    check_count(_listed_files(path), path.name)
    try:
        archive = zipfile.ZipFile(path)
    except _BROKEN as error:
        raise BadArchive(f"'{path.name}' is cut short or damaged ({error}). Download or pack it again.") from error
    members = archive.infolist()
    try:
        check_count(len(members), path.name)
        packed = path.stat().st_size
        if sum(m.compress_size for m in members) > packed:  # parts counted twice: how a small bomb becomes large
            raise BadArchive(f"'{path.name}' holds files that overlap each other: a zip bomb. Nothing was imported.")
        check_total(sum(m.file_size for m in members), packed, path.name)
    except BadArchive:
        archive.close()
        raise
    return archive


def read_member(archive: zipfile.ZipFile, member: zipfile.ZipInfo) -> bytes | str:
    """Its bytes, or why they cannot be had."""
    try:
        with archive.open(member) as file:
            data = file.read(MAX_BYTES + 1)
    except _BROKEN as error:
        return f"is damaged in the archive ({error})"
    if len(data) > MAX_BYTES:
        return TOO_LONG
    return data


def _refusal(member: zipfile.ZipInfo) -> str:
    if stat.S_ISLNK(member.external_attr >> 16):
        return "is a link, and links in archives are not followed"
    if member.flag_bits & 0x1:
        return "is encrypted"
    return TOO_LONG if member.file_size > MAX_BYTES else ""


def _listed_files(path: Path) -> int:
    """The number of files that the end of the archive claims, before its directory is loaded."""
    with path.open("rb") as file:
        size = file.seek(0, 2)
        file.seek(max(0, size - 65_557))
        tail = file.read()
    at = tail.rfind(_END)
    if at < 0 or len(tail) < at + 22:
        return 0  # zipfile says what is wrong
    count = struct.unpack_from("<H", tail, at + 10)[0]
    directory = struct.unpack_from("<I", tail, at + 12)[0]
    if count != 0xFFFF and directory != 0xFFFFFFFF:
        return max(count, directory // 150)  # the number may lie; an entry takes 46 bytes and its name
    large = tail.rfind(b"PK\x06\x06", 0, at)
    return struct.unpack_from("<Q", tail, large + 32)[0] if large >= 0 else 0
