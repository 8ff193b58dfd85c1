"""What may be asked of a sweep, checked and filled in before anything is computed.

    asked(store, workspace, models=("a", "b"), dataset=dataset_id, corruptions=("all",), ...)

gives the arguments of the job kind "sweep", the id of the sweep among them. Everything in it is JSON, and two that
ask for the same give the same id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.engine.executors import ENGINES
from analysis.errors import BadParameter
from analysis.pipelines.sweep_conditions import ALL, check_condition, conditions, stored_conditions
from analysis.pipelines.sweep_plan import DATASETS, MODELS, VERSION, samples_digest
from analysis.pipelines.variants import Member, ancestors, members
from analysis.records import UNLABELLED
from analysis.store.keys import digest
from analysis.sweeps import CLEAN

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.store.store import Store

GATES = ("mean", "spectral")


def asked(
    store: Store | None,
    workspace: Path,
    *,
    models: Sequence[str],
    dataset: str,
    corruptions: Sequence[str | Mapping[str, Any]] = (ALL,),
    severities: Sequence[int] = (1, 2, 3, 4, 5),
    limit: int | None = None,
    seed: int = 0,
    reference: str | None = None,
    decks: Sequence[Mapping[str, Any]] = (),
    features: Sequence[str] = (),
    batch: int | None = None,
    autocast: bool = False,
    engine: str = "local",
    address: str | None = None,
    stored: str | None = None,
    name: str = "",
) -> dict[str, Any]:
    """The arguments of a sweep; BadParameter, UnknownName or DataError where it cannot be run.

    dataset, stored: ids. corruptions: names, or {"name", "params"}; "all" are the nineteen. limit: so many samples,
    drawn with the seed. reference: whom others are compared with, else the first model. decks: {"name", "members",
    "gate", "trained_on": {member: "clean" or "fog/3"}}. stored: a dataset with the same images as somebody else
    corrupted them (CIFAR-10-C), taken in place of computed ones.
    """
    from analysis.datasets.opened import OpenDataset

    names = list(dict.fromkeys(models))
    if not names:
        raise BadParameter("A sweep needs at least one model. Name those that are to be compared.")
    opened = OpenDataset.open(workspace / DATASETS / dataset)
    known = _known(store, workspace, names)
    class_names = _alike(known)
    class_map = _class_map(store, workspace, dataset, opened, known)
    if stored:
        done_to = stored_conditions(workspace, stored, opened, corruptions, severities)
    else:
        done_to = conditions(corruptions, severities, opened)
    samples = chosen(len(opened), limit, seed)
    made = [_deck(deck, known) for deck in decks]
    _check_names([*names, *(d["name"] for d in made)])
    _check(engine, address, batch, reference, [*names, *(d["name"] for d in made)])
    arguments = {
        "models": names,
        "model_ids": [m.model_id for m in known],
        "dataset": dataset,
        "class_names": list(class_names),
        "class_map": list(class_map),
        "conditions": done_to,
        "limit": limit,
        "seed": seed,
        "reference": reference or names[0],
        "decks": made,
        "features": list(dict.fromkeys(features)),
        "batch": batch,
        "autocast": autocast,
        "engine": engine,
        "address": address,
        "stored": stored,
        "name": name.strip() or _title(opened.record.name, names),
    }
    return arguments | {"sweep_id": _sweep_id(arguments, samples)}


def chosen(size: int, limit: int | None, seed: int) -> np.ndarray:
    """The samples of a sweep: all, or so many drawn with a seed, ascending. A smaller limit draws some of the same."""
    if limit is not None and limit < 1:
        raise BadParameter(f"A sweep takes at least one sample; got a limit of {limit}.")
    if limit is None or limit >= size:
        return np.arange(size)
    return np.sort(np.random.default_rng(seed).permutation(size)[:limit])


def _sweep_id(arguments: Mapping[str, Any], samples: np.ndarray) -> str:
    what = ("model_ids", "dataset", "class_map", "conditions", "seed", "autocast", "features", "stored")
    decks = [deck["deck_id"] for deck in arguments["decks"]]
    asked_for = {n: arguments[n] for n in what}
    return digest(family="sweep", version=VERSION, samples=samples_digest(samples), decks=decks, **asked_for)


def _title(dataset: str, names: Sequence[str]) -> str:
    return f"{dataset}: {names[0]}" + (f" and {len(names) - 1} more" if len(names) > 1 else "")


# ---------------------------------------------------------------------------------------------------------- members


@dataclass(frozen=True, slots=True)
class Known:
    """A model as its card knows it, or as it was found when opened."""

    name: str
    model_id: str
    class_names: tuple[str, ...]


def _known(store: Store | None, workspace: Path, names: Sequence[str]) -> list[Known]:
    by_name = {m.name: m for m in members(store, workspace / MODELS)}
    return [_of_card(by_name.get(name)) or _opened(name, workspace) for name in names]


def _of_card(member: Member | None) -> Known | None:
    if member is None or member.damaged or not member.model_id or not member.class_names:
        return None
    return Known(member.name, member.model_id, member.class_names)


def _opened(name: str, workspace: Path) -> Known:
    """A model that no card tells of: it must be loaded to be known."""
    from models import catalogue

    found = catalogue.load(name, imported=workspace / MODELS)
    return Known(name, found.fingerprint, tuple(found.class_names))


def _alike(known: Sequence[Known]) -> tuple[str, ...]:
    first = known[0]
    for other in known[1:]:
        if other.class_names != first.class_names:
            raise BadParameter(
                f"The models of a sweep have the same classes in the same order. {first.name} has "
                f"{_some(first.class_names)}, {other.name} has {_some(other.class_names)}. Sweep them apart."
            )
    return first.class_names


def _some(names: Sequence[str]) -> str:
    return f"{len(names)} ({', '.join(names[:3])}{' ...' if len(names) > 3 else ''})"


def _class_map(
    store: Store | None, workspace: Path, dataset_id: str, dataset: OpenDataset, known: Sequence[Known]
) -> tuple[int, ...]:
    from analysis.pipelines.predict import matched

    record = dataset.record
    if record.labelled == 0:
        raise BadParameter(
            f"The dataset '{record.name}' has no labels, so nobody can say which answers stay right. Choose one with "
            "labels, or import it again with them."
        )
    by_hand = _by_hand(store, workspace, dataset_id, known)
    class_map = matched(record.class_names, known[0].class_names, by_hand)
    there = np.unique(dataset.labels[dataset.labels != UNLABELLED])
    if all(class_map[label] == UNLABELLED for label in there):
        raise BadParameter(
            f"No class of the dataset '{record.name}' ({_some(record.class_names)}) is one of {known[0].name} "
            f"({_some(known[0].class_names)}). Match them by hand under Workspace, or choose other models."
        )
    return class_map


def _by_hand(store: Store | None, workspace: Path, dataset_id: str, known: Sequence[Known]) -> Mapping[int, int]:
    """What a person said of the classes: of a member, else of one that it was made from with the same classes."""
    if store is None:
        return {}
    found = members(store, workspace / MODELS)
    by_name = {m.name: m for m in found}
    above = [by_name[a] for k in known for a in ancestors(found, k.name) if a in by_name]
    ids = [k.model_id for k in known] + [a.model_id for a in above if a.class_names == known[0].class_names]
    return next((said for i in ids if i and (said := store.class_map(dataset_id, i))), {})


# ------------------------------------------------------------------------------------------------------- the others


def _deck(deck: Mapping[str, Any], known: Sequence[Known]) -> dict[str, Any]:
    name, of, gate = str(deck["name"]).strip(), list(dict.fromkeys(deck["members"])), deck.get("gate") or "mean"
    ids = {k.name: k.model_id for k in known}
    if missing := [m for m in of if m not in ids]:
        raise BadParameter(f"The deck '{name}' takes {missing[0]}, which is no model of this sweep. Add it to them.")
    if len(of) < 2:
        raise BadParameter(f"The deck '{name}' takes two models or more; got {', '.join(of) or 'none'}.")
    if gate not in GATES:
        raise BadParameter(f"A deck answers by {' or '.join(GATES)}; got '{gate}' for '{name}'.")
    trained = {str(m): str(c) for m, c in (deck.get("trained_on") or {}).items()} if gate == "spectral" else {}
    for member, condition in trained.items():
        if member not in of:
            raise BadParameter(f"'{member}' was said to be trained on {condition}, but is not of the deck '{name}'.")
        check_condition(condition)
    seen = [trained.get(m, CLEAN) for m in of] if gate == "spectral" else []
    deck_id = digest(family="deck", members=[ids[m] for m in of], gate=gate, trained_on=seen)
    return {"name": name, "members": of, "gate": gate, "trained_on": trained, "deck_id": deck_id}


def _check_names(names: Sequence[str]) -> None:
    for name in names:
        if not name or names.count(name) > 1:
            raise BadParameter(f"Every deck has a name of its own; '{name}' is {'empty' if not name else 'taken'}.")


def _check(engine: str, address: str | None, batch: int | None, reference: str | None, names: Sequence[str]) -> None:
    if engine not in ENGINES:
        raise BadParameter(f"There is no engine '{engine}'; it is one of {', '.join(ENGINES)}.")
    if address and engine != "ray":
        raise BadParameter(f"The address '{address}' is of a Ray cluster: choose the engine ray, or leave it out.")
    if batch is not None and batch < 1:
        raise BadParameter(f"A batch is at least one image; got {batch}.")
    if reference is not None and reference not in names:
        raise BadParameter(f"The reference '{reference}' is none of the sweep's models: {', '.join(names)}.")
