"""The command `cutaway`: the same engine as the app, for scripts.

Exit codes: 0 all is well, 1 something could not be done (a line on stderr says what), 2 the command was
not understood. With `--json` stdout carries one JSON object and nothing else; the rest goes to stderr.
What is heavy is imported inside the command that needs it, so that `--help` answers at once.
"""

import contextlib
import json
import os
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app import arguments, settings
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.store.store import Store
    from models.classifier import Classifier

app = typer.Typer(
    name="cutaway",
    help="See inside image classifiers.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)

FILES_OF_WEIGHTS = (".safetensors", ".pt", ".pth", ".th", ".bin")

Workspace = Annotated[
    Path | None,
    typer.Option(help="Folder of the store and of imported models; else CUTAWAY_WORKSPACE, else your data folder."),
]
AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON object on stdout, and nothing else.")]


def main(words: Sequence[str] | None = None) -> None:
    """Run the command and leave with its exit code."""
    try:
        app(args=words)
    except CutawayError as error:
        complain(str(error))
    except OSError as error:
        complain(f"{error.filename or 'A file'}: {error.strerror or error}.")
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


def complain(message: str) -> None:
    """One line on stderr."""
    typer.echo(f"cutaway: {' '.join(message.split())}", err=True)


@app.command()
def explain(
    images: Annotated[list[Path], typer.Argument(metavar="IMAGE", help="Image files.")],
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="As `cutaway models` says, or a file of weights.")],
    method: Annotated[str, typer.Option(metavar="M1,M2", help="As `cutaway methods` lists them.")],
    out: Annotated[Path, typer.Option(file_okay=False, help="Folder for the overlays and the arrays.")],
    arch: Annotated[str | None, typer.Option(metavar="NAME", help="Architecture of a --model that is a file.")] = None,
    classes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Class names of a --model that is a file: text or JSON.")
    ] = None,
    tap: Annotated[str, typer.Option(metavar="auto|NAME,...", help="Layers to read.")] = "auto",
    target: Annotated[
        list[str] | None,
        typer.Option(
            metavar="predicted|INDEX|NAME|A:B,...",
            help="Classes to explain, A:B being A rather than B; the option may be given again.",
        ),
    ] = None,
    param: Annotated[
        list[str] | None,
        typer.Option(metavar="METHOD.NAME=VALUE", help="What a method lets you turn; the option may be given again."),
    ] = None,
    fusion: Annotated[
        Literal["none", "mean", "max", "product"], typer.Option(help="How maps of several layers become one.")
    ] = "none",
    augment: Annotated[bool, typer.Option("--augment", help="Average over mirrored and rescaled copies.")] = False,
    eigen_smooth: Annotated[
        bool, typer.Option("--eigen-smooth", help="First principal component of the weighted channels.")
    ] = False,
    opacity: Annotated[float, typer.Option(min=0, max=1, help="Of the map over the image.")] = 0.5,
    no_store: Annotated[bool, typer.Option("--no-store", help="Neither read nor keep results.")] = False,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Explain what a classifier sees in images.

    Writes <stem>.<method>.png (the map over what the network sees) and <stem>.<method>.npz (`raw` as computed,
    `map` in 0-1 at the model's input size) for each image and method. With several layers or targets the name
    goes on with .<layer> and .<target>. A second image with the same stem is called <stem>-2.
    """
    asks = arguments.asks(method, param or [])
    with _stdout_kept_for_the_answer():
        from analysis.types import Request
        from app.batch import explain_files

        where = settings.resolve(workspace)
        classifier = _classifier(model, arch, classes, where)
        request = Request(
            methods=asks,
            taps=arguments.listed(tap),
            targets=arguments.targets(target or ["predicted"], classifier.class_names),
            fusion=fusion,
            augment=augment,
            eigen_smooth=eigen_smooth,
        )
        with _store(where, wanted=not no_store) as store:
            answer = explain_files(
                classifier, request, images, out, opacity=opacity, store=store, complain=complain, report=_progress
            )
    _print(answer, _explanation_lines(answer), as_json)
    if answer["errors"] or any(not image["maps"] for image in answer["images"]):
        raise typer.Exit(1)


@app.command()
def models(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """List the models that are here; timm/NAME and torchvision/NAME work too, fetched when first used."""
    from app import records
    from models.catalogue import bundled, imported

    found = [records.model(m) for m in [*bundled(), *imported(settings.resolve(workspace).imported_models)]]
    _print({"models": found}, (line for each in found for line in records.model_lines(each)), as_json)


@app.command()
def taps(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="As for `explain --model`.")],
    arch: Annotated[str | None, typer.Option(metavar="NAME", help="Architecture of a model that is a file.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """List the layers of a model that can be read: layout, map size, channels, stride; the default is marked."""
    with _stdout_kept_for_the_answer():
        from app import records

        found = _classifier(model, arch, None, settings.resolve(workspace))
        answer = records.classifier(found) | {"taps": [records.tap(t) for t in found.taps.values()]}
    _print(answer, records.tap_lines(answer), as_json)


@app.command()
def methods(as_json: AsJson = False) -> None:
    """List the attribution methods, their papers and what each lets you turn."""
    from analysis.attribution import METHODS
    from app import records

    found = [records.method(m) for m in METHODS]
    _print({"methods": found}, (line for each in found for line in records.method_lines(each)), as_json)


@app.command()
def import_model(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="Weights: safetensors, or what torch.save wrote of a state dict.")
    ],
    arch: Annotated[str, typer.Option(metavar="NAME", help="The architecture that the file was trained with.")],
    name: Annotated[str, typer.Option(help="What --model calls it from now on.")],
    classes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Class names in index order: text, a line each, or JSON.")
    ] = None,
    size: Annotated[
        str | None, typer.Option(metavar="ROWS,COLUMNS", help="Of the network's input, or one number.")
    ] = None,
    resize: Annotated[int | None, typer.Option(min=1, help="The shorter side before the centre is cropped.")] = None,
    interpolation: Annotated[
        Literal["nearest", "bilinear", "bicubic", "lanczos"] | None, typer.Option(help="Of the resizing.")
    ] = None,
    mean: Annotated[str | None, typer.Option(metavar="R,G,B", help="Of the channels, in 0-1.")] = None,
    std: Annotated[str | None, typer.Option(metavar="R,G,B", help="Of the channels, in 0-1.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Check a file of weights and keep it in the workspace. What is not said of its input is its architecture's."""
    from app import records
    from models import catalogue

    with _stdout_kept_for_the_answer():
        given = {
            "size": arguments.input_size(size),
            "resize": resize,
            "interpolation": interpolation,
            "mean": arguments.numbers(mean, float, "--mean"),
            "std": arguments.numbers(std, float, "--std"),
        }
        preprocessing = None
        if any(value is not None for value in given.values()):
            preprocessing = arguments.preprocessing(catalogue.from_file(file, arch, classes).preprocessing, given)
        entry = catalogue.import_model(
            file,
            architecture=arch,
            classes=classes,
            name=name,
            folder=settings.resolve(workspace).imported_models,
            preprocessing=preprocessing,
        )
    record = records.model(entry)
    _print(record, records.model_lines(record), as_json)


@app.command()
def run(
    port: Annotated[int | None, typer.Option(min=1, max=65535, help="Else 8501, or the next that is free.")] = None,
    headless: Annotated[bool, typer.Option("--headless", help="Do not open a browser.")] = False,
    workspace: Workspace = None,
) -> None:
    """Start the app on this machine and open the browser, where there is one."""
    where = settings.resolve(workspace)
    command = [sys.executable, "-m", "streamlit", "run", str(settings.ROOT / "app" / "main.py")]
    command += ["--server.address", "127.0.0.1"]
    command += ["--server.port", str(port)] if port else []
    command += ["--server.headless", "true"] if headless else []
    os.chdir(settings.ROOT)  # Streamlit reads .streamlit/config.toml from here
    os.execve(sys.executable, command, {**os.environ, settings.WORKSPACE_VARIABLE: str(where.workspace)})


def _classifier(model: str, arch: str | None, classes: Path | None, where: settings.Settings) -> "Classifier":
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
def _store(where: settings.Settings, *, wanted: bool) -> "Iterator[Store | None]":
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


def _progress(fraction: float, message: str) -> None:
    """One line that is written over, on a terminal only."""
    if sys.stderr.isatty():
        line = f"{fraction:4.0%}  {message}"[:78]
        sys.stderr.write(f"\r{line:<78}" if fraction < 1 else f"\r{'':<78}\r")
        sys.stderr.flush()


def _stdout_kept_for_the_answer() -> "contextlib.redirect_stdout[Any]":
    """What libraries print while they work (a download's progress) goes to stderr."""
    return contextlib.redirect_stdout(sys.stderr)


def _explanation_lines(answer: dict[str, Any]) -> Iterator[str]:
    from app import records

    for image in answer["images"]:
        yield from records.explanation_lines(image)


def _print(record: dict[str, Any], lines: Iterable[str], as_json: bool) -> None:
    """The same facts for a program or for a person."""
    if as_json:
        typer.echo(json.dumps(record, indent=2, ensure_ascii=False, allow_nan=False))
        return
    for line in lines:
        typer.echo(line)
