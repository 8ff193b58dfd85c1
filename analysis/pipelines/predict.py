"""A classifier over a whole dataset, once: `cutaway predict`, and the job kind "predict".

    predict(classifier, dataset, store, workspace)

What was asked before is read back; a pass that was cut short goes on where it was; the store takes a pass whole.
arguments of the job: model (a name of the catalogue), dataset (its id); and if wanted taps (layers whose features are
kept, "logits" and "penultimate" among them), condition ("clean", or like "fog/3"), autocast, class_map (dataset's
class -> the classifier's class, or -1, both as indices, for those matched by hand), batch.
"""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, fields
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BadParameter, NotApplicable
from analysis.passes.conditions import CLEAN, Condition
from analysis.passes.plan import VERSION
from analysis.records import UNLABELLED, ModelRecord, PassRecord
from analysis.store.keys import digest
from analysis.types import Report, silent

if TYPE_CHECKING:
    import numpy as np

    from analysis.datasets.opened import OpenDataset
    from analysis.passes.result import PassResult
    from analysis.store.store import Store
    from models.classifier import Classifier

DATASETS, MODELS, PASSES = "datasets", "models", "passes"
ByHand = Mapping[int, int]
"""Dataset's class -> the classifier's, or UNLABELLED: said by a person, so it goes before what names say."""


def predict(
    classifier: "Classifier",
    dataset: "OpenDataset",
    store: "Store | None",
    workspace: Path,
    *,
    taps: Sequence[str] = (),
    autocast: bool = False,
    class_map: ByHand | None = None,
    condition: Condition = CLEAN,
    batch: int | None = None,
    report: Report = silent,
) -> PassRecord:
    """The record of this pass, computed unless the store has it. Its files lie in `<workspace>/passes/<pass_id>`.

    `class_map=None` takes what the store was told by hand. Raises what `run_pass` raises, and BadParameter for
    classes that do not exist.
    """
    by_hand = class_map
    if store is not None and by_hand is None:
        by_hand = store.class_map(dataset.record.dataset_id, classifier.fingerprint)
    asked = Asked(classifier, dataset, by_hand or {}, taps, condition, autocast)
    known = store.pass_record(asked.pass_id) if store is not None else None
    if known is not None:
        return known
    ((record, parts),) = run_together([asked], workspace, batch, report)
    if store is not None:
        store.save_classifier(classifier)
        store.save_pass(record, parts)
    return record


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run the pass, or go on with it -> its record as JSON. Knows no store; runs in any process."""
    from analysis.datasets.opened import OpenDataset
    from analysis.engine.devices import best
    from analysis.store.classifiers import described
    from models.catalogue import load

    workspace = Path(arguments["workspace"])
    dataset = OpenDataset.open(workspace / DATASETS / arguments["dataset"])
    report(0.0, f"loading {arguments['model']}")
    classifier = load(arguments["model"], imported=workspace / MODELS, device=best())
    by_hand = by_hand_of(arguments.get("class_map"))
    taps, autocast = arguments.get("taps") or (), bool(arguments.get("autocast"))
    asked = Asked(classifier, dataset, by_hand, taps, condition_of(arguments.get("condition")), autocast)
    ((record, parts),) = run_together([asked], workspace, arguments.get("batch"), report)
    model = asdict(described(classifier)) | {"added_at": record.computed_at.isoformat()}
    return {"record": record_to_json(record), "model": model, "parts": len(parts)}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the pass into the store -> pass_id, accuracy (null where no truth is known) and samples."""
    from analysis.passes.result import part_paths

    record, model = record_from_json(result["record"]), result["model"]
    store.save_model(ModelRecord(**model | {"added_at": datetime.fromisoformat(model["added_at"])}))
    store.save_pass(record, part_paths(workspace / PASSES / record.pass_id, result["parts"]))
    if arguments.get("class_map"):
        store.save_class_map(record.dataset_id, record.model_id, by_hand_of(arguments["class_map"]))
    return {"pass_id": record.pass_id, "accuracy": record.accuracy, "samples": record.samples}


