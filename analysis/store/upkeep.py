"""What nothing refers to any more: found, and removed."""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

from duckdb import DuckDBPyConnection

from analysis.store import folders, overview
from analysis.store.access import Access
from analysis.store.files import Files

ORPHAN_SECONDS = 3600
"""What is younger may belong to a row that is about to be committed."""

_GOING_ON = ("pass", "embedding", "geometry_score")
"""Whose folders are filled by jobs."""

_UNFINISHED = "SELECT count(*) FROM job WHERE state IN ('queued', 'running')"


class Upkeep:
    """Keeping the workspace as small as what is in it."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def compact(self) -> int:
        """Remove files and folders that no row names and that were not written to for an hour; how many files.

        While jobs wait or run, the folders of passes, embeddings and geometry, the cells of sweeps and what was
        uploaded stay: they may be about to go on.
        The log is written into the database's file, where new rows take the room of those that were deleted; the
        file itself becomes smaller only where DuckDB finds its end free.
        """
        workspace, before = self._access.workspace, time.time() - ORPHAN_SECONDS
        with self._access.read() as db:
            used = overview.files_in_use(db)
            orphans = [*unused_folders(db, workspace, before)]
            busy = unfinished(db)
        removed = sum(Files(workspace / name).remove_unused(used, before) for name in ("maps", "images"))
        for folder in orphans:
            files = sum(path.is_file() for path in folder.rglob("*"))
            removed += files if folders.remove(folder) else 0
        removed += _remove_old(workspace / "tmp", before, "duckdb_temp*")  # a killed process leaves them
        if not busy:
            removed += _remove_old(workspace / "incoming", before, "*")
            removed += _remove_old(workspace / "cells", before, "*/*.parquet")  # their rows are in the tables
        self._access.writer.checkpoint()
        return removed


def unfinished(db: DuckDBPyConnection) -> int:
    """Jobs that wait or run, or will when the server is started again."""
    return db.execute(_UNFINISHED).fetchall()[0][0]


def unused_folders(db: DuckDBPyConnection, workspace: Path, before: float) -> Iterator[Path]:
    """Folders in the workspace's own folders that no row names, not written to since `before` (epoch seconds)."""
    busy = unfinished(db)
    held = [(table, f"{table}_id", name) for table, name in folders.HELD.items()]
    for table, column, name in (*held, ("geometry_score", "pass_id", folders.GEOMETRY)):
        rows = db.execute(f"SELECT DISTINCT {column} FROM {table}").fetchall()  # noqa: S608  names of ours
        known = {found for (found,) in rows}
        for folder in sorted((workspace / name).glob("*")) if not (busy and table in _GOING_ON) else []:
            if folder.is_dir() and folder.name not in known and folders.newest(folder) < before:
                yield folder


def _remove_old(folder: Path, before: float, pattern: str) -> int:
    removed = 0
    for path in folder.glob(pattern):
        if path.is_file() and path.stat().st_mtime < before:
            path.unlink(missing_ok=True)
            removed += 1
    return removed
