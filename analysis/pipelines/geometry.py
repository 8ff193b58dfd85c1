"""The geometry of features measured over the depth of networks: the job kind "geometry".

    arguments = asked(store, workspace, models=["a", "b"], dataset_id=id)
    run_here(store, workspace, "geometry", arguments)      or Work.submit("geometry", arguments, title)
    store.geometry.numbers([subject["pass_id"] for subject in arguments["subjects"]])

`compute` knows no store: it runs the passes that are lacking, those with the same taps together, measures tap by tap
and pair by pair, and leaves each whole or not at all; the store takes them over. Taps whose features and maps are the
same (a container and its last layer) are measured once.
"""

from __future__ import annotations

import hashlib
import shutil
import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.datasets.opened import OpenDataset
from analysis.engine.side_by_side import side_by_side
from analysis.errors import DataError
from analysis.passes.zeros import zeros_of
from analysis.pipelines import predict
from analysis.pipelines.geometry_asking import (
    asked,
    beside_data,
    comparisons,
    has_work,
    main_taps,
    record,
    wanted_pairs,
)
from analysis.pipelines.geometry_files import Parts, moved
from analysis.pipelines.geometry_measuring import (
    data_of,
    features_of,
    kept,
    measure_beside,
    measure_tap,
    predictions_of,
    values_of,
)
from analysis.pipelines.geometry_similarity import as_numbers, measured_pairs
from analysis.records import PassRecord
from analysis.types import Report, part

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from analysis.store.store import Store
    from models.classifier import Classifier

__all__ = ["asked", "compute", "features_of", "finish", "has_work", "main_taps", "measure_tap", "record"]

_AT_ONCE = 64_000_000
"""Bytes of arrays that the store takes in one transaction."""
_PASSES, _TAPS = 0.5, 0.9
"""Of the whole, when passes are over, and then the measures of single taps."""


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Run the passes that are lacking, then measure -> what `predict.finish` takes of the passes."""
    workspace = Path(arguments["workspace"])
    dataset = OpenDataset.open(workspace / predict.DATASETS / arguments["dataset"])
    lacking = [s for s in arguments["subjects"] if s["run"]]
    report(0.0, "loading the networks")
    classifiers = _loaded(workspace, arguments["subjects"])
    runs = _run(workspace, dataset, arguments, classifiers, _span(report, 0, _PASSES)) if lacking else []
    start = _PASSES if lacking else 0.0
    parts = Parts(workspace, arguments)
    given = _Given(workspace, arguments, dataset, classifiers, runs)
    _measure(given, parts, _span(report, start, _TAPS if arguments["pairs"] else 1.0))
    _compare(given, parts, _span(report, _TAPS, 1.0))
    return {"passes": runs}


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take passes and measurements into the store -> pass_ids, measurements (how many are new)."""
    for run in result["passes"]:
        if store.pass_record(run["record"]["pass_id"]) is None:
            predict.finish(store, workspace, {}, run)
    parts, count = Parts(workspace, arguments), 0
    for numbers, arrays in parts.together(_AT_ONCE):
        store.geometry.save(numbers, arrays)
        count += len(numbers)
    parts.clear()
    return {"pass_ids": [s["pass_id"] for s in arguments["subjects"]], "measurements": count}


