"""All tables as Parquet files in a folder, and back: for other programs, for other workspaces, for keeping.

Tables only: images, maps, features and points stay where they are. The numbers that stand for datasets, passes and
selections in the large tables are the workspace's own and are given anew when tables are taken in.
"""

from __future__ import annotations

import json
import shutil
import uuid
from pathlib import Path

from duckdb import DuckDBPyConnection

from analysis.errors import BadName, BadTable, StoreError, StoreTooNew
from analysis.store import geometry, overview, parquet
from analysis.store.access import Access
from analysis.store.embeddings import FOLDER, POINTS
from analysis.store.failures import unwritable
from analysis.store.schema import newest_step
from analysis.store.taking import take

MANIFEST = "manifest.json"
_FORMAT = "cutaway tables"


class Transfer:
    """Tables out of and into the workspace."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def export_to(self, folder: Path) -> None:
        """Write a Parquet file a table and manifest.json, all as of one moment, or nothing.

        BadName if there is something at that place already, StoreError if it cannot be written.
        """
        if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
            raise BadName(f"'{folder.name}' is there already. Choose a folder that is new or empty.")
        unfinished = folder.with_name(f".{uuid.uuid4().hex}.part")
        try:
            unfinished.mkdir(parents=True)
            with self._access.read() as db:
                _write(db, unfinished)
            unfinished.replace(folder)
        except OSError as error:
            raise StoreError(unwritable(error, "folder")) from error
        finally:
            shutil.rmtree(unfinished, ignore_errors=True)

    def import_from(self, folder: Path) -> None:
        """Take in what `export_to` wrote, or nothing. What is there stays; only what is missing is added.

        A dataset or selection whose name is taken gets a number behind it; jobs that were not finished are left out,
        and embeddings whose points are not in this workspace. What was measured of features comes as numbers; with
        its spectra and matrices where those are in this workspace.
        BadTable if the folder is not such an export or is damaged, StoreTooNew if a newer Cutaway wrote it.
        """
        with self._access.read() as db:
            files = _checked(db, folder)
        laid = [path.parent.name for path in (self._access.workspace / FOLDER).glob(f"*/{POINTS}")]
        drawn = geometry.files_of(self._access.workspace)
        self._access.write(lambda db: take(db, files, laid, drawn))


def _write(db: DuckDBPyConnection, folder: Path) -> None:
    rows = overview.counts(db)
    for table in rows:
        db.table(table).write_parquet(str(folder / f"{table}.parquet"))
    manifest = {"format": _FORMAT, "schema": newest_step(), "rows": rows}
    (folder / MANIFEST).write_text(json.dumps(manifest, indent=1) + "\n", encoding="utf-8")


def _checked(db: DuckDBPyConnection, folder: Path) -> dict[str, str]:
    """Table -> its file, all of them read to the end."""
    what = f"The export '{folder.name}'"
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        step, rows = int(manifest["schema"]), {str(t): int(n) for t, n in manifest["rows"].items()}
        known = manifest["format"] == _FORMAT
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise BadTable(f"{what} has no {MANIFEST} that can be read. Choose a folder that was exported.") from error
    if not known:
        raise BadTable(f"{what} is not one of Cutaway's. Choose a folder that was exported.")
    if step > newest_step():
        raise StoreTooNew(
            f"{what} was written by a newer Cutaway (step {step}, this version knows {newest_step()}). Update Cutaway."
        )
    files = {}
    for table in rows.keys() & overview.counts(db).keys():
        (files[table],) = parquet.described(db, what, [folder / f"{table}.parquet"], [])
        if unknown := set(parquet.columns(db, files[table])) - set(db.table(table).columns):
            raise BadTable(f"{what} has unknown columns in {table}.parquet: {', '.join(sorted(unknown))}.")
        found = parquet.numbers(db, what, [files[table]], {"rows": "count(*)"})["rows"]
        if found != rows[table]:
            raise BadTable(f"{what} is not whole: {table}.parquet has {found:,} rows, expected {rows[table]:,}.")
    return files
