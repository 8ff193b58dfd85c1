"""`cutaway models`, `taps`, `methods`, `import-model`: the networks, and what can be asked of them."""

from pathlib import Path
from typing import Annotated, Literal

import typer

from app import arguments, settings, terminal
from app.terminal import AsJson, Workspace


def models(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """List the models that are here; timm/NAME and torchvision/NAME work too, fetched when first used."""
    from app import records
    from models.catalogue import bundled, imported

    found = [records.model(m) for m in [*bundled(), *imported(settings.resolve(workspace).imported_models)]]
    terminal.answer({"models": found}, (line for each in found for line in records.model_lines(each)), as_json)


def taps(
    model: Annotated[str, typer.Argument(metavar="NAME|FILE", help="As for `explain --model`.")],
    arch: Annotated[str | None, typer.Option(metavar="NAME", help="Architecture of a model that is a file.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """List the layers of a model that can be read: layout, map size, channels, stride; the default is marked."""
    with terminal.stdout_kept_for_the_answer():
        from app import records

        found = terminal.classifier(model, arch, None, settings.resolve(workspace))
        answer = records.classifier(found) | {"taps": [records.tap(t) for t in found.taps.values()]}
    terminal.answer(answer, records.tap_lines(answer), as_json)


def methods(
    family: Annotated[
        Literal["attribution", "pruning", "projections", "geometry"],
        typer.Option(help="What they are for: explaining, making smaller, laying out features, or measuring them."),
    ] = "attribution",
    as_json: AsJson = False,
) -> None:
    """List the methods of a family, their papers, what each needs and what it lets you turn."""
    from app import records

    if family == "pruning":
        from analysis.pruning import PRUNERS

        found = [records.pruner(m) for m in PRUNERS]
    elif family == "projections":
        from analysis.projections import PROJECTIONS

        found = [records.projection(m) for m in PROJECTIONS]
    elif family == "geometry":
        from analysis.geometry import MEASURES

        found = [records.measure(m) for m in MEASURES]
    else:
        from analysis.attribution import METHODS

        found = [records.method(m) for m in METHODS]
    terminal.answer({"methods": found}, (line for each in found for line in records.method_lines(each)), as_json)


def import_model(
    file: Annotated[
        Path,
        typer.Argument(
            metavar="FILE",
            help="Weights: safetensors, or what torch.save wrote of a state dict; or a zip of `export-model`.",
        ),
    ],
    arch: Annotated[
        str | None, typer.Option(metavar="NAME", help="The architecture that the file was trained with; a zip says it.")
    ] = None,
    name: Annotated[str | None, typer.Option(help="What --model calls it from now on; a zip says it.")] = None,
    parent: Annotated[
        str | None, typer.Option(metavar="MODEL", help="The model that this one was made from: it is a variant then.")
    ] = None,
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
    from analysis.pipelines import variant_files
    from app import records
    from models import catalogue

    folder = settings.resolve(workspace).imported_models
    if file.suffix.lower() == ".zip":
        with terminal.stdout_kept_for_the_answer():
            card = variant_files.imported_again(file, folder, name)
        entry = next(e for e in catalogue.imported(folder) if e.name == card.name)
        terminal.answer(records.model(entry), records.model_lines(records.model(entry)), as_json)
        return
    if arch is None or name is None:
        raise typer.BadParameter(f"{file.name} is a file of weights: say its --arch and its --name.")
    with terminal.stdout_kept_for_the_answer():
        if parent:
            catalogue.load(parent, imported=folder)  # refused before anything is kept
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
            folder=folder,
            preprocessing=preprocessing,
        )
        if parent:
            variant_files.declared(entry.name, parent, folder)
    record = records.model(entry)
    terminal.answer(record, records.model_lines(record), as_json)
