"""`cutaway train` and `cutaway predict`: a network made, and a network asked about a whole dataset."""

from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer

from app import arguments, settings, terminal
from app.commands.sweeping import write_table
from app.terminal import AsJson, Workspace


def train(
    recipe: Annotated[str | None, typer.Argument(metavar="RECIPE", help="One of those that --list names.")] = None,
    listed: Annotated[bool, typer.Option("--list", help="List the recipes and what they train on.")] = False,
    out: Annotated[Path | None, typer.Option(file_okay=False, help="Folder for weights and card; else yours.")] = None,
    data: Annotated[Path | None, typer.Option(help="What it trains on, where the recipe does not make it.")] = None,
    test: Annotated[list[Path] | None, typer.Option(help="What it is tested on; may be given again.")] = None,
    epochs: Annotated[int | None, typer.Option(min=1, help="Else the recipe's.")] = None,
    seed: Annotated[int | None, typer.Option(help="Else the recipe's.")] = None,
    name: Annotated[str | None, typer.Option(help="What --model calls it from now on; else the recipe's name.")] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Train a network by one of the project's recipes, or make one of the bundled variants again."""
    from models.recipes import RECIPES

    if listed or recipe is None:
        from analysis.pipelines.family import FAMILY

        rows = [{"name": each.name, "summary": each.summary} for each in RECIPES]
        rows += [{"name": each.name, "summary": each.summary} for each in FAMILY.values()]
        terminal.answer({"recipes": rows}, (f"{row['name']}: {row['summary']}" for row in rows), as_json)
        return
    with terminal.stdout_kept_for_the_answer():
        from analysis.engine.devices import best
        from analysis.pipelines.training import train as trained

        folder = out or settings.resolve(workspace).imported_models
        card = trained(
            recipe,
            out=folder,
            name=name,
            data=data,
            tests=tuple(test or ()),
            epochs=epochs,
            seed=seed,
            device=best(),
            report=terminal.progress,
        )
    lines = [f"{card.name}: {card.summary}", *(f"  {where}: {share:.2%}" for where, share in card.accuracy.items())]
    terminal.answer(card.to_json(), lines, as_json)


def predict(
    model: Annotated[str, typer.Option(metavar="NAME|FILE", help="As `cutaway models` says, or a file of weights.")],
    data: Annotated[str, typer.Option(metavar="NAME", help="As `cutaway datasets` says.")],
    features: Annotated[
        str, typer.Option(metavar="TAP,...", help="Layers whose features are kept; 'logits' among them.")
    ] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="F.parquet|F.csv", dir_okay=False, help="The results as a table.")
    ] = None,
    arch: Annotated[str | None, typer.Option(metavar="NAME", help="Architecture of a --model that is a file.")] = None,
    classes: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Class names of a --model that is a file: text or JSON.")
    ] = None,
    autocast: Annotated[bool, typer.Option("--autocast", help="Half precision where the device is faster so.")] = False,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Push a dataset through a network once, and keep what it said of every sample.

    The table has the columns sample, truth, prediction, confidence, correct, loss, angle, length, margin. What was
    asked before is read back; what was cut short goes on where it was.
    """
    arguments.file_kind(out)
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.datasets.opened import OpenDataset
        from analysis.pipelines import predict as pipeline
        from analysis.records import Filter

        dataset = store.dataset(data)
        found = pipeline.predict(
            terminal.classifier(model, arch, classes, where),
            OpenDataset.open(where.datasets / dataset.dataset_id),
            store,
            where.workspace,
            taps=arguments.listed(features),
            autocast=autocast,
            report=terminal.progress,
        )
        if out is not None:
            write_table(store.table(Filter(dataset.dataset_id, pass_id=found.pass_id)), out)
    record = asdict(found) | {"computed_at": found.computed_at.isoformat(), "out": str(out) if out else None}
    terminal.answer(record, _lines(record), as_json)


def _lines(record: dict[str, Any]) -> Iterable[str]:
    accuracy = (
        "no sample's class is known to it" if record["accuracy"] is None else f"accuracy {record['accuracy']:.2%}"
    )
    yield f"{record['model_name']} over {record['dataset_name']}: {record['samples']:,} samples, {accuracy}"
    yield f"  {record['seconds']:.1f} s on {record['device']}; features kept: {', '.join(record['taps']) or 'none'}"
    yield from (f"  note: {remark}" for remark in record["remarks"])
    if record["out"]:
        yield f"  {record['out']}"
