"""Whether rows have their files, files their rows, and counts agree. One sentence for each thing that is wrong."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from analysis.store import parquet, upkeep
from analysis.store.access import Access
from analysis.store.embeddings import FOLDER, POINTS, labels_file, shape_of
from analysis.store.files import Files
from analysis.store.geometry import names_in, place_of

_SIZES = """
    SELECT d.name, d.dataset_id, size, labelled, count(s.sample), count(s.sample) FILTER (WHERE label >= 0)
    FROM dataset d LEFT JOIN sample s USING (dataset_key) GROUP BY ALL ORDER BY d.name"""
_RESULTS = """
    SELECT p.pass_id, model_name, coalesce(d.name, ''), p.samples, count(r.sample), p.taps <> '[]',
           coalesce(max(r.sample) >= d.size, false)
    FROM pass p LEFT JOIN dataset d USING (dataset_id) LEFT JOIN sample_result r USING (pass_key)
    GROUP BY p.pass_id, model_name, d.name, p.samples, p.taps, d.size ORDER BY ALL"""
_MEMBERS = """
    SELECT s.name, coalesce(d.name, ''), s.size, count(m.sample), coalesce(max(m.sample) >= d.size, false)
    FROM selection s LEFT JOIN dataset d USING (dataset_id) LEFT JOIN selection_member m USING (selection_key)
    GROUP BY s.selection_id, s.name, d.name, s.size, d.size ORDER BY ALL"""
_CELLS = """
    SELECT w.name, count(*), min(c.samples), min(coalesce(r.n, 0))
    FROM sweep_cell c JOIN sweep w USING (sweep_key) LEFT JOIN
         (SELECT sweep_key, member, condition, count(*) AS n FROM sweep_result GROUP BY ALL) r
         USING (sweep_key, member, condition)
    WHERE c.state = 'done' AND coalesce(r.n, 0) <> c.samples GROUP BY w.name ORDER BY ALL"""
_EMBEDDINGS = """
    SELECT embedding_id, e.model_name, method, coalesce(d.name, ''), dims, coalesce(d.size, samples)
    FROM embedding e LEFT JOIN dataset d USING (dataset_id) ORDER BY ALL"""
_MEASURED = """
    SELECT pass_id, tap, model_name, d.name, measure, other_pass, other_tap, arrays
    FROM geometry_score JOIN pass USING (pass_id) JOIN dataset d USING (dataset_id)
    WHERE arrays <> '[]' ORDER BY ALL"""
_STRAYS = {
    "rows of samples without a dataset": "SELECT count(*) FROM sample ANTI JOIN dataset USING (dataset_key)",
    "results without a pass": "SELECT count(*) FROM sample_result ANTI JOIN pass USING (pass_key)",
    "members without a selection": "SELECT count(*) FROM selection_member ANTI JOIN selection USING (selection_key)",
    "rows of cells without a sweep": "SELECT count(*) FROM sweep_result ANTI JOIN sweep USING (sweep_key)",
    "measures without a dataset": "SELECT count(*) FROM variant_measure ANTI JOIN dataset USING (dataset_id)",
    "measures of features without a pass": """SELECT count(*) FROM geometry_score
        WHERE pass_id NOT IN (SELECT pass_id FROM pass)
           OR (other_pass <> '' AND other_pass NOT IN (SELECT pass_id FROM pass))""",
    "clusterings without an embedding": "SELECT count(*) FROM clustering ANTI JOIN embedding USING (embedding_id)",
    "maps without a run": "SELECT count(*) FROM attribution_map ANTI JOIN run USING (run_id)",
    "runs without a map": "SELECT count(*) FROM run ANTI JOIN attribution_map USING (run_id)",
}


class Checking:
    """Looking the workspace over. It changes nothing."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def check(self) -> list[str]:
        """What is wrong, in sentences; none where all is well. Reads every map and image once."""
        workspace = self._access.workspace
        with self._access.database.cursor() as db:  # each question by itself: a damaged file ends a transaction
            return [
                *_datasets(db, workspace),
                *_passes(db, workspace),
                *_selections(db),
                *_sweeps(db),
                *_embeddings(db, workspace),
                *_geometry(db, workspace),
                *_strays(db),
                *_files(db, workspace),
                *_folders(db, workspace),
            ]


