"""`cutaway sweep-report`: a sweep on one page."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from app import arguments, settings, terminal
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    from analysis.store.store import Store
    from analysis.sweeps import SweepRecord


def sweep_report(
    sweep: Annotated[str, typer.Argument(metavar="SWEEP", help="Its name, or the first letters of its id.")],
    out: Annotated[
        Path | None, typer.Option(dir_okay=False, help="The file to write; else the sweep's name with .html.")
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Write a sweep as one HTML page: table, curves, mCE, redundancy and findings, without a server or a network."""
    arguments.file_kind(out, (".html", ".htm"))
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import sweep_report as report

        found = _found(store, sweep)
        text = report.html(store, found)
    path = out or Path(f"{_plain(found.name)}.html")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    record = {"sweep_id": found.sweep_id, "name": found.name, "file": str(path), "bytes": path.stat().st_size}
    terminal.answer(
        record,
        [f"{path}: {found.name}, {len(found.members)} members under {len(found.corruptions)} corruptions"],
        as_json,
    )


def _found(store: "Store", given: str) -> "SweepRecord":
    """By its name, or by the beginning of its id; those that come with Cutaway are taken in first, where it is none."""
    from analysis.pipelines import bundling
    from models.errors import UnknownName

    for last in (False, True):
        known = store.sweeps.all()
        named = [s for s in known if s.name == given] or [s for s in known if given and s.sweep_id.startswith(given)]
        if len(named) == 1:
            return named[0]
        if not last and not named:
            bundling.take_in(store)
    raise UnknownName("sweep", given, [s.name for s in known])


def _plain(name: str) -> str:
    from app.exports import safe

    return safe(name)
