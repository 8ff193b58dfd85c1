"""Classifiers that were used, and what they said of images."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from duckdb import DuckDBPyConnection

from analysis.store.times import now
from analysis.types import Prediction

if TYPE_CHECKING:  # importing it costs a second of torch
    from models.classifier import Classifier


_PUT_PREDICTIONS = """
    INSERT OR REPLACE INTO prediction
    SELECT ?, ?, unnest(?::INTEGER[]), unnest(?::INTEGER[]), unnest(?::VARCHAR[]), unnest(?::DOUBLE[]),
           unnest(?::DOUBLE[])"""


def write(db: DuckDBPyConnection, classifier: Classifier) -> None:
    """Put one model's row; the moment it was first added stays."""
    parameters = sum(p.numel() for p in classifier.module.parameters())
    row = [classifier.fingerprint, classifier.name, classifier.architecture, classifier.source, parameters, now()]
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
    for image, *columns in rows:
        found[image] = (*found.get(image, ()), Prediction(*columns))
    return found
