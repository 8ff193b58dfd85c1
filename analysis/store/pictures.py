"""Images that were given to us: a row, and the original bytes as a file."""

from duckdb import DuckDBPyConnection

from analysis.store.files import Files
from analysis.store.rows import first_row
from analysis.store.times import now
from analysis.types import Picture


def write(db: DuckDBPyConnection, picture: Picture, file: str, size_bytes: int) -> None:
    """Put one image's row; a later name replaces an earlier one."""
    row = [picture.digest, picture.name, picture.pixels.width, picture.pixels.height, size_bytes, file, now()]
    db.execute("INSERT OR REPLACE INTO image VALUES (?, ?, ?, ?, ?, ?, ?)", row)


def read(db: DuckDBPyConnection, digest: str, files: Files) -> tuple[str, bytes] | None:
    """Name and original bytes, or None if either is missing."""
    row = first_row(db, "SELECT name, file FROM image WHERE image_id = ?", [digest])
    if row is None:
        return None
    data = files.get(row[1])
    return None if data is None else (row[0], data)
