"""Image files in folders: on disk, in a zip, in a tar. One way to list them and to read them in turn."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from analysis.datasets.decoding import MAX_BYTES
from analysis.errors import BadArchive, DataError


@dataclass(frozen=True, slots=True)
class Listing:
    """What a source holds, by name."""

    images: tuple[str, ...]  # paths inside it, with "/"
    others: tuple[str, ...] = ()  # files that are no images by their names: some of them
    others_count: int = 0
    refused: tuple[tuple[str, str], ...] = ()  # files that are not even tried, and why


class Tree(Protocol):
    """Files in folders."""

    kind: str

    def listing(self) -> Listing:
        """Names only. BadArchive where the whole is refused."""
        ...

    def files(self, wanted: frozenset[str]) -> Iterator[tuple[str, bytes | str, float]]:
        """For the wanted paths, in any order: path, its bytes or why there are none, fraction of the source done."""
        ...


TOO_LONG = f"is larger than {MAX_BYTES // 2**20} MB"


def inside_name(name: str, archive: str) -> str:
    """A member's name with "/" only; BadArchive where it leaves the archive."""
    plain = name.replace("\\", "/")
    parts = [p for p in plain.split("/") if p not in ("", ".")]
    if plain.startswith("/") or ".." in parts or (parts and len(parts[0]) == 2 and parts[0][1] == ":"):
        raise BadArchive(
            f"'{archive}' holds a file named '{name[:80]}', which points outside of the archive. "
            "Nothing of it was imported. Pack the folder again, or leave it if you do not know who made it."
        )
    return "/".join(parts)


def open_tree(source: Path) -> Tree:
    """A folder, zip or tar as a tree; DataError where it is none."""
    from analysis.datasets.folder_tree import FolderTree
    from analysis.datasets.tar_tree import TarTree, is_tar
    from analysis.datasets.zip_tree import ZipTree, is_zip

    if source.is_dir():
        return FolderTree(source)
    if is_zip(source):
        return ZipTree(source)
    if is_tar(source):
        return TarTree(source)
    raise DataError(f"'{source.name}' is neither a folder nor a zip or tar archive.")
