"""The command `cutaway`: the same engine as the app, for scripts.

Exit codes: 0 all is well, 1 something could not be done (a line on stderr says what), 2 the command was
not understood. With `--json` stdout carries one JSON object and nothing else; the rest goes to stderr.
What is heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import os
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from app import settings, terminal
from app.commands import (
    classifiers,
    comparing,
    corrupting,
    data,
    embedding,
    explaining,
    geometry,
    neighbours,
    passes,
    reporting,
    storage,
    sweeping,
    variants,
)
from app.terminal import Workspace
from models.errors import CutawayError

app = typer.Typer(
    name="cutaway",
    help="See inside image classifiers.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)


def main(words: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")  # before torch: idle threads leave the cores to decoding
    try:
        app(args=words)
    except CutawayError as error:
        terminal.complain(str(error))
    except OSError as error:
        terminal.complain(f"{error.filename or 'A file'}: {error.strerror or error}.")
    sys.exit(1)


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version

        typer.echo(f"cutaway {version('cutaway')}")
        raise typer.Exit


@app.callback()
def options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version and exit.")
    ] = False,
) -> None:
    """See inside image classifiers."""


for command in (
    *(explaining.explain, classifiers.models, classifiers.taps, classifiers.methods, classifiers.import_model),
    *(data.datasets, data.import_data, passes.train, passes.predict),
    *(variants.prune, variants.prune_grid, variants.export_model, comparing.variants, comparing.compare),
    *(corrupting.corrupt, sweeping.sweep, reporting.sweep_report),
    *(embedding.embed, neighbours.neighbors, geometry.geometry),
):
    app.command()(command)
app.command(context_settings=data.KNOBS)(data.generate)
app.add_typer(storage.app, name="store")


@app.command()
def run(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Else 8501, or the next that is free.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    workspace: Workspace = None,
) -> None:
    """Start the app on this machine and open the browser, where there is one."""
    where = settings.resolve(workspace)
    command = [sys.executable, "-m", "streamlit", "run", str(settings.ROOT / "app" / "server.py")]
    command += ["--server.address", "127.0.0.1"]
    command += ["--server.port", str(port)] if port else []
    command += ["--server.headless", "true"] if headless else []
    os.chdir(settings.ROOT)  # Streamlit reads .streamlit/config.toml from here
    os.execve(sys.executable, command, {**os.environ, settings.WORKSPACE_VARIABLE: str(where.workspace)})
