"""What may be asked of the geometry of features, checked and filled in before anything is computed.

    asked(store, workspace, models=["a", "b"], dataset_id=id, taps="main")

gives the arguments of the job kind "geometry": for each model the pass whose features are measured, run or to be run,
its taps with their places, and which of them have been measured already. Two that ask for the same get the same job.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from analysis.errors import BadParameter, NotApplicable
from analysis.passes.conditions import CLEAN
from analysis.passes.features import feature_path
from analysis.pipelines.embedding_asking import by_hand
from analysis.pipelines.geometry_taps import PENULTIMATE, all_taps, main_taps
from analysis.pipelines.predict import PASSES, condition_of, matched, pass_id_of, record_to_json
from analysis.records import DatasetRecord, PassRecord

if TYPE_CHECKING:
    from analysis.geometry.registry import Measure
    from analysis.measurements import Measurement
    from analysis.store.store import Store

__all__ = [
    "MOST_MODELS",
    "PENULTIMATE",
    "all_taps",
    "asked",
    "has_work",
    "main_taps",
    "measures_of",
    "places",
    "record",
    "usual_measures",
]

MOST_MODELS = 6
USUAL_PAIR, STREAMED_PAIR = "cka", "cka_minibatch"
MOST_PRODUCTS = 1e11
"""Multiplications of a CKA of all pairs of layers over all samples at once; above that it goes over minibatches."""

Taps = Literal["main", "all"] | Sequence[str]


@dataclass(frozen=True, slots=True)
class Known:
    """What must be known of a model before it is run."""

    model_id: str
    class_names: tuple[str, ...]
    main: tuple[str, ...]
    order: tuple[str, ...]  # all its taps
    features: tuple[str, ...]  # those of them that a head does not give: what "all" means
    widths: Mapping[str, int]


def asked(
    store: Store,
    workspace: Path,
    *,
    models: Sequence[str],
    dataset_id: str,
    condition: str = CLEAN.name,
    taps: Taps = "main",
    measures: Sequence[str] = (),
    params: Mapping[str, Mapping[str, Any]] | None = None,
    similarity: bool = True,
) -> dict[str, Any]:
    """The arguments of a job; BadParameter, NotApplicable, UnknownName or DataError where it cannot be run.

    taps: "main" (see `main_taps`), "all" up to the head's input, or names. measures: by name, those of pairs among
    them; none: all that are not slow. params: of measures, where they are not the usual. similarity: layers with
    layers, and the models with each other at the layers that they share.
    """
    condition_of(condition)
    chosen = list(dict.fromkeys(models))
    if not 1 <= len(chosen) <= MOST_MODELS:
        raise BadParameter(f"Geometry is measured of one to {MOST_MODELS} models at a time; got {len(chosen)}.")
    single, pairs = _split(measures, params or {})
    record_ = store.dataset(dataset_id)
    if record_.size == 0:
        raise NotApplicable(f"The dataset '{record_.name}' has no images, so there is nothing to measure.")
    subjects = [_subject(store, workspace, record_, model, condition, taps) for model in chosen]
    if similarity and not pairs:
        pairs = [_usual_pair(record_.size, subjects)]
    arguments: dict[str, Any] = {
        "dataset": record_.dataset_id,
        "condition": condition,
        "subjects": subjects,
        "measures": single,
        "pairs": pairs,
    }
    for subject in subjects:
        subject["measured"] = _measured(store, subject, single)
    arguments["compared"] = _compared(store, arguments)
    return arguments


def has_work(arguments: Mapping[str, Any]) -> bool:
    """Whether anything of it is not in the store yet."""
    lacking = any(set(s["taps"]) - set(s["measured"]) for s in arguments["subjects"])
    return lacking or len(arguments["compared"]) < len(comparisons(arguments))


def record(
    store: Store,
    model_name: str,
    dataset_id: str,
    condition: str = CLEAN.name,
    taps: Sequence[str] = (),
    *,
    class_map: Sequence[int] | None = None,
) -> PassRecord | None:
    """Of the passes of a model (its name or fingerprint) that keep these features, the one that was measured at most
    taps, else the newest.

    taps: that it must keep; none: whichever. class_map: how it must match classes. None where there is no such pass.
    """
    fitting = [
        p
        for p in store.passes(dataset_id)
        if model_name in (p.model_name, p.model_id) and p.condition == condition and p.taps
        if class_map is None or p.class_map == tuple(class_map)
        if _keeps(store, p, taps)
    ]
    if len(fitting) < 2:
        return fitting[0] if fitting else None
    measured = store.geometry.taps([p.pass_id for p in fitting])
    return max(fitting, key=lambda p: len(measured.get(p.pass_id, ())))  # of equal ones the first, which is the newest


def measures_of(names: Sequence[str] = ()) -> list[Measure]:
    """Measures of one set of features: those named, or all that are not slow. UnknownName for one that is not there."""
    from analysis.geometry import MEASURES

    if names:
        return [m for m in (MEASURES[name] for name in names) if m.kind != "pair"]
    return [m for m in MEASURES if m.kind != "pair" and not m.slow]


def usual_measures() -> list[str]:
    """What is taken at a layer where nothing is named: all that are not slow, those beside the images among them."""
    from analysis.geometry import MEASURES

    return [m.name for m in MEASURES if not m.slow and (m.kind != "pair" or m.group != "similarity")]


def places(numbers: Sequence[Measurement]) -> dict[str, int]:
    """Tap -> its place, from the input on."""
    return {n.tap: n.place for n in sorted(numbers, key=lambda n: n.place)}


def comparisons(arguments: Mapping[str, Any]) -> list[list[str]]:
    """[measure, pass_id, other_pass] of every matrix: layers with layers of each, and each two models."""
    ids = list(dict.fromkeys(s["pass_id"] for s in arguments["subjects"]))
    both = [(one, two) for i, one in enumerate(ids) for two in ids[i:]]
    return [[measure, *pair] for measure in arguments["pairs"] for pair in both if _in_common(arguments, *pair)]


def wanted_pairs(arguments: Mapping[str, Any], one: str, two: str) -> list[tuple[str, str]]:
    """Taps of the first with taps of the second: all pairs of layers within one pass, the same ones of two."""
    first, second = _taps_of(arguments, one), _taps_of(arguments, two)
    if one == two:
        return [(a, b) for i, a in enumerate(first) for b in first[i + 1 :]]
    return [(tap, tap) for tap in first if tap in second]


def _in_common(arguments: Mapping[str, Any], one: str, two: str) -> bool:
    return bool(wanted_pairs(arguments, one, two))


def _taps_of(arguments: Mapping[str, Any], pass_id: str) -> list[str]:
    return next(s["taps"] for s in arguments["subjects"] if s["pass_id"] == pass_id)


def beside_data(names: Sequence[str]) -> list[Measure]:
    """Those of these measures that set features beside the images themselves."""
    from analysis.geometry import MEASURES

    return [m for m in (MEASURES[name] for name in names) if m.kind == "pair" and m.group != "similarity"]


def _split(names: Sequence[str], params: Mapping[str, Mapping[str, Any]]) -> tuple[list[str], list[str]]:
    """Names of measures of one tap, all that are not slow where none is named; and of two.

    Where none is named, those that params are given for come with the others.
    """
    from analysis.geometry import MEASURES

    wanted = [MEASURES[name] for name in dict.fromkeys(names or [*usual_measures(), *params])]
    if strange := [name for name in params if name not in {m.name for m in wanted}]:
        raise BadParameter(f"'{strange[0]}' is given parameters, and is not among the measures that are asked for.")
    chosen = [m.turned(params.get(m.name, {})) for m in wanted]
    single = [m.name for m in chosen if m.kind != "pair" or m.group != "similarity"]
    return single, [m.name for m in chosen if m.name not in single]


def _subject(
    store: Store, workspace: Path, dataset: DatasetRecord, model: str, condition: str, taps: Taps
) -> dict[str, Any]:
    """One model: its pass, run or to be run, and where it is measured."""
    from models import catalogue

    card = catalogue.card(model, workspace / "models")
    known = _opened(model, workspace / "models", card.digest if card else "")
    chosen = _chosen(known, model, taps)
    said = by_hand(store, workspace, dataset.dataset_id, known.model_id, card, known.class_names)
    class_map = matched(dataset.class_names, known.class_names, said)
    found = record(store, known.model_id, dataset.dataset_id, condition, chosen, class_map=class_map)
    if found is None:
        pass_id = pass_id_of(known.model_id, dataset.dataset_id, condition, class_map, chosen, autocast=False)
    else:
        pass_id = found.pass_id
    return {
        "model": model,
        "model_id": known.model_id,
        "pass_id": pass_id,
        "run": found is None,
        "record": None if found is None else record_to_json(found),
        "taps": list(chosen),
        "places": [known.order.index(tap) if tap in known.order else len(known.order) for tap in chosen],
        "class_map": {str(theirs): ours for theirs, ours in said.items()},
        "widths": [known.widths.get(tap, len(known.class_names)) for tap in chosen],
    }


def _chosen(known: Known, model: str, taps: Taps) -> tuple[str, ...]:
    if taps == "main":
        chosen = known.main
    elif taps == "all":
        chosen = known.features
    elif isinstance(taps, str):
        raise BadParameter(f"Taps are 'main', 'all' or a list of names; got '{taps}'.")
    else:
        order = {name: place for place, name in enumerate((*known.order, "logits"))}
        if unknown := [tap for tap in taps if tap not in order]:
            near = ", ".join(known.main[-4:])
            raise BadParameter(f"{model} has no layer '{unknown[0]}' that can be measured. Some it has: {near}.")
        chosen = tuple(sorted(dict.fromkeys(taps), key=order.__getitem__))
    if not chosen:
        raise NotApplicable(f"{model} has no layer that can be read, so there is nothing to measure.")
    return chosen


@cache
def _opened(model: str, imported: Path, digest: str) -> Known:
    """What is known of a model whose weights have the digest; it is loaded for that."""
    from models import catalogue

    found = catalogue.load(model, imported=imported)
    widths = {name: tap.channels for name, tap in found.taps.items()}
    if found.head is not None:
        widths[PENULTIMATE] = found.head.weight.shape[1]
    order = all_taps(found)
    features = order[: order.index(PENULTIMATE) + 1] if PENULTIMATE in order else order
    return Known(found.fingerprint, tuple(found.class_names), main_taps(found), order, features, widths)


def _keeps(store: Store, found: PassRecord, taps: Sequence[str]) -> bool:
    folder = store.workspace / PASSES / found.pass_id
    wanted = taps or found.taps[:1]
    return set(wanted) <= set(found.taps) and all(feature_path(folder, tap).is_file() for tap in wanted)


def _usual_pair(samples: int, subjects: Sequence[Mapping[str, Any]]) -> str:
    """Debiased CKA over all samples, where that is soon done; else over minibatches."""
    products = max(3 * samples * sum(s["widths"]) ** 2 for s in subjects)
    return USUAL_PAIR if products <= MOST_PRODUCTS or _has_gpu() else STREAMED_PAIR


def _has_gpu() -> bool:
    import torch

    return torch.cuda.is_available()


def _measured(store: Store, subject: Mapping[str, Any], names: Sequence[str]) -> list[str]:
    """The taps at which all of these measures are in the store, as they are computed now."""
    from analysis.geometry import MEASURES

    there: dict[str, set[str]] = {}
    for n in store.geometry.numbers([subject["pass_id"]], list(names)):
        if n.version == MEASURES[n.measure].version and dict(n.params) == MEASURES[n.measure].bound():
            there.setdefault(n.tap, set()).add(n.measure)
    return [tap for tap in subject["taps"] if set(names) <= there.get(tap, set())]


def _compared(store: Store, arguments: Mapping[str, Any]) -> list[list[str]]:
    """Those of `comparisons` that are in the store."""
    from analysis.geometry import MEASURES

    ids = [s["pass_id"] for s in arguments["subjects"]]
    there = {
        (n.measure, n.pass_id, n.other_pass, n.tap, n.other_tap)
        for n in store.geometry.numbers(ids, arguments["pairs"])
        if n.version == MEASURES[n.measure].version
    }
    return [
        [measure, one, two]
        for measure, one, two in comparisons(arguments)
        if all((measure, one, two, a, b) in there for a, b in wanted_pairs(arguments, one, two))
    ]
