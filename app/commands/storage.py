"""`cutaway store`: what a workspace holds on disk."""

from pathlib import Path
from typing import Annotated

import typer

from app import settings, terminal
from app.terminal import AsJson, Workspace

app = typer.Typer(
    help="What the workspace holds on disk: info, check, compact, export, import.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@app.command()
def info(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """Say how much there is of what, in rows and on disk."""
    where = settings.resolve(workspace)
    with terminal.open_store(where) as store:
        record = {"workspace": str(where.workspace), "rows": store.counts(), "bytes": store.size_report()}
    rows = (f"  {name}: {count:,} rows" for name, count in record["rows"].items() if count)
    sizes = (f"  {name}: {size / 2**20:.1f} MB" for name, size in record["bytes"].items())
    terminal.answer(record, (record["workspace"], *rows, *sizes), as_json)


@app.command()
def check(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """Compare rows with files and counts; exit code 1 where something is missing or damaged."""
    with terminal.open_store(settings.resolve(workspace)) as store:
        problems = store.check()
    terminal.answer({"problems": problems}, problems or ["All rows have their files, and all counts agree."], as_json)
    if problems:
        raise typer.Exit(1)


@app.command()
def compact(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """Remove files that nothing refers to any more."""
    with terminal.open_store(settings.resolve(workspace)) as store:
        before = store.size_bytes()
        removed = store.compact()
        freed = before - store.size_bytes()
    said = f"{removed:,} files removed, {freed / 2**20:.1f} MB freed."
    terminal.answer({"removed": removed, "freed_bytes": freed}, [said], as_json)


@app.command("export")
def export_tables(
    folder: Annotated[Path, typer.Argument(file_okay=False, help="Made if it is not there.")],
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Write every table as Parquet, for other programs or another workspace."""
    with terminal.open_store(settings.resolve(workspace)) as store:
        store.export_to(folder)
    written = sorted(path.name for path in folder.iterdir())
    terminal.answer({"folder": str(folder), "files": written}, [f"{folder}: {', '.join(written)}"], as_json)


@app.command("import")
def import_tables(
    folder: Annotated[Path, typer.Argument(exists=True, file_okay=False, help="What `export` wrote.")],
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Take in what `export` wrote; what is there already stays."""
    with terminal.open_store(settings.resolve(workspace)) as store:
        store.import_from(folder)
        rows = store.counts()
    terminal.answer({"rows": rows}, (f"{name}: {count:,} rows" for name, count in rows.items() if count), as_json)
