"""Bytes beside the database: named by their digest, written whole or not at all.

A file `ab/abcdef...npy` holds the bytes with that sha256, so that equal arrays share one file, a file
that is there is complete, and a damaged one is found out when it is read.
"""

import hashlib
import io
import os
import uuid
from pathlib import Path

import numpy as np

_TEMPORARY = ".part"


class Files:
    """The files of one folder of the workspace."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def put(self, data: bytes, suffix: str = "") -> str:
        """Keep the bytes; their name. On disk when it returns; OSError and nothing kept where it cannot be."""
        digest = hashlib.sha256(data).hexdigest()
        name = f"{digest[:2]}/{digest}{suffix}"
        path = self.folder / name
        if path.is_file() and path.stat().st_size == len(data):
            return name
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_name(uuid.uuid4().hex + _TEMPORARY)
        try:
            with part.open("wb") as file:
                file.write(data)
                file.flush()
                os.fsync(file.fileno())
            part.replace(path)
        finally:
            part.unlink(missing_ok=True)
        return name

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

    def put_array(self, values: np.ndarray) -> str:
        """Keep an array of numbers, bit for bit; its name."""
        buffer = io.BytesIO()
        np.save(buffer, np.ascontiguousarray(values), allow_pickle=False)
        return self.put(buffer.getvalue(), ".npy")

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