class _Given:
    """Features of the subjects, read as they are asked for."""

    def __init__(
        self,
        workspace: Path,
        arguments: Mapping[str, Any],
        dataset: OpenDataset,
        classifiers: Mapping[str, Classifier],
        runs: Sequence[Mapping[str, Any]],
    ) -> None:
        self.workspace, self.arguments, self.dataset, self.classifiers = workspace, arguments, dataset, classifiers
        self.subjects = {s["pass_id"]: s for s in arguments["subjects"]}
        self.records = {r["record"]["pass_id"]: predict.record_from_json(r["record"]) for r in runs}
        for pass_id, subject in self.subjects.items():
            if pass_id not in self.records:
                self.records[pass_id] = self._known(subject)
        self._digests: dict[tuple[str, str], str] = {}
        self._data: dict[str, Features] = {}
        self._lock = threading.Lock()
        self._predictions = {pass_id: predictions_of(workspace, found) for pass_id, found in self.records.items()}

    def features(self, pass_id: str, tap: str) -> Features:
        head = self.classifiers[self.subjects[pass_id]["model"]].head
        predictions = self._predictions[pass_id]
        return features_of(self.workspace, self.records[pass_id], tap, self.dataset, head, predictions)

    def digest(self, pass_id: str, tap: str) -> str:
        """Of the features themselves; a head's input is like no other tap, for its head."""
        if (pass_id, tap) not in self._digests:
            found = hashlib.blake2b(tap.encode() if tap == "penultimate" else b"")
            values = values_of(self.workspace, self.records[pass_id], tap)
            for start in range(0, len(values), 4096):
                found.update(np.ascontiguousarray(values[start : start + 4096]).tobytes())
            self._digests[pass_id, tap] = f"{values.shape[1]} {found.hexdigest()}"
        return self._digests[pass_id, tap]

    def seen(self, pass_id: str, tap: str) -> tuple[str, ...]:
        """Of all that measures see of a tap: its features, and what was counted in the maps before they were pooled."""
        counted = zeros_of(self.workspace / predict.PASSES / pass_id, tap)
        if counted is None:
            return pass_id, self.digest(pass_id, tap)
        of_maps = hashlib.blake2b(counted.samples.tobytes() + counted.channels.tobytes())
        return pass_id, self.digest(pass_id, tap), f"{counted.cells} {of_maps.hexdigest()}"

    def data(self, pass_id: str, features: Features) -> Features:
        """The images of a drawn part of the samples, as a model is given them."""
        with self._lock:  # asked from several threads
            if pass_id not in self._data:
                self._data[pass_id] = self._read(pass_id, features)
            return self._data[pass_id]

    def _read(self, pass_id: str, features: Features) -> Features:
        classifier = self.classifiers[self.subjects[pass_id]["model"]]
        condition = predict.condition_of(self.arguments["condition"])
        stored = OpenDataset.open(self.dataset.folder, as_stored=True)  # as the pass reads them
        return data_of(features, stored, classifier.preprocessing, condition)

    def _known(self, subject: Mapping[str, Any]) -> PassRecord:
        return predict.record_from_json(subject["record"])


def _loaded(workspace: Path, subjects: Iterable[Mapping[str, Any]]) -> dict[str, Classifier]:
    from analysis.engine.devices import best
    from models.catalogue import load

    found = {s["model"]: load(s["model"], imported=workspace / predict.MODELS, device=best()) for s in subjects}
    for subject in subjects:
        if found[subject["model"]].fingerprint != subject["model_id"]:
            raise DataError(f"{subject['model']} has other weights than when this was asked. Ask for it again.")
    return found


def _run(
    workspace: Path,
    dataset: OpenDataset,
    arguments: Mapping[str, Any],
    classifiers: Mapping[str, Classifier],
    report: Report,
) -> list[dict[str, Any]]:
    """The passes that the store lacks; those that are whole already are read back."""
    from dataclasses import asdict

    from analysis.store.classifiers import described

    condition = predict.condition_of(arguments["condition"])
    groups: dict[tuple[str, ...], list[predict.Asked]] = {}
    for subject in (s for s in arguments["subjects"] if s["run"]):
        by_hand = predict.by_hand_of(subject["class_map"])
        asked_ = predict.Asked(classifiers[subject["model"]], dataset, by_hand, subject["taps"], condition, False)
        if asked_.pass_id != subject["pass_id"]:
            raise DataError(
                f"The classes of {subject['model']} are matched otherwise than when this was asked. Ask again."
            )
        groups.setdefault(asked_.taps, []).append(asked_)
    runs = []
    for number, group in enumerate(groups.values()):
        _check_room(workspace, dataset, group)
        together = predict.run_together(group, workspace, None, part(report, number, len(groups)))
        for each, (found, paths) in zip(group, together, strict=True):
            model = asdict(described(each.classifier)) | {"added_at": found.computed_at.isoformat()}
            runs.append({"record": predict.record_to_json(found), "model": model, "parts": len(paths)})
    return runs


