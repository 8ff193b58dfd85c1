"""`cutaway sweep`: models side by side under corruptions."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import arguments, settings, terminal
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    from analysis.sweeps import Cell, SweepRecord


def sweep(
    models: Annotated[str, typer.Option(metavar="A,B,...", help="As `cutaway models` says.")],
    data: Annotated[str, typer.Option(metavar="NAME", help="As `cutaway datasets` says; it needs labels.")],
    corruptions: Annotated[
        str,
        typer.Option(metavar="all|NAME,...", help="Corruptions, edits or attacks; 'all' are the 19 of the benchmark."),
    ] = "all",
    severities: Annotated[str, typer.Option(metavar="1-5|N,...", help="How strong, from 1 to 5.")] = "1-5",
    limit: Annotated[int | None, typer.Option(min=1, help="So many images, drawn with the seed; else all.")] = None,
    seed: Annotated[int, typer.Option(help="Of the chance in corruptions, and of the images drawn.")] = 0,
    reference: Annotated[
        str | None, typer.Option(metavar="NAME", help="The model that others are compared with; else the first.")
    ] = None,
    deck: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=A+B[:spectral]",
            help="Models that answer together, by the mean of their softmax or by the spectrum of the images. What one "
            "was trained on: A@fog/3. May be given again.",
        ),
    ] = None,
    stored: Annotated[
        str | None, typer.Option(metavar="NAME", help="A dataset like CIFAR-10-C whose images take the place of ours.")
    ] = None,
    engine: Annotated[str, typer.Option(metavar="local|ray", help="Ray needs the extra cutaway[ray].")] = "local",
    address: Annotated[str | None, typer.Option(metavar="HOST:PORT", help="Of a Ray cluster to join.")] = None,
    batch: Annotated[int | None, typer.Option(min=1, help="Images at a time, at most; else as many as fit.")] = None,
    autocast: Annotated[bool, typer.Option("--autocast", help="Half precision where the device is faster so.")] = False,
    name: Annotated[str, typer.Option(help="What the sweep is called on the page.")] = "",
    out: Annotated[
        Path | None, typer.Option(metavar="F.parquet|F.csv", dir_okay=False, help="A row a sample of every cell.")
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Run models over a dataset, clean and corrupted, and keep what they said of every sample.

    The table has the columns model, corruption, severity, sample, truth, prediction, confidence, correct, loss, angle,
    length, margin; clean images are the corruption 'clean' of severity 0. What any sweep has computed is read back;
    what was cut short goes on where it was. The Robustness page shows it.
    """
    arguments.file_kind(out)
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import sweep as pipeline
        from analysis.pipelines.work import run_here

        asked = pipeline.asked(
            store,
            where.workspace,
            models=arguments.listed(models),
            dataset=store.dataset(data).dataset_id,
            corruptions=arguments.listed(corruptions),
            severities=_severities(severities),
            limit=limit,
            seed=seed,
            reference=reference,
            decks=[_deck(each) for each in deck or ()],
            stored=store.dataset(stored).dataset_id if stored else None,
            engine=engine,
            address=address,
            batch=batch,
            autocast=autocast,
            name=name,
        )
        done = run_here(store, where.workspace, "sweep", asked, terminal.progress)
        record = store.sweeps.one(done["sweep_id"])
        assert record is not None
        cells = store.sweeps.cells(record.sweep_id)
        if out is not None:
            write_table(store.sweeps.table(record.sweep_id), out)
    answer = _answer(record, cells, done["seconds"], out)
    terminal.answer(answer, _lines(answer), as_json)


def write_table(table: Any, out: Path) -> None:
    """As CSV or as Parquet, as its name ends; whole or not at all."""
    from pyarrow import csv, parquet

    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.part")
    try:
        if out.suffix.lower() == ".csv":
            csv.write_csv(table, unfinished)
        else:
            parquet.write_table(table, unfinished, compression="zstd")
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)


