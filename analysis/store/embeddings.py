"""Embeddings and clusterings: a row each, and beside it a folder with the points, a row a sample of the dataset.

`<workspace>/embeddings/<embedding_id>` holds points.npy (samples, dims) float32, and where they are known error.npy
(samples,) float32, placer.npz, rows.npy (the samples that the method itself has laid) and clusters-<id>.npy (samples,)
int32. Each file is there whole or not at all.
"""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.embeddings import Clustering, Embedding, Quality
from analysis.errors import BadTable, StoreError
from analysis.store import folders, rows
from analysis.store.access import Access
from analysis.store.datasets import get as get_dataset
from analysis.store.failures import unwritable
from analysis.store.names import checked_id
from analysis.store.times import from_column, to_column
from models.errors import UnknownName

FOLDER = folders.HELD["embedding"]
POINTS, ERRORS, PLACER, FITTED = "points.npy", "error.npy", "placer.npz", "rows.npy"

_NAMES = rows.columns(Embedding, "quality")
_KEPT = rows.columns(Embedding, "quality", "dataset_name")
_PUT = rows.insert("embedding", [f'"{n}"' for n in (*_KEPT, "quality")])
_COLUMNS = ["dataset.name" if n == "dataset_name" else f'embedding."{n}"' for n in (*_NAMES, "quality")]
_GET = rows.select("embedding JOIN dataset USING (dataset_id)", _COLUMNS)
_CLUSTERING = rows.columns(Clustering)
_PUT_CLUSTERING = rows.insert("clustering", _CLUSTERING)
_GET_CLUSTERING = rows.select("clustering", _CLUSTERING)


class Embeddings:
    """What is known of embeddings. UnknownName where one is asked for that is not there, or has lost its points."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._moving = threading.Lock()

    def save(self, embedding: Embedding, folder: Path) -> None:
        """Keep an embedding and take over the folder with its files, or nothing; one with the same id gives way.

        UnknownName if its dataset is not there, BadTable if the points are not what the record says.
        """
        checked_id("embedding", embedding.embedding_id)
        _check(embedding, folder / POINTS)
        with self._access.read() as db:
            get_dataset(db, embedding.dataset_id)
        place = self._folder(embedding.embedding_id)
        try:
            with self._moving:
                if folder.resolve() != place.resolve():
                    place.parent.mkdir(parents=True, exist_ok=True)
                    folders.remove(place)
                    folder.replace(place)
        except OSError as error:
            raise StoreError(unwritable(error, "folder")) from error
        self._access.write(lambda db: _write(db, embedding))

    def all(self, dataset_id: str | None = None) -> list[Embedding]:
        """The latest first."""
        query = f"""{_GET} WHERE ?::VARCHAR IS NULL OR embedding.dataset_id = ?
                    ORDER BY computed_at DESC, embedding_id"""
        with self._access.read() as db:
            return [_from_row(row) for row in db.execute(query, [dataset_id, dataset_id]).fetchall()]

    def one(self, embedding_id: str) -> Embedding | None:
        with self._access.read() as db:
            row = rows.first_row(db, f"{_GET} WHERE embedding_id = ?", [embedding_id])
        return _from_row(row) if row else None

    def has(self, embedding_id: str) -> bool:
        """Whether it is there with its points."""
        return self.one(embedding_id) is not None and (self._folder(embedding_id) / POINTS).is_file()

    def delete(self, embedding_id: str) -> None:
        """Remove it with its clusterings and its folder. One that is not there is gone already."""
        checked_id("embedding", embedding_id)

        def change(db: DuckDBPyConnection) -> None:
            for table in ("clustering", "embedding"):
                db.execute(f"DELETE FROM {table} WHERE embedding_id = ?", [embedding_id])  # noqa: S608  names of ours

        self._access.write(change)
        folders.remove(self._folder(embedding_id))

    def points(self, embedding_id: str) -> np.ndarray:
        """(samples, dims) float32, NaN where a sample has no place."""
        return self._array(embedding_id, POINTS)

    def errors(self, embedding_id: str) -> np.ndarray | None:
        """(samples,) float32: each one's share of neighbours in the picture that are strangers. None: not measured."""
        return self._array(embedding_id, ERRORS) if self._has(embedding_id, ERRORS) else None

    def fitted_rows(self, embedding_id: str) -> np.ndarray | None:
        """The samples (n,) int64 that the method itself has laid; None where it has laid all that have features."""
        return self._array(embedding_id, FITTED) if self._has(embedding_id, FITTED) else None

    def placer_path(self, embedding_id: str) -> Path | None:
        """The file of its map for features that were not there; None where it has none."""
        return self._folder(embedding_id) / PLACER if self._has(embedding_id, PLACER) else None

    def save_quality(self, embedding_id: str, quality: Quality, errors: np.ndarray | None = None) -> None:
        """Keep how far it can be believed, and each sample's error (samples,); UnknownName where it is gone."""
        self._known(embedding_id)
        if errors is not None:
            self._put(embedding_id, ERRORS, np.asarray(errors, np.float32))
        text = json.dumps(quality.to_json())
        query = "UPDATE embedding SET quality = ? WHERE embedding_id = ?"
        self._access.write(lambda db: db.execute(query, [text, embedding_id]) and None)

    # --------------------------------------------------------------------------------------------------- clusterings

    def save_clustering(self, clustering: Clustering, labels: np.ndarray) -> None:
        """Keep a clustering with its labels (samples,) int32; one with the same id gives way."""
        checked_id("clustering", clustering.clustering_id)
        samples = self._known(clustering.embedding_id).samples
        if np.shape(labels) != (samples,):
            raise BadTable(f"A clustering takes a label for each of {samples:,} samples; got {np.shape(labels)}.")
        self._put(clustering.embedding_id, labels_file(clustering.clustering_id), np.asarray(labels, np.int32))
        values = clustering.to_json() | {"computed_at": to_column(clustering.computed_at)}
        packed = [_packed(values[n]) for n in _CLUSTERING]
        self._access.write(lambda db: db.execute(_PUT_CLUSTERING, packed) and None)

    def clusterings(self, embedding_id: str) -> list[Clustering]:
        """Of an embedding, the latest first."""
        query = f"{_GET_CLUSTERING} WHERE embedding_id = ? ORDER BY computed_at DESC, clustering_id"
        with self._access.read() as db:
            return [_clustering(row) for row in db.execute(query, [embedding_id]).fetchall()]

    def clustering(self, clustering_id: str) -> Clustering | None:
        with self._access.read() as db:
            row = rows.first_row(db, f"{_GET_CLUSTERING} WHERE clustering_id = ?", [clustering_id])
        return _clustering(row) if row else None

    def labels(self, clustering_id: str) -> np.ndarray:
        """(samples,) int32, -1 for none."""
        found = self.clustering(clustering_id)
        if found is None:
            raise UnknownName("clustering", clustering_id, self._ids("clustering"))
        return self._array(found.embedding_id, labels_file(clustering_id))

    def delete_clustering(self, clustering_id: str) -> None:
        """One that is not there is gone already."""
        found = self.clustering(clustering_id)
        query = "DELETE FROM clustering WHERE clustering_id = ?"
        self._access.write(lambda db: db.execute(query, [clustering_id]) and None)
        if found is not None:
            (self._folder(found.embedding_id) / labels_file(clustering_id)).unlink(missing_ok=True)

    # --------------------------------------------------------------------------------------------------------- files

    def _folder(self, embedding_id: str) -> Path:
        return self._access.workspace / FOLDER / checked_id("embedding", embedding_id)

    def _has(self, embedding_id: str, name: str) -> bool:
        return (self._folder(embedding_id) / name).is_file()

    def _array(self, embedding_id: str, name: str) -> np.ndarray:
        try:
            return np.load(self._folder(embedding_id) / name, allow_pickle=False)
        except FileNotFoundError:
            raise UnknownName("embedding", embedding_id, self._ids("embedding")) from None
        except (OSError, ValueError, EOFError) as error:
            raise StoreError(
                f"The file {name} of an embedding cannot be read. Delete the embedding, and compute it again."
            ) from error

    def _put(self, embedding_id: str, name: str, values: np.ndarray) -> None:
        write_array(self._folder(embedding_id) / name, values)

    def _known(self, embedding_id: str) -> Embedding:
        found = self.one(embedding_id)
        if found is None:
            raise UnknownName("embedding", embedding_id, self._ids("embedding"))
        return found

    def _ids(self, table: str) -> list[str]:
        with self._access.read() as db:
            return [i for (i,) in db.execute(f"SELECT {table}_id FROM {table}").fetchall()]  # noqa: S608  ours


