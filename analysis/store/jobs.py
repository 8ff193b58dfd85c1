"""The journal of jobs: what is to be gone on with after a restart, and what became of the others."""

import json
from collections.abc import Iterable

from duckdb import DuckDBPyConnection

from analysis.records import JobRecord, JobState
from analysis.store.access import Access
from analysis.store.rows import columns, from_row, insert, select, to_row

_COLUMNS = columns(JobRecord)
_PUT = insert("job", _COLUMNS)
_GET = select("job", _COLUMNS)


class JobJournal:
    """Jobs as they are kept over restarts."""

    def __init__(self, access: Access) -> None:
        self._access = access

    def put(self, record: JobRecord) -> None:
        """Keep a job as it is now, in the place of what was known of it."""
        json.dumps(dict(record.arguments), allow_nan=False)  # TypeError here, where it was given
        self._access.write(lambda db: _put(db, record))

    def all(self, states: Iterable[JobState] | None = None, limit: int = 200) -> list[JobRecord]:
        """Those in one of the states, or in any; the last submitted first."""
        wanted = None if states is None else list(states)
        query = f"""{_GET} WHERE (?::VARCHAR[] IS NULL OR list_contains(?::VARCHAR[], state))
                    ORDER BY submitted_at DESC, key LIMIT ?"""
        with self._access.read() as db:
            rows = db.execute(query, [wanted, wanted, limit]).fetchall()
        return [from_row(JobRecord, _COLUMNS, row) for row in rows]

    def forget(self, key: str) -> None:
        """One that is not there is forgotten already."""
        self._access.write(lambda db: _forget(db, key))


def _put(db: DuckDBPyConnection, record: JobRecord) -> None:
    db.execute(_PUT, to_row(record))


def _forget(db: DuckDBPyConnection, key: str) -> None:
    db.execute("DELETE FROM job WHERE key = ?", [key])
