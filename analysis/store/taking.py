"""Rows of an export into the tables: only those that are missing, with this workspace's own keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from duckdb import DuckDBPyConnection

from analysis.errors import BadTable
from analysis.store import parquet
from analysis.store.datasets import new_key
from analysis.store.names import checked_id, free_name

_MEASURED = ("variant_measure", "model_speed", "model_profile")
# Tables without keys of the workspace's own.
_PLAIN = ("model", "image", "prediction", "run", "attribution_map", "class_map", "job", *_MEASURED)
_HELD = (("dataset", "sample", "size"), ("pass", "sample_result", "samples"), ("selection", "selection_member", "size"))
_OF_SWEEPS = ("sweep_sample", "sweep_cell", "sweep_result")
_CONDITION = {"job": "WHERE state NOT IN ('queued', 'running')"}


def take(
    db: DuckDBPyConnection, files: Mapping[str, str], laid: Collection[str] = (), drawn: Collection[str] = ()
) -> None:
    """files: table -> its Parquet file. Runs in one transaction; BadTable where rows do not belong together.

    laid: ids of the embeddings whose points lie in the workspace; the rows of others would be of no use.
    drawn: "pass_id/tap" of measured features whose arrays do; of others the numbers are taken alone.
    """
    for table in _PLAIN:
        if table in files:
            query = f"INSERT OR IGNORE INTO {table} BY NAME SELECT * FROM {parquet.SOURCE} {_CONDITION.get(table, '')}"  # noqa: S608
            db.execute(query, [[files[table]]])
    for table, rows, size in _HELD:
        if table in files and rows in files:
            _take_held(db, files, table, rows, size)
    if all(table in files for table in ("sweep", *_OF_SWEEPS)):
        _take_sweeps(db, files)
    for table, key in (("embedding", "dataset"), ("clustering", "embedding")):
        if table in files:
            query = f"""INSERT OR IGNORE INTO {table} BY NAME SELECT * FROM {parquet.SOURCE}
                        WHERE embedding_id = ANY(?::VARCHAR[]) AND {key}_id IN (SELECT {key}_id FROM {key})"""  # noqa: S608
            db.execute(query, [[files[table]], [*laid]])
    if "geometry_score" in files:
        query = f"""INSERT OR IGNORE INTO geometry_score BY NAME
                    SELECT * REPLACE (
                        CASE WHEN pass_id || '/' || tap = ANY(?::VARCHAR[]) THEN arrays ELSE '[]' END AS arrays)
                    FROM {parquet.SOURCE} WHERE pass_id IN (SELECT pass_id FROM pass)
                        AND (other_pass = '' OR other_pass IN (SELECT pass_id FROM pass))"""  # noqa: S608
        db.execute(query, [[*drawn], [files["geometry_score"]]])


def _take_sweeps(db: DuckDBPyConnection, files: Mapping[str, str]) -> None:
    query = f"SELECT sweep_id, sweep_key FROM {parquet.SOURCE} ANTI JOIN sweep USING (sweep_id) ORDER BY sweep_id"  # noqa: S608
    for found, theirs in db.execute(query, [[files["sweep"]]]).fetchall():
        ours, name = new_key(db), _free_name(db, files["sweep"], "sweep", checked_id("sweep", found))
        query = f"""INSERT INTO sweep BY NAME SELECT * REPLACE (?::INTEGER AS sweep_key, ?::VARCHAR AS name)
                    FROM {parquet.SOURCE} WHERE sweep_id = ?"""  # noqa: S608
        db.execute(query, [ours, name, [files["sweep"]], found])
        for table in _OF_SWEEPS:
            query = f"""INSERT INTO {table} BY NAME SELECT * REPLACE (?::INTEGER AS sweep_key)
                        FROM {parquet.SOURCE} WHERE sweep_key = ?"""  # noqa: S608
            db.execute(query, [ours, [files[table]], theirs])


def _take_held(db: DuckDBPyConnection, files: Mapping[str, str], table: str, rows: str, size: str) -> None:
    """Datasets with their samples, passes with their results, or selections with their members."""
    query = f"""SELECT {table}_id, {table}_key, {size}, {"NULL" if table == "dataset" else "dataset_id"}
                FROM {parquet.SOURCE} ANTI JOIN {table} USING ({table}_id) ORDER BY {table}_id"""  # noqa: S608
    for found, key, expected, dataset_id in db.execute(query, [[files[table]]]).fetchall():
        checked_id(table, found)
        if dataset_id is None or _has_dataset(db, dataset_id):
            _take_one(db, files, table, rows, (found, key, expected))


def _take_one(
    db: DuckDBPyConnection, files: Mapping[str, str], table: str, rows: str, row: tuple[str, int, int]
) -> None:
    found, theirs, expected = row
    ours = new_key(db)
    replaced, values = f"?::INTEGER AS {table}_key", [str(ours)]
    if table != "pass":
        replaced += ", ?::VARCHAR AS name"
        values.append(_free_name(db, files[table], table, found))
    query = f"""INSERT INTO {table} BY NAME
                SELECT * REPLACE ({replaced}) FROM {parquet.SOURCE} WHERE {table}_id = ?"""  # noqa: S608
    db.execute(query, [*values, [files[table]], found])
    query = f"""INSERT INTO {rows} BY NAME
                SELECT * REPLACE (?::INTEGER AS {table}_key) FROM {parquet.SOURCE}
                WHERE {table}_key = ? ORDER BY sample"""  # noqa: S608
    db.execute(query, [ours, [files[rows]], theirs])
    taken = db.execute(f"SELECT count(*) FROM {rows} WHERE {table}_key = ?", [ours]).fetchall()[0][0]  # noqa: S608
    if taken != expected:
        raise BadTable(
            f"The export is not whole: a {table} has {taken:,} rows in {rows}.parquet, expected {expected:,}. "
            "Nothing was taken. Export it again."
        )


def _free_name(db: DuckDBPyConnection, file: str, table: str, found: str) -> str:
    query = f"SELECT name FROM {parquet.SOURCE} WHERE {table}_id = ?"  # noqa: S608
    name = db.execute(query, [[file], found]).fetchall()[0][0]
    taken = [n for (n,) in db.execute(f"SELECT name FROM {table}").fetchall()]  # noqa: S608
    return free_name(name, taken)


def _has_dataset(db: DuckDBPyConnection, dataset_id: str) -> bool:
    return bool(db.execute("SELECT 1 FROM dataset WHERE dataset_id = ?", [dataset_id]).fetchall())
