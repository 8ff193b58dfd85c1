"""`cutaway embed`: what a model reads from the samples of a dataset, laid out as a picture."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import arguments, settings, terminal
from app.commands.sweeping import write_table
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    import pyarrow

    from analysis.embeddings import Embedding
    from analysis.store.store import Store

Model = Annotated[str, typer.Option(metavar="NAME", help="As `cutaway models` says.")]
Data = Annotated[str, typer.Option(metavar="NAME", help="As `cutaway datasets` says.")]
TapName = Annotated[
    str, typer.Option(metavar="TAP", help="A layer, 'penultimate' or 'logits'; else the input of the linear head.")
]
ConditionName = Annotated[
    str, typer.Option(metavar="clean|NAME/SEVERITY", help="What is done to the images, for example fog/3.")
]


def embed(
    model: Model,
    data: Data,
    tap: TapName = "",
    method: Annotated[
        str, typer.Option(metavar="NAME", help="As `cutaway methods --family projections` says.")
    ] = "pca",
    param: Annotated[
        list[str] | None, typer.Option(metavar="NAME=VALUE", help="Of the method; may be given again.")
    ] = None,
    dims: Annotated[int, typer.Option(min=2, max=3, help="Of the picture.")] = 2,
    seed: Annotated[int, typer.Option(min=0, help="Of the chance in the method.")] = 0,
    condition: ConditionName = "clean",
    beside: Annotated[
        str, typer.Option("--with", metavar="A,B,...", help="Models laid out together with it, by aligned_umap.")
    ] = "",
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="F.parquet|F.csv", dir_okay=False, help="The points as a table; of further models to F-MODEL."
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Lay out what a model reads from each image of a dataset, and say how far the picture can be believed.

    The table has the columns sample, x, y, with --dims 3 also z, and error: the share of a sample's neighbours in the
    picture that are strangers in the features; empty where a sample has no place. What was asked before is read back.
    The Embeddings page shows it.
    """
    arguments.file_kind(out)
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import embedding as pipeline
        from analysis.pipelines.embedding_here import made_here

        asked = pipeline.asked(
            store,
            where.workspace,
            model=model,
            dataset_id=store.dataset(data).dataset_id,
            tap=tap,
            condition=condition,
            method=method,
            params=arguments.pairs(param or (), "--param"),
            dims=dims,
            seed=seed,
            others=[(each, tap, condition) for each in arguments.listed(beside)],
        )
        found = made_here(store, where.workspace, asked, terminal.progress)
        files = [_file(out, each, number) for number, each in enumerate(found)]
        for each, file in zip(found, files, strict=True):
            if file is not None:
                write_table(_table(store, each), file)
    records = [_record(each, file) for each, file in zip(found, files, strict=True)]
    answer = records[0] | ({"with": records[1:]} if len(records) > 1 else {})
    terminal.answer(answer, (line for record in records for line in _lines(record)), as_json)


def _file(out: Path | None, each: "Embedding", number: int) -> Path | None:
    if out is None or number == 0:
        return out
    return out.with_stem(f"{out.stem}-{each.model_name.replace('/', '_')}")


def _table(store: "Store", embedding: "Embedding") -> "pyarrow.Table":
    """A row a sample; NULL where it has no place, or its error was not measured."""
    import numpy as np
    import pyarrow as pa

    points = store.embeddings.points(embedding.embedding_id)
    errors = store.embeddings.errors(embedding.embedding_id)
    values = dict(zip("xyz", points.T, strict=False))
    values["error"] = np.full(len(points), np.nan, np.float32) if errors is None else errors
    columns: dict[str, Any] = {"sample": np.arange(len(points), dtype=np.int32)}
    columns |= {name: pa.array(np.ascontiguousarray(column), from_pandas=True) for name, column in values.items()}
    return pa.table(columns)


def _record(embedding: "Embedding", file: Path | None) -> dict[str, Any]:
    return embedding.to_json() | {"out": str(file) if file else None}


def _lines(record: Mapping[str, Any]) -> Iterable[str]:
    what = f"{record['model_name']} at {record['tap']} over {record['dataset_name']}"
    under = "" if record["condition"] == "clean" else f" under {record['condition']}"
    yield f"{record['method']} of {what}{under}: {record['samples']:,} samples in {record['dims']} dimensions"
    if record["fitted"] < record["samples"]:
        yield f"  {record['fitted']:,} of them laid out by the method itself, the others placed between them"
    if record["quality"]:
        yield from _judged(record["quality"])
    placed = "by its own map" if record["placing"] == "transform" else "between their nearest neighbours"
    yield f"  new images are placed {placed}"
    yield from (f"  note: {remark}" for remark in record["remarks"])
    yield f"  {record['seconds']:.1f} s on {record['device']}"
    if record["out"]:
        yield f"  {record['out']}"


def _judged(quality: Mapping[str, Any]) -> Iterable[str]:
    names = ("trustworthiness", "continuity", "overlap", "shepard", "stability", "placement")
    known = [f"{name} {quality[name]:.3f}" for name in names if quality[name] is not None]
    yield f"  {', '.join(known)} ({quality['k']} neighbours, {quality['samples']:,} samples measured)"
    yield from (f"  note: {note}" for note in quality["notes"])
