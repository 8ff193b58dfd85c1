"""What was measured of models: how they do and how far they are from their base, how fast they are, what they are
made of. The weights themselves and what they were made by are in cards.
"""

import json
from collections.abc import Sequence

from duckdb import DuckDBPyConnection

from analysis.errors import BadTable
from analysis.records import Measures, Speed
from analysis.store.access import Access
from analysis.store.rows import columns, first_row, from_row, insert, select, to_row
from models.profiles import Profile

_MEASURE, _SPEED = columns(Measures), columns(Speed)
_KEPT = columns(Measures, "dataset_name")
_PUT_MEASURE, _PUT_SPEED = insert("variant_measure", _KEPT), insert("model_speed", _SPEED)
_PUT_PROFILE = insert("model_profile", ("model_id", "profile"))
_NAMED = ["dataset.name" if column == "dataset_name" else f"m.{column}" for column in _MEASURE]
_MEASURES = f"""{select("variant_measure m JOIN dataset USING (dataset_id)", _NAMED)}
    WHERE (?::VARCHAR IS NULL OR m.model_id = ?) AND (?::VARCHAR IS NULL OR m.dataset_id = ?)
    ORDER BY m.model_id, dataset.name, m.base_id"""
_SPEEDS = f"""{select("model_speed", _SPEED)} WHERE ?::VARCHAR IS NULL OR model_id = ?
    ORDER BY model_id, measured_at DESC, device, batch"""


class Variants:
    """Measures, speeds and profiles, by the fingerprints of models."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def save_measures(self, measures: Sequence[Measures]) -> None:
        """Keep them, each in the place of one of the same model, base and dataset. BadTable for one without dataset."""
        if stray := [m for m in measures if not m.dataset_id]:
            raise BadTable(f"Measures on '{stray[0].dataset_name}' have no dataset's id. Those of cards stay in cards.")
        rows = [to_row(m, "dataset_name") for m in measures]
        self._access.write(lambda db: _put(db, _PUT_MEASURE, rows))

    def measures(self, model_id: str | None = None, dataset_id: str | None = None) -> list[Measures]:
        """Of one model or of all, on one dataset or on all that are there."""
        with self._access.read() as db:
            rows = db.execute(_MEASURES, [model_id, model_id, dataset_id, dataset_id]).fetchall()
        return [from_row(Measures, _MEASURE, row) for row in rows]

    def save_speed(self, speed: Speed) -> None:
        """Keep it, in the place of one of the same model, device and batch."""
        self._access.write(lambda db: _put(db, _PUT_SPEED, [to_row(speed)]))

    def speeds(self, model_id: str | None = None) -> list[Speed]:
        """Of one model or of all, the latest of each first."""
        with self._access.read() as db:
            rows = db.execute(_SPEEDS, [model_id, model_id]).fetchall()
        return [from_row(Speed, _SPEED, row) for row in rows]

    def save_profile(self, model_id: str, profile: Profile) -> None:
        self._access.write(lambda db: _put(db, _PUT_PROFILE, [[model_id, json.dumps(profile.to_json())]]))

    def profile(self, model_id: str) -> Profile | None:
        with self._access.read() as db:
            row = first_row(db, "SELECT profile FROM model_profile WHERE model_id = ?", [model_id])
        return _profile(row[0]) if row else None

    def profiles(self) -> dict[str, Profile]:
        """All that are there, by model."""
        with self._access.read() as db:
            rows = db.execute("SELECT model_id, profile FROM model_profile").fetchall()
        return {model_id: found for model_id, text in rows if (found := _profile(text))}


def _profile(text: str) -> Profile | None:
    """None for what another version wrote otherwise: it is counted again."""
    try:
        return Profile.from_json(json.loads(text))
    except (ValueError, TypeError, KeyError):
        return None


def _put(db: DuckDBPyConnection, query: str, rows: Sequence[Sequence[object]]) -> None:
    for row in rows:
        db.execute(query, list(row))
