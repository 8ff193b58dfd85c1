"""`cutaway explain`."""

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from app import arguments, settings, terminal
from app.terminal import AsJson, Workspace


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
    with terminal.stdout_kept_for_the_answer():
        from analysis.types import Request
        from app.batch import explain_files

        where = settings.resolve(workspace)
        classifier = terminal.classifier(model, arch, classes, where)
        request = Request(
            methods=asks,
            taps=arguments.listed(tap),
            targets=arguments.targets(target or ["predicted"], classifier.class_names),
            fusion=fusion,
            augment=augment,
            eigen_smooth=eigen_smooth,
        )
        with terminal.store_if_free(where, wanted=not no_store) as store:
            found = explain_files(
                classifier,
                request,
                images,
                out,
                opacity=opacity,
                store=store,
                complain=terminal.complain,
                report=terminal.progress,
            )
    terminal.answer(found, _lines(found), as_json)
    if found["errors"] or any(not image["maps"] for image in found["images"]):
        raise typer.Exit(1)


def _lines(found: dict[str, Any]) -> Iterator[str]:
    from app import records

    for image in found["images"]:
        yield from records.explanation_lines(image)