def _datasets(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    for name, dataset_id, size, labelled, rows, with_label in db.execute(_SIZES).fetchall():
        if rows != size:
            yield f"The dataset '{name}' should have {size:,} samples, its table has {rows:,}. Import it again."
        elif with_label != labelled:
            yield f"The dataset '{name}' should have {labelled:,} labels, its table has {with_label:,}."
        folder = workspace / "datasets" / dataset_id
        if not folder.is_dir():
            yield f"The images of the dataset '{name}' are gone. Import it again, or delete it."
        elif (said := _rows_in(db, folder / "samples.parquet")) != size:
            yield f"The dataset '{name}' should have {size:,} samples, its file samples.parquet {said}."


def _rows_in(db: DuckDBPyConnection, path: Path) -> int | str:
    """The rows of a Parquet file, or what is wrong with it."""
    if not path.is_file():
        return "is missing"
    try:
        return db.execute(f"SELECT count(*) FROM {parquet.SOURCE}", [[str(path)]]).fetchall()[0][0]  # noqa: S608
    except (duckdb.InvalidInputException, duckdb.IOException):
        return "is damaged"


def _passes(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    for pass_id, model, dataset, samples, rows, files, beyond in db.execute(_RESULTS).fetchall():
        what = f"The pass of '{model}' over '{dataset or 'a dataset that is gone'}'"
        if not dataset:
            yield f"{what} has lost its dataset. Delete it."
        if rows != samples:
            yield f"{what} should have {samples:,} results, its table has {rows:,}. Delete it and run it again."
        if beyond:
            yield f"{what} has results for samples that its dataset has not. Delete it and run it again."
        if files and not (workspace / "passes" / pass_id).is_dir():
            yield f"{what} has lost its features. Delete it and run it again."


def _selections(db: DuckDBPyConnection) -> Iterator[str]:
    for name, dataset, size, rows, beyond in db.execute(_MEMBERS).fetchall():
        if not dataset:
            yield f"The selection '{name}' has lost its dataset. Delete it."
        if rows != size:
            yield f"The selection '{name}' should have {size:,} samples, its table has {rows:,}. Make it again."
        if beyond:
            yield f"The selection '{name}' has samples that its dataset has not. Make it again."


def _sweeps(db: DuckDBPyConnection) -> Iterator[str]:
    for name, cells, expected, rows in db.execute(_CELLS).fetchall():
        yield (
            f"In the sweep '{name}' {cells:,} cells have lost rows: one should have {expected:,}, its table has "
            f"{rows:,}. Delete it and run it again."
        )


def _embeddings(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    for embedding_id, model, method, dataset, dims, size in db.execute(_EMBEDDINGS).fetchall():
        what = f"The {method} embedding of '{model}' over '{dataset or 'a dataset that is gone'}'"
        if not dataset:
            yield f"{what} has lost its dataset. Delete it."
        shape = shape_of(workspace / FOLDER / embedding_id / POINTS)
        if shape is None:
            yield f"{what} has lost its points. Delete it and compute it again."
        elif shape != (size, dims):
            yield f"{what} should have points {(size, dims)}, its file has {shape}. Delete it and compute it again."
    for clustering_id, embedding_id in db.execute("SELECT clustering_id, embedding_id FROM clustering").fetchall():
        if shape_of(workspace / FOLDER / embedding_id / labels_file(clustering_id)) is None:
            yield "A clustering has lost its labels. Delete it and compute it again."


def _geometry(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    kept: dict[tuple[str, ...], list[tuple[str, ...]]] = {}
    for pass_id, tap, model, dataset, *rest in db.execute(_MEASURED).fetchall():
        kept.setdefault((pass_id, tap, model, dataset), []).append(tuple(rest))
    for (pass_id, tap, model, dataset), measured in kept.items():
        there = names_in(place_of(workspace, pass_id, tap))
        if any(
            not set(json.loads(names)) <= there.get((measure, other_pass, other_tap), set())
            for measure, other_pass, other_tap, names in measured
        ):
            yield (
                f"What was measured of '{model}' over '{dataset}' at {tap} has lost its spectra and matrices. "
                "Measure it again."
            )


def _strays(db: DuckDBPyConnection) -> Iterator[str]:
    for what, query in _STRAYS.items():
        if found := db.execute(query).fetchall()[0][0]:
            yield f"There are {found:,} {what}. They do no harm but take room."


def _files(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    """Maps and images: their files' names are digests of what should be in them."""
    for table, folder, advice in (
        ("attribution_map", "maps", "It is computed again when asked."),
        ("image", "images", "Upload it again."),
    ):
        files = Files(workspace / folder)
        for (name,) in db.execute(f"SELECT DISTINCT file FROM {table} ORDER BY file").fetchall():  # noqa: S608
            if not files.exists(name):
                yield f"The file {folder}/{name} is gone. {advice}"
            elif not files.intact(name):
                yield f"The file {folder}/{name} is damaged. {advice}"


def _folders(db: DuckDBPyConnection, workspace: Path) -> Iterator[str]:
    before = time.time() - upkeep.ORPHAN_SECONDS
    for folder in upkeep.unused_folders(db, workspace, before):
        yield f"The folder {folder.parent.name}/{folder.name} belongs to nothing. Compacting removes it."
