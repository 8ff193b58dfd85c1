"""`cutaway geometry`: how the classes of a dataset lie in what models read, layer by layer."""

import math
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from app import arguments, settings, terminal
from app.commands.embedding import ConditionName
from app.commands.sweeping import write_table
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    import pyarrow

    from analysis.measurements import Measurement
    from analysis.store.store import Store

Models = Annotated[str, typer.Option("--model", metavar="A[,B,...]", help="One to six, as `cutaway models` says.")]
Data = Annotated[str, typer.Option(metavar="NAME", help="As `cutaway datasets` says.")]
_SHOWN = ("nc1_trace", "knn_purity", "nearest_mean_accuracy", "twonn", "participation_ratio", "length")


def geometry(
    model: Models,
    data: Data,
    tap: Annotated[
        str,
        typer.Option(
            metavar="main|all|T,...",
            help="Layers by name; main: what each block gives; all: every layer up to the head's input, which goes by "
            "'penultimate'. What the head gives is measured where it is named.",
        ),
    ] = "main",
    measures: Annotated[
        str, typer.Option(metavar="M,...", help="As `cutaway methods --family geometry` says; else all but slow ones.")
    ] = "",
    condition: ConditionName = "clean",
    similarity: Annotated[
        bool, typer.Option("--similarity/--no-similarity", help="Compare layers with layers, and models at a layer.")
    ] = True,
    out: Annotated[
        Path | None, typer.Option(metavar="F.csv|F.parquet", dir_okay=False, help="All numbers as a table.")
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Measure how classes lie in what models read of a dataset: dimension, collapse, separability, similarity.

    The first model is the one that others are compared with. What was measured before is read back. The table has a
    row a number, with the samples that it was taken over, its 95 % interval where there is one, and why it is not
    defined where it is not. The Geometry page shows it.
    """
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import geometry as pipeline
        from analysis.pipelines.geometry_alike import same_as
        from analysis.pipelines.geometry_classes import class_names
        from analysis.pipelines.geometry_findings import stands_out
        from analysis.pipelines.work import run_here

        names = arguments.listed(model)
        taps = arguments.listed(tap)
        asked = pipeline.asked(
            store,
            where.workspace,
            models=names,
            dataset_id=store.dataset(data).dataset_id,
            condition=condition,
            taps=tap if tap in ("main", "all") else taps,
            measures=arguments.listed(measures),
            similarity=similarity,
        )
        if pipeline.has_work(asked):
            run_here(store, where.workspace, "geometry", asked, terminal.progress)
        found = [(s["model"], _numbers(store, s, asked)) for s in asked["subjects"]]
        own = store.dataset(data).class_names
        passes = {p.pass_id: p for p in store.passes()}
        classes = {s["model"]: class_names(passes[s["pass_id"]], own) for s in asked["subjects"]}
        told = stands_out(found, arrays=store.geometry.arrays, class_names=classes)
        dataset = store.dataset(data).name
        alike = {s["model"]: same_as(where.workspace, s["pass_id"], s["taps"]) for s in asked["subjects"]}
    if out is not None:
        write_table(_table(found, alike, dataset, condition), out)
    answer = {
        "dataset": dataset,
        "condition": condition,
        "models": [
            {"name": name, "numbers": [_plain(n) | {"same_as": alike[name].get(n.tap, "")} for n in numbers]}
            for name, numbers in found
        ],
        "stands_out": [{"text": f.text, "measure": f.measure, "tap": f.tap} for f in told],
        "out": str(out) if out else None,
    }
    terminal.answer(answer, _lines(answer), as_json)


def _numbers(store: "Store", subject: Mapping[str, Any], asked: Mapping[str, Any]) -> "list[Measurement]":
    """What was asked of one model, by place; of pairs those with the models that were asked."""
    ids = {"", *(s["pass_id"] for s in asked["subjects"])}
    wanted = [*asked["measures"], *asked["pairs"]]
    return [
        n
        for n in store.geometry.numbers([subject["pass_id"]], wanted)
        if n.tap in subject["taps"] and n.other_pass in ids
    ]


def _table(
    found: "Sequence[tuple[str, Sequence[Measurement]]]",
    alike: Mapping[str, Mapping[str, str]],
    dataset: str,
    condition: str,
) -> "pyarrow.Table":
    """A row a number; NULL where it is not defined."""
    import pyarrow as pa

    from analysis.geometry import MEASURES

    names = {n.pass_id: name for name, numbers in found for n in numbers}
    rows = [
        {
            "model": name,
            "dataset": dataset,
            "condition": condition,
            "tap": n.tap,
            "place": n.place,
            "same_as": alike[name].get(n.tap, ""),
            "group": MEASURES[n.measure].group,
            "measure": n.measure,
            "value": n.value,
            "unit": MEASURES[n.measure].unit,
            "samples": n.samples,
            "low": n.low,
            "high": n.high,
            "interval": n.interval,
            "other_model": names.get(n.other_pass, ""),
            "other_tap": n.other_tap,
            "why": n.why,
            "caveats": " ".join(n.caveats),
            "convention": MEASURES[n.measure].convention,
            "seconds": n.seconds,
        }
        for name, numbers in found
        for n in numbers
    ]
    columns = {key: [row[key] for row in rows] for key in rows[0]} if rows else {}
    return pa.table({key: pa.array(values, from_pandas=True) for key, values in columns.items()})


def _plain(number: "Measurement") -> dict[str, Any]:
    """As JSON, which has no NaN and no infinity."""
    return {
        name: None if isinstance(value, float) and not math.isfinite(value) else value
        for name, value in number.to_json().items()
    }


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    under = "" if answer["condition"] == "clean" else f" under {answer['condition']}"
    for found in answer["models"]:
        numbers = found["numbers"]
        yield f"{found['name']} over {answer['dataset']}{under}: {len(numbers):,} numbers"
        single = [n for n in numbers if not n["other_pass"]]
        names = dict.fromkeys(n["measure"] for n in single)
        shown = [name for name in _SHOWN if name in names] if len(names) > len(_SHOWN) else list(names)
        yield from _by_depth(single, shown)
        if len(names) > len(shown):
            yield f"  and {len(names) - len(shown)} more measures: --out F.csv or --json gives all"
    yield "what stands out:"
    yield from (f"  {each['text']}" for each in answer["stands_out"])
    if answer["out"]:
        yield answer["out"]


def _by_depth(numbers: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> Iterable[str]:
    """A line a tap, a column a measure; what is not defined is a dash. Of taps with the same features one has numbers.

    Those are told at the end of its line, however many they are.
    """
    values = {(n["tap"], n["measure"]): n["value"] for n in numbers}
    same = {n["tap"]: n["same_as"] for n in sorted(numbers, key=lambda n: n["place"])}
    taps = [tap for tap, other in same.items() if not other]
    wide = max([3, *map(len, taps)])
    if taps and shown:
        yield "  " + "tap".ljust(wide) + "".join(f"  {name:>{max(9, len(name))}}" for name in shown)
    for tap in taps:
        cells = (_cell(values.get((tap, name))).rjust(max(9, len(name))) for name in shown)
        others = [name for name, other in same.items() if other == tap]
        said = f"  the same as {', '.join(others)}" if others else ""
        yield "  " + tap.ljust(wide) + "".join(f"  {cell}" for cell in cells) + said


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
