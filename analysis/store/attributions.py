"""Attribution maps: a `run` row, an `attribution_map` row, and the raw map as a file."""

import json
from collections.abc import Iterable, Mapping

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.store.files import Files
from analysis.store.keys import canonical
from analysis.store.rows import first_row
from analysis.store.times import from_column, to_column
from analysis.types import AttributionMap

# One statement for many rows: ten times faster than a statement for each.
_PUT_RUNS = """
    INSERT OR REPLACE INTO run
    SELECT unnest(?::VARCHAR[]), 'attribution', unnest(?::VARCHAR[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[]),
           unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::DOUBLE[]), unnest(?::VARCHAR[]),
           unnest(?::TIMESTAMP[])"""
_PUT_MAPS = """
    INSERT OR REPLACE INTO attribution_map
    SELECT unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]), unnest(?::VARCHAR[]),
           unnest(?::VARCHAR[])"""


def write(
    db: DuckDBPyConnection, found: Mapping[str, AttributionMap], files: Mapping[str, str], versions: Mapping[str, int]
) -> None:
    """Put the rows of maps by key, in the place of those with the same keys. files: key -> name of the raw map."""
    runs = [
        (
            run_id,
            a.method,
            versions.get(a.method),
            canonical(a.params),
            a.classifier,
            a.image,
            a.seconds,
            a.device,
            to_column(a.computed_at),
        )
        for run_id, a in found.items()
    ]
    maps = [(key, canonical(a.taps), a.target, canonical(a.remarks), files[key]) for key, a in found.items()]
    if found:
        db.execute(_PUT_RUNS, [list(column) for column in zip(*runs, strict=True)])
        db.execute(_PUT_MAPS, [list(column) for column in zip(*maps, strict=True)])


def read(db: DuckDBPyConnection, run_ids: Iterable[str], files: Files) -> tuple[dict[str, AttributionMap], list[str]]:
    """The maps that are there, and the keys of rows whose file is gone or damaged."""
    rows = db.execute(
        """SELECT run_id, file, method, params, taps, target, image_id, model_id, remarks, seconds, device, computed_at
           FROM attribution_map JOIN run USING (run_id) WHERE run_id IN (SELECT unnest(?::VARCHAR[]))""",
        [list(run_ids)],
    ).fetchall()
    found, broken = {}, []
    for run_id, file, *columns in rows:
        raw = files.get_array(file)
        if raw is None:
            broken.append(run_id)
        else:
            found[run_id] = _map(raw, *columns)
    return found, broken


def _map(raw, method, params, taps, target, image, classifier, remarks, seconds, device, computed_at) -> AttributionMap:
    return AttributionMap(
        raw=raw.astype(np.float32, copy=False),
        method=method,
        params=json.loads(params),
        taps=tuple(json.loads(taps)),
        target=target,
        image=image,
        classifier=classifier,
        remarks=tuple(json.loads(remarks)),
        seconds=seconds,
        device=device,
        computed_at=from_column(computed_at),
        from_store=True,
    )


def drop(db: DuckDBPyConnection, run_ids: Iterable[str], files: Files) -> None:
    """Remove the rows whose file is still gone: another thread may have saved it again meanwhile."""
    for run_id in run_ids:
        row = first_row(db, "SELECT file FROM attribution_map WHERE run_id = ?", [run_id])
        if row and not files.exists(row[0]):
            db.execute("DELETE FROM attribution_map WHERE run_id = ?", [run_id])
            db.execute("DELETE FROM run WHERE run_id = ?", [run_id])
