"""The image files below a folder."""

import os
from collections.abc import Iterator
from pathlib import Path

from analysis.datasets.arrangement import is_candidate, is_leftover
from analysis.datasets.decoding import MAX_BYTES
from analysis.datasets.trees import TOO_LONG, Listing
from analysis.errors import DataError

_OTHERS = 20


class FolderTree:
    """See `Tree`. Links to files are followed, links to folders are not (they may go in circles)."""

    kind = "folder"

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def listing(self) -> Listing:
        images: list[str] = []
        others: list[str] = []
        refused: list[tuple[str, str]] = []
        count = 0
        for path, linked in self._walk():
            if linked:
                refused.append((path, "is a link to a folder, which is not followed"))
            elif is_candidate(path):
                images.append(path)
            elif not is_leftover(path):
                count += 1
                others += [path] if len(others) < _OTHERS else []
        return Listing(tuple(images), tuple(others), count, tuple(refused))

    def files(self, wanted: frozenset[str]) -> Iterator[tuple[str, bytes | str, float]]:
        for done, path in enumerate(sorted(wanted, key=lambda p: p.split("/"))):
            yield path, self._read(path), done / len(wanted)

    def _read(self, path: str) -> bytes | str:
        file = self._folder / path
        try:
            if not file.is_file():  # a pipe would wait for ever
                return "is a broken link or no plain file"
            with file.open("rb") as opened:
                data = opened.read(MAX_BYTES + 1)
        except OSError as error:
            return f"cannot be read ({error.strerror or error})"
        return data if len(data) <= MAX_BYTES else TOO_LONG

    def _walk(self) -> Iterator[tuple[str, bool]]:
        """(path with "/", whether it is a link to a folder), folders that cannot be listed left out."""

        def failed(error: OSError) -> None:
            if Path(error.filename) == self._folder:
                raise DataError(f"The folder '{self._folder.name}' cannot be read ({error.strerror}).") from error

        for where, folders, files in os.walk(self._folder, onerror=failed):
            inside = Path(where).relative_to(self._folder)
            for name in folders:
                if Path(where, name).is_symlink():
                    yield (inside / name).as_posix(), True
            folders[:] = sorted(n for n in folders if not n.startswith("."))
            for name in files:
                yield (inside / name).as_posix(), False