def shape_of(path: Path) -> tuple[int, ...] | None:
    """Of the array in a .npy file; None where it cannot be read."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False).shape
    except (OSError, ValueError, EOFError):
        return None


def write_array(path: Path, values: np.ndarray) -> None:
    """An array into a .npy file that is there whole or not at all; StoreError where the disk refuses."""
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}-{path.name}.part")
    try:
        with part.open("wb") as opened:
            np.save(opened, np.ascontiguousarray(values), allow_pickle=False)
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(path)
    except OSError as error:
        raise StoreError(unwritable(error, "file")) from error
    finally:
        part.unlink(missing_ok=True)


def _check(embedding: Embedding, path: Path) -> None:
    wanted = (embedding.samples, embedding.dims)
    found = shape_of(path)
    if found is None:
        raise BadTable("An embedding cannot be taken: its points cannot be read. Compute it again.")
    if found != wanted:
        raise BadTable(f"An embedding cannot be taken: its points are {found}, expected {wanted}. Compute it again.")


def _write(db: DuckDBPyConnection, embedding: Embedding) -> None:
    dataset = get_dataset(db, embedding.dataset_id)  # UnknownName where it was deleted meanwhile
    values = rows.to_row(replace(embedding, dataset_id=dataset.dataset_id, quality=None), "dataset_name", "quality")
    db.execute(_PUT, [*values, json.dumps(embedding.quality.to_json()) if embedding.quality else None])


def _from_row(row: Sequence[Any]) -> Embedding:
    values = dict(zip(_NAMES, row[:-1], strict=True))
    values |= {n: json.loads(values[n]) for n in ("params", "axes", "remarks")}
    quality = json.loads(row[-1]) if row[-1] else None
    when = from_column(values["computed_at"]).isoformat()
    return Embedding.from_json(values | {"quality": quality, "computed_at": when})


def _clustering(row: Sequence[Any]) -> Clustering:
    values = dict(zip(_CLUSTERING, row, strict=True))
    values |= {n: json.loads(values[n]) for n in ("params", "clusters", "remarks")}
    return Clustering.from_json(values | {"computed_at": from_column(values["computed_at"]).isoformat()})


def _packed(value: Any) -> Any:
    return json.dumps(value) if isinstance(value, dict | list | tuple) else value


def labels_file(clustering_id: str) -> str:
    """The name of the file with a clustering's labels, in its embedding's folder."""
    return f"clusters-{checked_id('clustering', clustering_id)}.npy"
