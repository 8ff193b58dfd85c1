"""Measures of models: on a dataset, against the models that they were made from, and how fast they are.

    the job kind "measure"                       many models, one shared pass, kept in the store
    compared(base, variant, images, labels)      the same figures from arrays, without a store
    changed_samples(store, dataset_id, ...)      the samples whose prediction changes, for a selection

arguments of the job: models (names of the catalogue), dataset (its id, or null), speed (bool); and if wanted
class_maps (model -> its class map, as in predict.py; `asked` fills them in), against (a model to compare with as well).

Every model is compared with its parent and with the model that its family began with; those are measured too. What of
a pass is there already is not computed again. Weights are counted in any case, where no card says them. A model that
cannot be opened is said, and the others go on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BadParameter
from analysis.pipelines.variants import ancestors, members
from analysis.records import Filter, Measures, ModelRecord, PassRecord, Speed
from analysis.types import Report, part, silent
from models.profiles import Profile

if TYPE_CHECKING:
    import numpy as np

    from analysis.pipelines.differences import Answers
    from analysis.store.store import Store
    from models.classifier import Classifier

MODELS = "models"


def asked(store: Store, workspace: Path, models: Sequence[str], dataset_id: str | None, speed: bool) -> dict[str, Any]:
    """The job's arguments, with the classes that were matched by hand: for a model itself, else for its ancestors."""
    arguments: dict[str, Any] = {"models": [*models], "dataset": dataset_id, "speed": speed}
    if dataset_id is None:
        return arguments
    found = members(store, workspace / MODELS)
    by_name, maps = {m.name: m for m in found}, {}
    for name in (*models, *(above for model in models for above in ancestors(found, model))):
        for at in (name, *ancestors(found, name)):
            member = by_name.get(at)
            alike = member is not None and (name not in by_name or by_name[name].class_names == member.class_names)
            said = store.class_map(dataset_id, member.model_id) if member and alike else None
            if said and name not in maps:
                maps[name] = {str(theirs): ours for theirs, ours in said.items()}
    return arguments | ({"class_maps": maps} if maps else {})


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Everything of the job -> JSON. Knows no store; runs in any process. The first error where nothing can be had."""
    from analysis.pipelines.measured import Measuring

    workspace = Path(arguments["workspace"])
    names = list(dict.fromkeys(arguments["models"]))
    if not names:
        raise BadParameter("Nothing was given to measure. Name at least one model.")
    work = Measuring(workspace, arguments.get("dataset"), arguments.get("class_maps") or {}, report)
    return work.all_of(names, bool(arguments.get("speed")), arguments.get("against"))


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take all of it into the store -> how many measures and speeds, remarks, and fingerprints by name."""
    from analysis.passes.result import part_paths
    from analysis.pipelines.predict import PASSES, by_hand_of, record_from_json

    for model in result["models"]:
        store.save_model(ModelRecord(**model | {"added_at": datetime.fromisoformat(model["added_at"])}))
    for each in result["passes"]:
        record = record_from_json(each["record"])
        if store.pass_record(record.pass_id) is None:
            store.save_pass(record, part_paths(workspace / PASSES / record.pass_id, each["parts"]))
    for model_id, profile in result["profiles"].items():
        store.save_profile(model_id, Profile.from_json(profile))
    store.save_measures([Measures(**values) for values in result["measures"]])
    for values in result["speeds"]:
        store.save_speed(Speed(**values | {"measured_at": datetime.fromisoformat(values["measured_at"])}))
    for model_id, by_hand in result["class_maps"].items():
        store.save_class_map(arguments["dataset"], model_id, by_hand_of(by_hand))
    return {
        "measures": len(result["measures"]),
        "speeds": len(result["speeds"]),
        "remarks": list(result["remarks"]),
        "model_ids": {model["name"]: model["model_id"] for model in result["models"]},
    }


def compared(
    base: Classifier | None,
    variant: Classifier,
    images: np.ndarray,
    labels: np.ndarray,
    *,
    batch: int = 128,
    report: Report = silent,
) -> dict[str, float | int | None]:
    """The figures of `Measures` from images in memory, for cards.

    images (N, H, W, C) uint8 of the classifiers' input size, labels (N,) int64 in the variant's classes (-1: none)
    -> accuracy, ece, agreement, cka, delta_logit, changed, samples. What cannot be said is None; without a base, so
    are those that compare. Batches have a fixed size, so that the same networks on the same machine give the same.
    """
    from analysis.pipelines.differences import figures

    networks = [variant] if base is None else [variant, base]
    answers: list[Answers] = []
    for number, network in enumerate(networks):
        reported = part(report, number, len(networks))
        answers.append(answers_of(network, images, labels, batch=batch, report=reported))
    found = asdict(figures(*answers))
    return {name: found[name] for name in _FIGURES}


_FIGURES = ("accuracy", "ece", "agreement", "cka", "delta_logit", "changed", "samples")


def answers_of(
    classifier: Classifier, images: np.ndarray, labels: np.ndarray, *, batch: int = 128, report: Report = silent
) -> Answers:
    """What a network says of images (N, H, W, C) uint8 as its preprocessing crops them, labels (N,) its classes."""
    import numpy as np
    import torch

    from analysis.passes.collectors import Seen
    from analysis.passes.forward import Forward
    from analysis.pipelines.differences import LOGITS, of_seen, taps_of

    wanted = (*classifier.preprocessing.size, classifier.preprocessing.channels)
    if images.ndim != 4 or images.shape[1:] != wanted or len(images) != len(labels) or len(images) == 0:
        raise BadParameter(
            f"{classifier.name} is measured on images of {wanted} (rows, columns, channels), with a label each; got "
            f"{images.shape} and {len(labels)} labels."
        )
    (last,) = [tap for tap in taps_of(classifier) if tap != LOGITS] or [""]
    forward, logits, features = Forward(classifier, [last] if last else [], autocast=False), [], []
    for start in range(0, len(images), batch):
        report(start / len(images), f"{start:,} of {len(images):,} images")
        outputs = forward(torch.from_numpy(np.ascontiguousarray(images[start : start + batch])))
        logits.append(outputs.logits.cpu().numpy())
        if last:
            features.append(outputs.features[last].cpu().numpy())
    read = {last: np.concatenate(features)} if last else {}
    truth = np.asarray(labels, dtype=np.int64)
    seen = Seen(0, range(len(images)), truth, np.concatenate(logits), read, None)
    return of_seen(seen, classifier.class_names)


def changed_samples(store: Store, dataset_id: str, pass_id: str, other_pass: str) -> np.ndarray:
    """The pruning-identified samples (n,): those of a dataset for which two passes predict different classes.

    By name, where the classifiers' classes differ. `store.save_selection(name, samples, dataset_id)` keeps them.
    """
    return store.sample_ids(Filter(dataset_id, pass_id=pass_id, other_pass=other_pass, agree=False))


def pass_of(store: Store, dataset_id: str, model_id: str) -> PassRecord | None:
    """The latest pass of a model over a dataset as it is; None where it was not run."""
    return next((p for p in store.passes(dataset_id, model_id) if p.condition == "clean"), None)
