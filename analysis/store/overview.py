"""What is in a workspace, as numbers."""

from pathlib import Path

from duckdb import DuckDBPyConnection


def counts(db: DuckDBPyConnection) -> dict[str, int]:
    """Rows by table, without the internal ones."""
    names = [name for (name,) in db.execute("SELECT table_name FROM duckdb_tables() ORDER BY 1").fetchall()]
    found = {}
    for name in names:
        if not name.startswith("_"):
            query = f'SELECT count(*) FROM "{name}"'  # noqa: S608  a name of ours, and names cannot be bound
            found[name] = db.execute(query).fetchall()[0][0]
    return found


def files_in_use(db: DuckDBPyConnection) -> set[str]:
    """The names of files that some row names."""
    return {name for (name,) in db.execute("SELECT file FROM attribution_map UNION SELECT file FROM image").fetchall()}


def size_bytes(folder: Path) -> int:
    """What a folder takes on disk, with all that is in it."""
    total = 0
    for path in folder.rglob("*"):
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # renamed or removed by a writer meanwhile
            continue
    return total
