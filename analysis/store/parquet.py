"""Our own Parquet files, looked at before they are taken in: what is wrong is said before anything is written."""

from collections.abc import Mapping, Sequence
from pathlib import Path

import duckdb
from duckdb import DuckDBPyConnection

from analysis.errors import BadTable

SOURCE = "read_parquet(?::VARCHAR[], hive_partitioning = false)"
"""The files whose paths are bound as a list."""


def described(db: DuckDBPyConnection, what: str, paths: Sequence[Path], needed: Sequence[str]) -> list[str]:
    """The paths for SOURCE; BadTable if a file is missing or damaged, or has not the needed columns."""
    gone = next((p.name for p in paths if not p.is_file()), None)
    if gone is not None or not paths:
        raise BadTable(f"{what} cannot be taken: {gone or 'its table'} is missing. Make it again.")
    names = [str(p) for p in paths]
    try:
        found = columns(db, *names)
    except (duckdb.InvalidInputException, duckdb.IOException) as error:
        raise BadTable(f"{what} cannot be taken: its table is damaged. Make it again.") from error
    if missing := [name for name in needed if name not in found]:
        raise BadTable(f"{what} cannot be taken: its table lacks the columns {', '.join(missing)}. Make it again.")
    return names


def columns(db: DuckDBPyConnection, *names: str) -> list[str]:
    """The columns that the files have."""
    return [row[0] for row in db.execute(f"DESCRIBE SELECT * FROM {SOURCE}", [names]).fetchall()]  # noqa: S608


def numbers(db: DuckDBPyConnection, what: str, names: list[str], asked: Mapping[str, str]) -> dict[str, int]:
    """One number an expression, over all rows of the files; BadTable where the files cannot be read to the end."""
    query = f"SELECT {', '.join(asked.values())} FROM {SOURCE}"  # noqa: S608  expressions of ours
    try:
        return dict(zip(asked, db.execute(query, [names]).fetchall()[0], strict=True))
    except (duckdb.InvalidInputException, duckdb.IOException, duckdb.ConversionException) as error:
        raise BadTable(f"{what} cannot be taken: its table is damaged. Make it again.") from error


def checked_places(what: str, found: Mapping[str, int], rows: int, size: int) -> None:
    """BadTable unless there are so many rows, each a sample of its own among `size`.

    found: `rows`, `places` (distinct samples), `first` and `last`.
    """
    if found["rows"] != rows:
        raise BadTable(f"{what} cannot be taken: its table has {found['rows']:,} rows, its record says {rows:,}.")
    if rows and (found["places"] != rows or found["first"] < 0 or found["last"] >= size):
        raise BadTable(
            f"{what} cannot be taken: its {rows:,} rows name {found['places']:,} samples from {found['first']} "
            f"to {found['last']}; expected each sample once, from 0 to {size - 1}. Make it again."
        )


PLACES = {"rows": "count(*)", "places": "count(DISTINCT sample)", "first": "min(sample)", "last": "max(sample)"}
"""What `checked_places` wants to know."""