def _check_room(workspace: Path, dataset: OpenDataset, group: Sequence[predict.Asked]) -> None:
    """DataError before hours of computing, where the features would not fit on the disk."""
    needed = sum(
        4 * len(dataset) * (each.classifier.taps[tap].channels if tap in each.classifier.taps else 512)
        for each in group
        for tap in each.taps
    )
    free = shutil.disk_usage(workspace).free
    if needed > free:
        raise DataError(
            f"The features of {sum(len(each.taps) for each in group)} layers over {len(dataset):,} images take "
            f"{needed / 1e9:.1f} GB, and the disk has {free / 1e9:.1f} GB left. Ask for fewer layers, or make room."
        )


def _measure(given: _Given, parts: Parts, report: Report) -> None:
    """Every layer that is lacking, several at a time; layers with the same features once."""
    todo = [
        (pass_id, tap, place)
        for pass_id, s in given.subjects.items()
        for tap, place in zip(s["taps"], s["places"], strict=True)
        if given.arguments["measures"] and tap not in s["measured"] and not parts.has(pass_id, tap)
    ]
    seen = {(pass_id, tap): given.seen(pass_id, tap) for pass_id, tap, _ in todo}
    first: dict[tuple[str, ...], str] = {}
    for (_, tap), what in seen.items():
        first.setdefault(what, tap)
    twins = {at: first[what] for at, what in seen.items()}
    works = [partial(_measure_tap, given, parts, *each) for each in todo if twins[each[:2]] == each[1]]
    side_by_side(works, report)
    for pass_id, tap, place in todo:
        if (twin := twins[pass_id, tap]) != tap:
            parts.leave(*moved(parts.read(pass_id, twin), tap, place), pass_id, tap)


def _measure_tap(given: _Given, parts: Parts, pass_id: str, tap: str, place: int, report: Report) -> None:
    what = f"{given.subjects[pass_id]['model']} at {tap}"
    report(0.0, what)
    names = given.arguments["measures"]
    beside = beside_data(names)
    alone = [name for name in names if name not in {m.name for m in beside}]
    features = given.features(pass_id, tap)
    found = measure_tap(features, alone, lambda fraction, label: report(fraction, f"{what}: {label}")) if alone else []
    if beside:
        data = None if features.left_out else given.data(pass_id, features)
        found += measure_beside(data, features, beside)
    parts.leave(*kept(found, pass_id, tap, place), pass_id, tap)


def _compare(given: _Given, parts: Parts, report: Report) -> None:
    done = [list(each) for each in given.arguments["compared"]]
    todo = [each for each in comparisons(given.arguments) if each not in done and not parts.has("pairs", *each)]
    for number, (name, one, two) in enumerate(todo):
        pairs, share = wanted_pairs(given.arguments, one, two), part(report, number, len(todo))
        share(0.0, "how alike the layers are")
        ways = {(i, tap): given.digest(pass_id, tap) for i, pass_id in enumerate((one, two)) for tap in _of(pairs, i)}
        first = _once({given.digest(one, tap): tap for tap in _of(pairs, 0)}, given, one)
        second = None
        if one == two:  # taps with the same features stand for each other
            first |= _once({d: tap for tap in _of(pairs, 1) if (d := ways[1, tap]) not in first}, given, one)
        else:
            second = _once({ways[1, tap]: tap for tap in _of(pairs, 1)}, given, two)
        unique = list(dict.fromkeys((ways[0, a], ways[1, b]) for a, b in pairs))
        found = {pair: (m, s) for pair, m, s in measured_pairs(name, first, second, unique, share)}
        said = [((a, b), *found[ways[0, a], ways[1, b]]) for a, b in pairs]
        subject = given.subjects[one]
        place = dict(zip(subject["taps"], subject["places"], strict=True))
        parts.leave(*as_numbers(name, said, one, two, place), "pairs", name, one, two)


def _of(pairs: Sequence[tuple[str, str]], side: int) -> list[str]:
    return list(dict.fromkeys(pair[side] for pair in pairs))


def _once(taps: Mapping[str, str], given: _Given, pass_id: str) -> dict[str, Features]:
    return {digest: given.features(pass_id, tap) for digest, tap in taps.items()}


def _span(report: Report, low: float, high: float) -> Report:
    return lambda fraction, message: report(low + (high - low) * fraction, message)
