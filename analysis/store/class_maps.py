"""Which class of a dataset is which of a classifier's, where a user has said so by hand."""

from collections.abc import Mapping

from duckdb import DuckDBPyConnection

from analysis.store.access import Access

_GET = "SELECT dataset_class, model_class FROM class_map WHERE dataset_id = ? AND model_id = ? ORDER BY 1"
_DROP = """DELETE FROM class_map WHERE dataset_id = ? AND model_id = ?
           AND NOT list_contains(?::INTEGER[], dataset_class)"""


class ClassMaps:
    """Classes that were matched by hand."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def get(self, dataset_id: str, model_id: str) -> dict[int, int] | None:
        """Dataset's class -> classifier's class or UNLABELLED, for those said by hand; None if none was."""
        with self._access.read() as db:
            return dict(db.execute(_GET, [dataset_id, model_id]).fetchall()) or None

    def save(self, dataset_id: str, model_id: str, mapping: Mapping[int, int]) -> None:
        """Keep what was said by hand in the place of what was; nothing said forgets it."""
        rows = sorted((int(theirs), int(ours)) for theirs, ours in mapping.items())
        self._access.write(lambda db: _write(db, dataset_id, model_id, rows))


def _write(db: DuckDBPyConnection, dataset_id: str, model_id: str, rows: list[tuple[int, int]]) -> None:
    key = [dataset_id, model_id]
    db.execute(_DROP, [*key, [theirs for theirs, _ in rows]])
    for row in rows:
        db.execute("INSERT OR REPLACE INTO class_map VALUES (?, ?, ?, ?)", [*key, *row])
