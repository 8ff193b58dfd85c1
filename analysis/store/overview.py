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


def sizes(db: DuckDBPyConnection, workspace: Path) -> dict[str, int]:
    """What the workspace takes on disk in bytes, by table ("table sample") and by folder or file in it.

    Parts do not overlap: all of them are `size_bytes`. A block that several tables share is divided among them;
    what no table has used so far is the rest of the file, "store.duckdb".
    """
    found = {f"table {name}": size for name, size in _table_sizes(db).items()}
    rest = 0
    for path in sorted(workspace.iterdir()) if workspace.is_dir() else []:
        size = size_bytes(path)
        if path.is_dir():
            found[path.name] = size
        else:
            rest += size
    found["store.duckdb"] = max(rest - sum(v for k, v in found.items() if k.startswith("table ")), 0)
    return found


def _table_sizes(db: DuckDBPyConnection) -> dict[str, int]:
    users: dict[int, set[str]] = {}
    for table in counts(db):
        query = f"""SELECT block_id FROM pragma_storage_info('{table}') WHERE block_id >= 0 UNION
                    SELECT unnest(additional_block_ids) FROM pragma_storage_info('{table}')"""  # noqa: S608  ours
        for (block,) in db.execute(query).fetchall():
            users.setdefault(block, set()).add(table)
    size = int(db.execute("SELECT block_size FROM pragma_database_size()").fetchall()[0][0])
    found = dict.fromkeys(counts(db), 0.0)
    for tables in users.values():
        for table in tables:
            found[table] += size / len(tables)
    return {table: round(bytes_) for table, bytes_ in found.items()}


def files_in_use(db: DuckDBPyConnection) -> set[str]:
    """The names of files that some row names."""
    return {name for (name,) in db.execute("SELECT file FROM attribution_map UNION SELECT file FROM image").fetchall()}


def size_bytes(folder: Path) -> int:
    """What a folder takes on disk with all that is in it, or a file."""
    total = 0
    for path in folder.rglob("*") if folder.is_dir() else [folder]:
        try:
            total += path.stat().st_size if path.is_file() else 0
        except FileNotFoundError:  # renamed or removed by a writer meanwhile
            continue
    return total
