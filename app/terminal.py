"""What the commands share: their common options, and how they answer: one line on stderr, one object on stdout."""

import contextlib
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import settings

if TYPE_CHECKING:
    from analysis.store.store import Store
    from models.classifier import Classifier

FILES_OF_WEIGHTS = (".safetensors", ".pt", ".pth", ".th", ".bin")

Workspace = Annotated[
    Path | None,
    typer.Option(help="Folder of the store, of data and of imported models; else CUTAWAY_WORKSPACE, else yours."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else.")]


def complain(message: str) -> None:
    """One line on stderr."""
    typer.echo(f"cutaway: {' '.join(message.split())}", err=True)


def classifier(model: str, arch: str | None, classes: Path | None, where: settings.Settings) -> "Classifier":
    from analysis.engine.devices import best
    from models import catalogue

    path = Path(model)
    if not path.is_file() and path.suffix.lower() not in FILES_OF_WEIGHTS:
        if arch or classes:
            raise typer.BadParameter(f"there is no file '{model}', and --arch and --classes are for files.")
        return catalogue.load(model, imported=where.imported_models, device=best())
    if arch is None:
        raise typer.BadParameter(f"{model} is a file of weights: say their architecture with --arch.")
    if classes is None:
        complain(f"no class names were given for {path.name} (--classes), so those of the architecture are used.")
    return catalogue.from_file(path, arch, classes, device=best())


@contextlib.contextmanager
def store_if_free(where: settings.Settings, *, wanted: bool) -> "Iterator[Store | None]":
    """The workspace's store, or None, said aloud, where it cannot be had."""
    from analysis.errors import StoreError
    from analysis.store.store import Store

    if not wanted:
        yield None
        return
    try:
        store = Store.open(where.workspace)
    except StoreError as error:
        complain(f"{error} (Its folder: --workspace.) Going on without the store: nothing is read from it or kept.")
        yield None
        return
    with store:
        for warning in store.warnings:
            complain(warning)
        yield store


@contextlib.contextmanager
def open_store(where: settings.Settings) -> "Iterator[Store]":
    """The workspace's store; StoreBusy, naming the process that holds it, where another has it open."""
    from analysis.store.store import Store

    with Store.open(where.workspace) as store:
        for warning in store.warnings:
            complain(warning)
        yield store


def progress(fraction: float, message: str) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        line = f"{fraction:4.0%}  {message}"[:78]
        sys.stderr.write(f"\r{line:<78}" if fraction < 1 else f"\r{'':<78}\r")
        sys.stderr.flush()


def stdout_kept_for_the_answer() -> "contextlib.redirect_stdout[Any]":
    """What libraries print while they work (a download's progress) goes to stderr."""
    return contextlib.redirect_stdout(sys.stderr)


def answer(record: Mapping[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """The same facts for a program or for a person."""
    if as_json:
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in lines:
        typer.echo(line)