def _severities(text: str) -> tuple[int, ...]:
    """`1-5` or `1,3`, or both."""
    found: list[int] = []
    for part in arguments.listed(text):
        low, dash, high = part.partition("-")
        if not low.isdigit() or (dash and not high.isdigit()):
            raise typer.BadParameter(f"'{text}' is not like 1-5 or 1,3.", param_hint="--severities")
        if dash and int(high) < int(low):
            raise typer.BadParameter(f"'{text}' goes backwards; write {high}-{low}.", param_hint="--severities")
        found += range(int(low), int(high if dash else low) + 1)
    if not found:
        raise typer.BadParameter("name at least one severity.", param_hint="--severities")
    return tuple(dict.fromkeys(found))


def _deck(text: str) -> dict[str, Any]:
    """`NAME=A+B@fog/3:spectral`."""
    name, equals, rest = text.partition("=")
    of, _, gate = rest.rpartition(":") if rest.endswith((":spectral", ":mean")) else (rest, "", "")
    members = [part.strip() for part in of.split("+") if part.strip()]
    if not equals or not name.strip() or not members:
        raise typer.BadParameter(f"'{text}' is not NAME=A+B or NAME=A+B:spectral.", param_hint="--deck")
    trained = {m: c for m, at, c in (part.partition("@") for part in members) if at}
    if trained and gate != "spectral":
        raise typer.BadParameter(f"'{text}': what a member was trained on matters to :spectral.", param_hint="--deck")
    plain = [m.partition("@")[0] for m in members]
    return {"name": name.strip(), "members": plain, "gate": gate or "mean", "trained_on": trained}


def _answer(record: "SweepRecord", cells: "Sequence[Cell]", seconds: float, out: Path | None) -> dict[str, Any]:
    def accuracy(cell: "Cell") -> float | None:
        return cell.scores["accuracy"].value if "accuracy" in cell.scores else None

    return {
        "sweep_id": record.sweep_id,
        "name": record.name,
        "dataset": record.dataset_name,
        "samples": record.samples,
        "table": record.table,
        "image_size": list(record.image_size),
        "reference": record.reference,
        "seed": record.seed,
        "device": record.device,
        "seconds": seconds,
        "remarks": list(record.remarks),
        "cells": [
            {
                "model": record.members[cell.member].name,
                "corruption": record.conditions[cell.condition].corruption,
                "severity": record.conditions[cell.condition].severity,
                "state": cell.state,
                "message": cell.message,
                "accuracy": accuracy(cell),
                "remarks": list(cell.remarks),
            }
            for cell in cells
        ],
        "out": str(out) if out else None,
    }


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    """A model a line: clean, and the mean over corrupted cells."""
    images = f"{answer['samples']:,} images of {answer['dataset']}"
    yield f"{answer['name']} ({answer['sweep_id'][:12]}): {images}, severities for {answer['table']}"
    by_model: dict[str, list[Mapping[str, Any]]] = {}
    for cell in answer["cells"]:
        by_model.setdefault(cell["model"], []).append(cell)
    for model, cells in by_model.items():
        known = [c["accuracy"] for c in cells if c["severity"] and c["accuracy"] is not None]
        clean = [c["accuracy"] for c in cells if not c["severity"] and c["accuracy"] is not None]
        corrupted = f"{sum(known) / len(known):.2%} over {len(known)} corrupted cells" if known else "no corrupted cell"
        yield f"  {model}: {f'{clean[0]:.2%} clean' if clean else 'no clean cell'}, {corrupted}"
    for message in dict.fromkeys(f"{c['model']}: {c['message']}" for c in answer["cells"] if c["state"] == "failed"):
        yield f"  failed: {message}"
    yield from (f"  note: {remark}" for remark in answer["remarks"])
    yield from (
        f"  note: {line}" for line in dict.fromkeys(f"{c['model']}: {r}" for c in answer["cells"] for r in c["remarks"])
    )
    yield f"  {answer['seconds']:.1f} s on {answer['device']}"
    if answer["out"]:
        yield f"  {answer['out']}"
