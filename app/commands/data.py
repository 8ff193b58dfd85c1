"""`cutaway datasets`, `import-data`, `generate`: the images that a workspace holds."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app import settings, terminal
from app.terminal import AsJson, Workspace

KNOBS = {"allow_extra_args": True, "ignore_unknown_options": True}
"""What a generator lets you turn is its own, so its options are read by it."""


def datasets(as_json: AsJson = False, workspace: Workspace = None) -> None:
    """List the datasets of the workspace: images, classes, file formats, and what must be said of them."""
    with terminal.open_store(settings.resolve(workspace)) as store:
        found = [_record(each) for each in store.datasets()]
    terminal.answer({"datasets": found}, (line for each in found for line in _lines(each)), as_json)


def import_data(
    source: Annotated[Path, typer.Argument(metavar="PATH", help="A folder, an archive, a table or arrays.")],
    name: Annotated[str, typer.Option(help="What --data calls it from now on.")],
    kind: Annotated[str, typer.Option(help="folder, archive, table, arrays ...; found out if not said.")] = "auto",
    label_column: Annotated[str | None, typer.Option(help="Of a table.")] = None,
    image_column: Annotated[str | None, typer.Option(help="Of a table: paths or bytes.")] = None,
    labels: Annotated[Path | None, typer.Option(help="An .npy of labels, for a lone .npy of images.")] = None,
    classes: Annotated[
        Path | None, typer.Option(help="Class names in index order: text, a line each, or JSON.")
    ] = None,
    masks: Annotated[Path | None, typer.Option(help="A folder of PNG masks named like the images.")] = None,
    boxes: Annotated[Path | None, typer.Option(help="COCO JSON, a folder of VOC XML, or CSV.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Take images into the workspace: a folder a class, zip or tar of it, CSV or Parquet, .npz or .npy, CIFAR-C."""
    from models import class_lists

    paths = {"labels": labels, "masks": masks, "boxes": boxes}
    arguments = {
        "source": str(source.expanduser().absolute()),
        "name": name,
        "kind": kind,
        "label_column": label_column,
        "image_column": image_column,
        "class_names": list(class_lists.read(classes)) if classes else None,
        **{key: str(path.expanduser().absolute()) if path else None for key, path in paths.items()},
    }
    _made("import", arguments, workspace, as_json)


def generate(
    context: typer.Context,
    kind: Annotated[str, typer.Argument(metavar="KIND", help="shapes, blockdigits or digits.")],
    name: Annotated[str | None, typer.Option(help="What --data calls it from now on; else KIND and its knobs.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make a dataset whose truth is known. Its knobs are options too: --count 2000 --seed 0 --shortcut corner ...

    `cutaway generate KIND --knobs` lists them.
    """
    from analysis.datasets.generated import GENERATORS

    generator = GENERATORS[kind]
    if "--knobs" in context.args:
        knobs = [{"name": p.name, "default": p.default, "expected": p.expected} for p in generator.parameters]
        listed = (f"--{p['name'].replace('_', '-')} {p['default']}   ({p['expected']})" for p in knobs)
        terminal.answer({"kind": kind, "knobs": knobs}, listed, as_json)
        return
    turned = _knobs(context.args)
    params = dict(generator.bound(turned))
    name = name or " ".join([kind, *(f"{knob}-{params[knob]}" for knob in turned)])
    _made("generate", {"kind": kind, "name": name, "params": params}, workspace, as_json)


def _knobs(words: Sequence[str]) -> dict[str, str]:
    """`--label-noise 0.1 --count=500` -> names and texts."""
    found: dict[str, str] = {}
    rest = list(words)
    while rest:
        option = rest.pop(0)
        if not option.startswith("--"):
            raise typer.BadParameter(f"'{option}' stands after no option.")
        knob, equals, value = option[2:].partition("=")
        if not equals:
            if not rest:
                raise typer.BadParameter(f"'{option}' needs a value.")
            value = rest.pop(0)
        found[knob.replace("-", "_")] = value
    return found


def _made(kind: str, arguments: dict[str, Any], workspace: Path | None, as_json: bool) -> None:
    from analysis.pipelines import work

    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        known = {each.dataset_id: each.name for each in store.datasets()}
        done = work.run_here(store, where.workspace, kind, arguments, terminal.progress)
        if (before := known.get(done["dataset_id"])) is not None:
            terminal.complain(f"The very same images were here already, as '{before}'.")
        record = _record(store.dataset(done["dataset_id"]))
    terminal.answer(record, _lines(record), as_json)


def _record(dataset: Any) -> dict[str, Any]:
    record = asdict(dataset)
    record["added_at"] = dataset.added_at.isoformat() if dataset.added_at else None
    return record


def _lines(record: dict[str, Any]) -> Iterable[str]:
    sizes = ", ".join(list(record["image_sizes"])[:3])
    formats = "; ".join(f"{count:,} {what}" for what, count in list(record["formats"].items())[:3])
    yield f"{record['name']}: {record['size']:,} images of {len(record['class_names'])} classes, {sizes} ({formats})"
    extras = [f"{record[key]:,} {key}" for key in ("masks", "boxes") if record[key]]
    if extras:
        yield f"  with {', '.join(extras)}"
    yield from (f"  note: {remark}" for remark in record["remarks"])
    if record["skipped"]:
        yield f"  {record['skipped']:,} {'file was' if record['skipped'] == 1 else 'files were'} skipped:"
        yield from (f"    {name}: {why}" for name, why in record["skipped_examples"][:10])
