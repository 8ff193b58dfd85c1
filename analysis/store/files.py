"""Bytes beside the database: named by their digest, written whole or not at all.

A file `ab/abcdef...npy` holds the bytes with that sha256, so that equal arrays share one file, a file
that is there is complete, and a damaged one is found out when it is read.
"""

import hashlib
import io
import os
import uuid
from collections.abc import Mapping
from pathlib import Path

import numpy as np

_TEMPORARY = ".part"


class Files:
    """The files of one folder of the workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, contents: Mapping[str, bytes], suffix: str = "") -> dict[str, str]:
        """Keep bytes by key; key -> name. All on disk when it returns; OSError and no half file where they cannot be.

        All are written before the first is forced to the disk, which then takes the others along.
        """
        digests = {key: hashlib.sha256(data).hexdigest() for key, data in contents.items()}
        names = {key: f"{digest[:2]}/{digest}{suffix}" for key, digest in digests.items()}
        missing = {names[key]: data for key, data in contents.items() if not self._has(names[key], len(data))}
        parts = {name: (self.folder / name).with_name(uuid.uuid4().hex + _TEMPORARY) for name in missing}
        try:
            for name, data in missing.items():
                parts[name].parent.mkdir(parents=True, exist_ok=True)
                parts[name].write_bytes(data)
            for name, part in parts.items():
                with part.open("rb+") as file:
                    os.fsync(file.fileno())
                part.replace(self.folder / name)
        finally:
            for part in parts.values():
                part.unlink(missing_ok=True)
        return names

    def _has(self, name: str, size: int) -> bool:
        try:
            return (self.folder / name).stat().st_size == size
        except FileNotFoundError:
            return False

    def get(self, name: str) -> bytes | None:
        """The bytes, or None if they cannot be read, or are not those that were kept (then the file goes)."""
        path = self.folder / name
        try:
            data = path.read_bytes()
        except OSError:
            return None
        if hashlib.sha256(data).hexdigest() == path.name.split(".")[0]:
            return data
        path.unlink(missing_ok=True)
        return None

    def intact(self, name: str) -> bool:
        """Whether the file is there and holds what was kept. It stays as it is."""
        try:
            with (self.folder / name).open("rb") as file:
                return hashlib.file_digest(file, "sha256").hexdigest() == Path(name).name.split(".")[0]
        except OSError:
            return False

    def put_arrays(self, arrays: Mapping[str, np.ndarray]) -> dict[str, str]:
        """Keep arrays of numbers by key, bit for bit; key -> name, as in `put`."""
        return self.put({key: _npy(values) for key, values in arrays.items()}, ".npy")

    def get_array(self, name: str) -> np.ndarray | None:
        """The array, or None as in `get`."""
        data = self.get(name)
        return None if data is None else np.load(io.BytesIO(data), allow_pickle=False)

    def exists(self, name: str) -> bool:
        return (self.folder / name).is_file()

    def remove_unused(self, used: set[str], older_than: float) -> int:
        """Remove files that no row names and that are older (epoch seconds); their number."""
        removed = 0
        for path in self.folder.glob("*/*"):
            unused = path.relative_to(self.folder).as_posix() not in used
            if unused and path.stat().st_mtime < older_than:
                path.unlink(missing_ok=True)
                removed += 1
        return removed


def _npy(values: np.ndarray) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, np.ascontiguousarray(values), allow_pickle=False)
    return buffer.getvalue()
