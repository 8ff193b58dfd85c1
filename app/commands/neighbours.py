"""`cutaway neighbors`: the samples that a model holds for alike, of one of them or of a picture of your own."""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app import settings, terminal
from app.commands.embedding import ConditionName, Data, Model, TapName
from app.terminal import AsJson, Workspace

if TYPE_CHECKING:
    from analysis.embeddings import Source
    from analysis.pipelines.embedding_neighbours import Near
    from analysis.records import Sample
    from analysis.store.store import Store


def neighbors(
    model: Model,
    data: Data,
    sample: Annotated[int | None, typer.Option(min=0, help="Its place in the dataset.")] = None,
    image: Annotated[
        Path | None, typer.Option(metavar="FILE", exists=True, dir_okay=False, help="A picture of your own.")
    ] = None,
    tap: TapName = "",
    k: Annotated[int, typer.Option("--k", "-k", min=1, max=1000, help="How many.")] = 10,
    metric: Annotated[
        Literal["cosine", "euclidean"], typer.Option(help="Cosine says 1 - cosine, from 0 to 2.")
    ] = "cosine",
    condition: ConditionName = "clean",
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Name the samples nearest in what a model reads: to --sample, which is left out, or to --image. Always exact."""
    if (sample is None) == (image is None):
        raise typer.BadParameter("say either --sample or --image.")
    where = settings.resolve(workspace)
    with terminal.stdout_kept_for_the_answer(), terminal.open_store(where) as store:
        from analysis.pipelines import embedding_neighbours as pipeline

        source = _source(store, where.workspace, model, store.dataset(data).dataset_id, tap, condition)
        of: dict[str, Any]
        if sample is not None:
            near = pipeline.neighbours(store, where.workspace, source, sample, k, metric)
            of = _told(store, source, sample)
        else:
            assert image is not None
            near, of = _of_picture(store, where, source, image, k, metric)
        found = [_told(store, source, int(i)) for i in near.indices[0]]
    answer = {
        "model": source.model_name,
        "dataset": source.dataset_name,
        "tap": source.tap,
        "condition": source.condition,
        "metric": metric,
        "of": of,
        "neighbors": [n | {"distance": float(d)} for n, d in zip(found, near.distances[0], strict=True)],
    }
    terminal.answer(answer, _lines(answer), as_json)


def _source(store: "Store", workspace: Path, model: str, dataset_id: str, tap: str, condition: str) -> "Source":
    """The features, taken now where they are not there yet."""
    from analysis.errors import DataError
    from analysis.pipelines import embedding
    from analysis.pipelines.work import run_here

    asked = embedding.asked(store, workspace, model=model, dataset_id=dataset_id, tap=tap, condition=condition)
    (subject,) = asked["subjects"]
    wanted = (store, workspace, model, dataset_id, subject["condition"], subject["tap"])
    if (found := embedding.source(*wanted)) is not None:
        return found
    given = {name: subject[name] for name in ("model", "condition", "class_map") if name in subject}
    run = {**given, "dataset": dataset_id, "taps": [subject["tap"]]}
    run_here(store, workspace, "predict", run, terminal.progress)
    if (found := embedding.source(*wanted)) is None:
        raise DataError(
            f"The features of {model} at {subject['tap']} were removed while they were asked for. Try again."
        )
    return found


def _of_picture(
    store: "Store", where: settings.Settings, source: "Source", image: Path, k: int, metric: str
) -> "tuple[Near, dict[str, Any]]":
    """What is near to a picture, and what the model says of it."""
    from analysis.datasets.decoding import decode
    from analysis.pipelines import embedding
    from analysis.pipelines.embedding_upload import place

    classifier = terminal.classifier(source.model_name, None, None, where)
    laid = embedding.quick(store, where.workspace, source, "pca", classifier=classifier)
    picture = decode(image.read_bytes(), image.name)
    placed = place(store, where.workspace, laid, classifier, [picture], k, metric)
    assert placed.neighbours is not None  # its source was there a moment ago
    best = placed.predictions[0][0]
    said = {"image": str(image), "prediction": best.name, "confidence": best.probability}
    return placed.neighbours, said | {"remarks": list(placed.remarks)}


def _told(store: "Store", source: "Source", sample: int) -> dict[str, Any]:
    """A sample, and what the model says of it."""
    from analysis.records import Filter

    record = store.pass_record(source.pass_id)
    dataset = store.dataset(source.dataset_id)
    if sample >= dataset.size:
        return {"sample": sample}
    found: Sample = store.samples(Filter(source.dataset_id, pass_id=source.pass_id), limit=1, offset=sample)[0]
    return {
        "sample": sample,
        "name": found.name,
        "truth": dataset.class_names[found.label] if found.label >= 0 else None,
        "prediction": record.class_names[found.prediction] if record and found.prediction is not None else None,
    }


def _lines(answer: Mapping[str, Any]) -> Iterable[str]:
    of = answer["of"]
    what = of["image"] if "image" in of else f"sample {of['sample']} ({of['name']}, {of['truth'] or 'no label'})"
    under = "" if answer["condition"] == "clean" else f" under {answer['condition']}"
    yield f"{what}: {answer['model']} at {answer['tap']} over {answer['dataset']}{under} says {of['prediction']}"
    for each in answer["neighbors"]:
        yield f"  {each['distance']:9.4f}  {each['sample']}  {each['name']}  {_words(each)}"
    yield from (f"  note: {remark}" for remark in of.get("remarks", ()))


def _words(each: Mapping[str, Any]) -> str:
    truth, said = each["truth"] or "no label", each["prediction"]
    return str(truth) if said in (None, truth) else f"{truth}, taken for {said}"