class Asked:
    """One pass, before it is run. `pass_id` is its key."""

    def __init__(
        self,
        classifier: "Classifier",
        dataset: "OpenDataset",
        by_hand: ByHand,
        taps: Sequence[str],
        condition: Condition,
        autocast: bool,
    ) -> None:
        from analysis.datasets.opened import OpenDataset
        from analysis.passes.forward import resolved

        # as the loaders do by which published accuracies were taken
        self.dataset = OpenDataset.open(dataset.folder, as_stored=True)
        self.classifier, self.condition, self.autocast = classifier, condition, autocast
        self.taps = resolved(classifier, taps)
        self.class_map = matched(dataset.record.class_names, classifier.class_names, by_hand)
        self.pass_id = pass_id_of(
            classifier.fingerprint,
            dataset.record.dataset_id,
            condition.name,
            self.class_map,
            self.taps,
            autocast=autocast,
        )

    def record(self, result: "PassResult", imported: Path) -> PassRecord:
        """What is known of it, now that it was run."""
        from analysis.engine.devices import describe
        from analysis.passes.forward import device_of

        return PassRecord(
            pass_id=self.pass_id,
            model_id=self.classifier.fingerprint,
            model_name=self.classifier.name,
            class_names=self.classifier.class_names,
            dataset_id=self.dataset.record.dataset_id,
            dataset_name=self.dataset.record.name,
            condition=result.condition,
            class_map=result.class_map,
            samples=result.samples,
            accuracy=result.accuracy,
            taps=result.taps,
            linear_head=result.linear_head,
            params={"batch": result.batch, "autocast": result.autocast},
            remarks=(*self._unmatched(), *self._differences(imported), *result.remarks),
            seconds=result.seconds,
            device=describe(str(device_of(self.classifier.module))),
            computed_at=datetime.now(UTC),
        )

    def _differences(self, imported: Path) -> tuple[str, ...]:
        """What must be said of images that are not as the weights saw them."""
        from analysis.datasets.differences import differences
        from models.catalogue import card

        shape = self.dataset.image_shape
        known = card(self.classifier.name, imported) if self.classifier.source in ("bundled", "imported") else None
        return differences(self.dataset.record, known, self.classifier.preprocessing, shape[2] if shape else None)

    def _unmatched(self) -> tuple[str, ...]:
        """What must be said of classes that the classifier does not have."""
        names = self.dataset.record.class_names
        lost = [name for name, place in zip(names, self.class_map, strict=True) if place == UNLABELLED]
        if not lost:
            return ()
        listed = ", ".join(lost[:5]) + (" ..." if len(lost) > 5 else "")
        return (
            f"{len(lost)} of the dataset's {len(names)} classes are none of {self.classifier.name}'s, and their "
            f"samples are neither right nor wrong: {listed}.",
        )


def run_together(
    asked: Sequence[Asked], workspace: Path, batch: int | None, report: Report
) -> list[tuple[PassRecord, tuple[Path, ...]]]:
    """Compute what is lacking of passes over one dataset, each image decoded once: records, and parts for the store.

    They must be asked with the same taps, condition and autocast.
    """
    from analysis.passes.run import run_pass

    first = asked[0]
    results = run_pass(
        [each.classifier for each in asked],
        first.dataset,
        [workspace / PASSES / each.pass_id for each in asked],
        class_maps=[each.class_map for each in asked],
        taps=first.taps,
        condition=first.condition,
        batch=batch,
        autocast=first.autocast,
        report=report,
    )
    pairs = zip(asked, results, strict=True)
    return [(each.record(result, workspace / MODELS), result.parts) for each, result in pairs]


def pass_id_of(
    fingerprint: str,
    dataset_id: str,
    condition: str,
    class_map: Sequence[int],
    taps: Sequence[str],
    *,
    autocast: bool,
) -> str:
    """The key of a pass, run or not."""
    return digest(
        family="pass",
        version=VERSION,
        classifier=fingerprint,
        dataset=dataset_id,
        condition=condition,
        class_map=tuple(class_map),
        taps=tuple(taps),
        autocast=autocast,
    )


def condition_of(name: str | None) -> Condition:
    """From "clean" or like "fog/3": a corruption with its usual parameters, its chance drawn with the seed 0.

    As in a sweep, but that images are always corrupted as they are stored, before the network's resizing. BadParameter
    for other texts, UnknownName for a corruption that is not there, NotApplicable for what needs masks or a network.
    """
    from analysis.pipelines.sweep_conditions import condition_of as parsed

    found = parsed(name or CLEAN.name)
    if not found.severity:
        return CLEAN
    from analysis.robustness import CORRUPTIONS  # imports torch
    from analysis.robustness.applying import corrupted

    corruption = CORRUPTIONS[found.corruption]
    if corruption.kind != "corruption":
        raise NotApplicable(
            f"{corruption.label} needs {'a network' if corruption.kind == 'attack' else 'masks'} and cannot be done to "
            "images by themselves. Choose a corruption such as fog/3."
        )

    def change(pixels: "np.ndarray", places: "np.ndarray") -> "np.ndarray":
        return corrupted(pixels, places, found.corruption, found.severity)

    return Condition(f"{found.corruption}/{found.severity}", change)


def matched(theirs: Sequence[str], ours: Sequence[str], by_hand: ByHand) -> tuple[int, ...]:
    """For each class of a dataset the classifier's class or UNLABELLED: by hand where said, else by their names."""
    from analysis.datasets.class_mapping import match

    for their, our in by_hand.items():
        if not 0 <= their < len(theirs) or not UNLABELLED <= our < len(ours):
            raise BadParameter(
                f"Class {their} cannot go with class {our}: the dataset has the classes 0 to {len(theirs) - 1}, "
                f"the classifier 0 to {len(ours) - 1} (or {UNLABELLED} for none)."
            )
    return tuple(by_hand.get(n, place) for n, place in enumerate(match(theirs, ours).class_map))


def by_hand_of(given: Mapping[Any, Any] | None) -> dict[int, int]:
    """From JSON, whose names are texts: {"3": 5}."""
    try:
        return {int(their): int(our) for their, our in (given or {}).items()}
    except (TypeError, ValueError) as error:
        raise BadParameter(
            f"A class map is {{dataset's class: classifier's class}} in indices; got {given}."
        ) from error


def record_to_json(record: PassRecord) -> dict[str, Any]:
    return asdict(record) | {"computed_at": record.computed_at.isoformat()}


def record_from_json(values: Mapping[str, Any]) -> PassRecord:
    known = {f.name for f in fields(PassRecord)}
    given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in values.items() if k in known}
    return PassRecord(**{**given, "computed_at": datetime.fromisoformat(values["computed_at"])})
