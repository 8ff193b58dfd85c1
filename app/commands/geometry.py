"""`cutaway geometry`: how the classes of a dataset lie in what models read, layer by layer."""

import json
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
    from analysis.records import DatasetRecord, PassRecord
    from analysis.store.store import Store

Models = Annotated[str, typer.Option("--model", metavar="A[,B,...]", help="One to six, as `cutaway models` says.")]
Data = Annotated[str, typer.Option(metavar="NAME", help="As `cutaway datasets` says.")]
FEW = 10
"""Pairs that are told in lines."""
KINDS = (".csv", ".parquet", ".json", ".html")
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
    param: Annotated[
        list[str] | None,
        typer.Option(
            metavar="MEASURE.NAME=VALUE",
            help="What a measure lets you turn, for example cka.estimator=biased; may be given again.",
        ),
    ] = None,
    condition: ConditionName = "clean",
    similarity: Annotated[
        bool, typer.Option("--similarity/--no-similarity", help="Compare layers with layers, and models at a layer.")
    ] = True,
    out: Annotated[
        Path | None,
        typer.Option(
            metavar="F.csv|F.parquet|F.json|F.html",
            dir_okay=False,
            help="All numbers as a table, what --json prints, or a report that stands alone.",
        ),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Measure how classes lie in what models read of a dataset: dimension, collapse, separability, similarity.

    The first model is the one that others are compared with. What was measured before is read back. The table has a
    row a number, with the samples that it was taken over, its 95 % interval where there is one, and why it is not
    defined where it is not. A measure with other parameters than the usual is kept beside the usual one, under a name
    that says so: mle(k=5). The Geometry page shows it.
    """
    kind = arguments.file_kind(out, KINDS)
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import geometry as pipeline
        from analysis.pipelines import seen_in_training
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
            params=arguments.turned(param or (), "MEASURE"),
            similarity=similarity,
        )
        if pipeline.has_work(asked):
            run_here(store, where.workspace, "geometry", asked, terminal.progress)
        found = [(s["model"], _numbers(store, s, asked)) for s in asked["subjects"]]
        own = store.dataset(data).class_names
        passes = {p.pass_id: p for p in store.passes()}
        classes = {s["model"]: class_names(passes[s["pass_id"]], own) for s in asked["subjects"]}
        any_usual = any(n.usual and not n.other_pass for _, numbers in found for n in numbers)
        told = stands_out(found, arrays=store.geometry.arrays, class_names=classes) if any_usual else []
        record = store.dataset(data)
        trained = seen_in_training.told(record, [name for name, _ in found], where.imported_models)
        alike = {s["model"]: same_as(where.workspace, s["pass_id"], s["taps"]) for s in asked["subjects"]}
    answer = {
        "dataset": record.name,
        "condition": condition,
        "training": trained,
        "models": [
            {"name": name, "numbers": [_plain(n) | {"same_as": alike[name].get(n.tap, "")} for n in numbers]}
            for name, numbers in found
        ],
        "stands_out": [{"text": f.text, "measure": f.measure, "tap": f.tap} for f in told],
        "out": str(out) if out else None,
    }
    if out is not None and kind == ".json":
        _written(json.dumps(answer, indent=2, ensure_ascii=False) + "\n", out)
    elif out is not None and kind == ".html":
        _written(_report(record, condition, found, passes, answer), out)
    elif out is not None:
        write_table(_table(found, alike, record.name, condition), out)
    terminal.answer(answer, _lines(answer), as_json)


def _numbers(store: "Store", subject: Mapping[str, Any], asked: Mapping[str, Any]) -> "list[Measurement]":
    """What was asked of one model, by place; of pairs those of the models and the layers that were asked."""
    taps = {"": ("",), **{s["pass_id"]: s["taps"] for s in asked["subjects"]}}
    wanted = [*asked["measures"], *asked["pairs"]]
    return [
        n
        for n in store.geometry.numbers([subject["pass_id"]], wanted)
        if n.tap in subject["taps"] and n.other_tap in taps.get(n.other_pass, ())
    ]


def _report(
    dataset: "DatasetRecord",
    condition: str,
    found: "Sequence[tuple[str, Sequence[Measurement]]]",
    passes: "Mapping[str, PassRecord]",
    answer: Mapping[str, Any],
) -> str:
    """The page of HTML that the Geometry page offers too."""
    from app.geometry_choice import Choice, Network, Subject
    from app.geometry_document import html
    from app.geometry_words import PENULTIMATE

    networks = [
        Network(name, passes[numbers[0].pass_id] if numbers else None, tuple(numbers), "", dataset.class_names)
        for name, numbers in found
    ]
    taps = [tap for network in networks for tap in network.taps]
    tap = PENULTIMATE if PENULTIMATE in taps or not taps else taps[-1]
    choice = Choice(dataset.dataset_id, tuple(n.name for n in networks), condition, tap)
    told = [each["text"] for each in answer["stands_out"]]
    return html(Subject(choice, dataset, tuple(networks)), told, answer["training"])


def _written(text: str, out: Path) -> None:
    from analysis.passes.files import write_whole

    out.parent.mkdir(parents=True, exist_ok=True)
    write_whole(out, lambda path: _say(path, text))


def _say(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")


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
            "params": ", ".join(f"{key}={value}" for key, value in n.params.items()),
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
    yield from (f"note: {each}" for each in answer["training"])
    under = "" if answer["condition"] == "clean" else f" under {answer['condition']}"
    model_of = {n["pass_id"]: found["name"] for found in answer["models"] for n in found["numbers"]}
    for found in answer["models"]:
        numbers = found["numbers"]
        yield f"{found['name']} over {answer['dataset']}{under}: {len(numbers):,} numbers"
        single = [n for n in numbers if not n["other_pass"]]
        names = dict.fromkeys(n["measure"] for n in single)
        turned = [name for name in names if "(" in name]
        usual = [name for name in _SHOWN if name in names]
        shown = [*usual, *turned] if len(names) > len(_SHOWN) else list(names)
        yield from _by_depth(single, shown)
        if len(names) > len(shown):
            yield f"  and {len(names) - len(shown)} more measures: --out F.csv or --json gives all"
        yield from _pairs([n for n in numbers if n["other_pass"]], model_of)
    if answer["stands_out"]:
        yield "what stands out:"
    yield from (f"  {each['text']}" for each in answer["stands_out"])
    if answer["out"]:
        yield answer["out"]


def _pairs(numbers: Sequence[Mapping[str, Any]], model_of: Mapping[str, str]) -> Iterable[str]:
    """A line a pair of layers, or of models at a layer, where they are few."""
    for name in dict.fromkeys(n["measure"] for n in numbers):
        own = [n for n in numbers if n["measure"] == name]
        if len(own) > FEW:
            yield f"  {name} of {len(own):,} pairs of layers: --out F.csv or --json gives all"
            continue
        for n in own:
            other = "" if n["pass_id"] == n["other_pass"] else f"{model_of.get(n['other_pass'], '')} at "
            yield f"  {name} of {n['tap']} with {other}{n['other_tap']}: {_cell(n['value'])} (n = {n['samples']:,})"


def _by_depth(numbers: Sequence[Mapping[str, Any]], shown: Sequence[str]) -> Iterable[str]:
    """A line a tap, a column a measure; what is not defined is a dash. Of taps with the same features one has numbers.

    Those are told at the end of its line, however many they are. The last line is of the samples that were asked.
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
    if taps and shown:
        counts = (_count(n for n in numbers if n["measure"] == name).rjust(max(9, len(name))) for name in shown)
        yield "  " + "n".ljust(wide) + "".join(f"  {count}" for count in counts)


def _cell(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"


def _count(numbers: Iterable[Mapping[str, Any]]) -> str:
    """The samples that one measure was taken over; the fewest and the most where layers differ."""
    counts = sorted({n["samples"] for n in numbers if not n["why"]})
    return "-".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1]))) if counts else "-"
