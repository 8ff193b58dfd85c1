"""Classifiers that were used, and what they said of images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from analysis.records import ModelRecord
from analysis.store import folders
from analysis.store.access import Access
from analysis.store.passes import drop as drop_passes
from analysis.store.rows import columns, from_row, select
from analysis.store.times import to_column
from analysis.types import Prediction

if TYPE_CHECKING:  # importing it costs a second of torch
    from models.classifier import Classifier


_PUT_PREDICTIONS = """
    INSERT OR REPLACE INTO prediction
    SELECT ?, ?, unnest(?::INTEGER[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::DOUBLE[]),
           unnest(?::DOUBLE[])"""


def described(classifier: Classifier) -> ModelRecord:
    """What is kept of a classifier."""
    from models.counting import parameters

    return ModelRecord(
        model_id=classifier.fingerprint,
        name=classifier.name,
        architecture=classifier.architecture,
        source=classifier.source,
        parameters=sum(p.numel() for p in parameters(classifier.module)),
        added_at=datetime.now(UTC),
    )


def write(db: DuckDBPyConnection, model: ModelRecord) -> None:
    """Put one model's row; the moment it was first added stays."""
    row = [model.model_id, model.name, model.architecture, model.source, model.parameters, to_column(model.added_at)]
    db.execute(
        """INSERT INTO model VALUES (?, ?, ?, ?, ?, ?)
           ON CONFLICT (model_id) DO UPDATE SET name = excluded.name, source = excluded.source""",
        row,
    )


def write_predictions(db: DuckDBPyConnection, fingerprint: str, digest: str, top: Sequence[Prediction]) -> None:
    """Put the best classes of one image, in the place of what was there."""
    if top:
        rows = [(p.index, p.name, p.probability, p.logit) for p in top]
        columns = [list(column) for column in zip(*rows, strict=True)]
        db.execute(_PUT_PREDICTIONS, [fingerprint, digest, list(range(len(top))), *columns])
    rest = [fingerprint, digest, len(top)]
    db.execute("DELETE FROM prediction WHERE model_id = ? AND image_id = ? AND rank >= ?", rest)


def read_predictions(
    db: DuckDBPyConnection, fingerprint: str, digests: Iterable[str]
) -> dict[str, tuple[Prediction, ...]]:
    """The best classes, best first, of those images that have them."""
    rows = db.execute(
        """SELECT image_id, class_index, class_name, probability, logit FROM prediction
           WHERE model_id = ? AND image_id IN (SELECT unnest(?::VARCHAR[])) ORDER BY image_id, rank""",
        [fingerprint, list(digests)],
    ).fetchall()
    found: dict[str, tuple[Prediction, ...]] = {}
    for image, *values in rows:
        found[image] = (*found.get(image, ()), Prediction(*values))
    return found


_COLUMNS = columns(ModelRecord)


class Models:
    """What is known of the classifiers that were used in the workspace."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def all(self) -> list[ModelRecord]:
        """The last added first."""
        query = f"{select('model', _COLUMNS)} ORDER BY added_at DESC, model_id"
        with self._access.read() as db:
            return [from_row(ModelRecord, _COLUMNS, row) for row in db.execute(query).fetchall()]

    def delete(self, model_id: str) -> None:
        """Forget it with all that it said: predictions, maps, passes and their folders, class maps, measures of it
        and of others against it, speeds. Weights stay.

        The files of its maps go at the next compacting. One that is not there is forgotten already.
        """
        for pass_id in self._access.write(lambda db: _drop(db, model_id)):
            folders.remove_pass(self._access.workspace, pass_id)


def _drop(db: DuckDBPyConnection, model_id: str) -> list[str]:
    passes = [p for (p,) in db.execute("SELECT pass_id FROM pass WHERE model_id = ?", [model_id]).fetchall()]
    drop_passes(db, passes)
    for query in (
        "DELETE FROM attribution_map a USING run r WHERE a.run_id = r.run_id AND model_id = ?",
        "DELETE FROM run WHERE model_id = ?",
        "DELETE FROM prediction WHERE model_id = ?",
        "DELETE FROM class_map WHERE model_id = ?",
        "DELETE FROM variant_measure WHERE ? IN (model_id, base_id)",
        "DELETE FROM model_speed WHERE model_id = ?",
        "DELETE FROM model_profile WHERE model_id = ?",
        "DELETE FROM model WHERE model_id = ?",
    ):
        db.execute(query, [model_id])
    return passes
