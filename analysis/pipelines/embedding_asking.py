"""What may be asked of an embedding, checked and filled in before anything is computed.

    asked(store, workspace, model="a", dataset_id=id, method="umap", params={"n_neighbors": 30})

gives the arguments of the job kind "embed", the ids of the embeddings among them. Two that ask for the same give the
same ids, also where the pass whose features are laid out is still to be run.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.embeddings import Embedding
from analysis.errors import BadParameter, NotApplicable
from analysis.passes.conditions import CLEAN
from analysis.pipelines.embedding_sources import PENULTIMATE, source_among
from analysis.pipelines.predict import condition_of, matched, pass_id_of
from analysis.records import DatasetRecord
from analysis.store.keys import digest

if TYPE_CHECKING:
    from analysis.projections.registry import Projection
    from analysis.store.store import Store
    from models.cards import Card

VERSION = 1
"""Of what is kept of an embedding: goes up where the same method and parameters give other files."""

MOST_SEED = 2**31 - 1
TOGETHER = 4
"""Sources that a joint method takes at most."""

Other = tuple[str, str, str]
"""(model, tap, condition) of a further source."""


def asked(
    store: Store,
    workspace: Path,
    *,
    model: str,
    dataset_id: str,
    tap: str = "",
    condition: str = CLEAN.name,
    method: str = "pca",
    params: Mapping[str, Any] | None = None,
    dims: int = 2,
    seed: int = 0,
    others: Sequence[Other] = (),
) -> dict[str, Any]:
    """The arguments of a job; BadParameter, NotApplicable, UnknownName or DataError where it cannot be run.

    tap: empty for the input of a linear head, where there is none the default layer. others: what a joint method lays
    out beside it.
    """
    chosen, bound, seed = _method(method, params, dims, seed)
    record = store.dataset(dataset_id)
    wanted = [(model, tap, condition), *((m, t, c or CLEAN.name) for m, t, c in others)]
    _check_together(chosen, wanted)
    subjects = [_subject(store, workspace, record, *each) for each in wanted]
    pairs = [(s["pass_id"], s["tap"]) for s in subjects]
    if len(set(pairs)) < len(pairs):
        raise BadParameter(f"{chosen.label} lays out different features together; the same ones were given twice.")
    check_needs(chosen, record, [s["tap"] for s in subjects])
    group = pairs if chosen.kind == "joint" else []
    return {
        "model": model,
        "dataset": record.dataset_id,
        "subjects": subjects,
        "method": method,
        "params": bound,
        "dims": dims,
        "seed": seed,
        "group": group_id(group),
        "embedding_ids": [embedding_id(*pair, method, bound, dims, seed, group) for pair in pairs],
    }


def embedding_id(
    pass_id: str,
    tap: str,
    method: str,
    bound_params: Mapping[str, Any],
    dims: int,
    seed: int,
    group: Sequence[Sequence[str]] = (),
) -> str:
    """The key of an embedding. group: (pass_id, tap) of all that are laid out together, in order."""
    from analysis.projections import PROJECTIONS

    versions = [VERSION, PROJECTIONS[method].version]
    return digest(
        family="embedding",
        versions=versions,
        source=[pass_id, tap],
        method=method,
        params=dict(bound_params),
        dims=dims,
        seed=seed,
        group=[list(pair) for pair in group],
    )


def group_id(pairs: Sequence[Sequence[str]]) -> str:
    """What those share that are laid out together; empty for one alone."""
    return digest(family="embeddings", sources=[list(pair) for pair in pairs]) if pairs else ""


def find(
    store: Store,
    workspace: Path,
    *,
    model: str,
    dataset_id: str,
    tap: str = "",
    condition: str = CLEAN.name,
    method: str = "pca",
    params: Mapping[str, Any] | None = None,
    dims: int = 2,
    seed: int = 0,
    others: Sequence[Other] = (),
) -> Embedding | None:
    """The latest embedding that `asked` with the same would give, without loading a network. None: not there yet.

    It is found also where its features are gone since.
    """
    _, bound, seed = _method(method, params, dims, seed)
    passes = store.passes(dataset_id)
    wanted = [(model, tap, condition), *((m, t, c or CLEAN.name) for m, t, c in others)]
    resolved = [
        (m, t or (PENULTIMATE if all(p.linear_head for p in passes if m in (p.model_name, p.model_id)) else ""), c)
        for m, t, c in wanted
    ]
    there = store.embeddings.all(dataset_id)
    for each in there:
        what = (each.method, dict(each.params), each.dims, each.seed, bool(each.group))
        if what != (method, bound, dims, seed, bool(others)) or not _is(each, resolved[0]):
            continue
        mates = [[e for e in there if e.group == each.group and _is(e, other)] for other in resolved[1:]]
        if not all(mates):
            continue
        pairs = [(e.pass_id, e.tap) for e in (each, *(m[0] for m in mates))] if others else []
        key = embedding_id(each.pass_id, each.tap, method, bound, dims, seed, pairs)
        if key == each.embedding_id and store.embeddings.has(key):
            return each
    return None


def check_needs(method: Projection, record: DatasetRecord, taps: Sequence[str]) -> None:
    """NotApplicable where a method needs what these features or this dataset do not have."""
    if "labels" in method.needs and record.labelled == 0:
        raise NotApplicable(
            f"{method.label} needs the classes of the samples, and the dataset '{record.name}' has no labels. "
            "Choose another method, or import the dataset again with its labels."
        )
    if "head" in method.needs and any(tap != PENULTIMATE for tap in taps):
        raise NotApplicable(
            f"{method.label} is drawn from the features that the linear head is given. Choose the layer "
            f"'{PENULTIMATE}' in place of '{next(t for t in taps if t != PENULTIMATE)}'."
        )


def by_hand(
    store: Store, workspace: Path, dataset_id: str, model_id: str, card: Card | None, classes: Sequence[str]
) -> Mapping[int, int]:
    """What a person said of a dataset's classes: of the model, else of one that it was made from, with its classes."""
    from models import catalogue

    said, seen = store.class_map(dataset_id, model_id), set()
    while not said and card is not None and card.parent and card.parent not in seen:  # cards may name each other
        seen.add(card.parent)
        card = catalogue.card(card.parent, workspace / "models")
        if card is not None and card.model_id and card.class_names == tuple(classes):
            said = store.class_map(dataset_id, card.model_id)
    return said or {}


def _method(
    name: str, params: Mapping[str, Any] | None, dims: int, seed: int
) -> tuple[Projection, dict[str, Any], int]:
    """The method, all its parameters, and the seed: 0 where it changes nothing."""
    from analysis.projections import PROJECTIONS

    chosen = PROJECTIONS[name]
    if isinstance(dims, bool) or dims not in (2, 3):
        raise BadParameter(f"An embedding has 2 or 3 dimensions; got {dims!r}.")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed <= MOST_SEED:
        raise BadParameter(f"A seed is a whole number from 0 to {MOST_SEED:,}; got {seed!r}.")
    return chosen, chosen.bound(params), seed if chosen.seeded else 0


def _check_together(method: Projection, wanted: Sequence[Other]) -> None:
    if method.kind == "alone" and len(wanted) > 1:
        raise BadParameter(f"{method.label} lays out one source at a time; {len(wanted)} were given.")
    if method.kind == "joint" and not 2 <= len(wanted) <= TOGETHER:
        raise BadParameter(
            f"{method.label} lays out 2 to {TOGETHER} sources together; {len(wanted)} was given. Name further models, "
            "layers or conditions."
        )


def _is(embedding: Embedding, wanted: Other) -> bool:
    model, tap, condition = wanted
    named = model in (embedding.model_name, embedding.model_id)
    return named and embedding.condition == condition and (not tap or embedding.tap == tap)


def _subject(
    store: Store, workspace: Path, record: DatasetRecord, model: str, tap: str, condition: str
) -> dict[str, Any]:
    """One source: its pass, run or to be run, and what running it takes."""
    from models import catalogue

    condition_of(condition)
    card = catalogue.card(model, workspace / "models")
    model_id = card.model_id if card else ""
    run = [p for p in store.passes(record.dataset_id) if p.model_name == model and model_id in ("", p.model_id)]
    if run and not tap:
        tap = PENULTIMATE if run[0].linear_head else ""
    found = source_among(workspace, run, run[0].model_id, condition, tap) if run and tap else None
    if found is not None:
        model_id, names, key = found.model_id, run[0].class_names, found.pass_id
        said = by_hand(store, workspace, record.dataset_id, model_id, card, names)
        return _written(model, model_id, tap, condition, key, said)
    if card is not None and model_id and tap:
        names = card.class_names
    else:
        model_id, names, usual = _opened(model, workspace / "models", card.digest if card else "")
        tap = tap or usual
    said = by_hand(store, workspace, record.dataset_id, model_id, card, names)
    class_map = matched(record.class_names, names, said)
    key = pass_id_of(model_id, record.dataset_id, condition, class_map, (tap,), autocast=False)
    return _written(model, model_id, tap, condition, key, said)


@cache
def _opened(model: str, imported: Path, digest: str) -> tuple[str, tuple[str, ...], str]:
    """Fingerprint, classes and usual tap of a model that must be loaded to be known; its weights have the digest."""
    from models import catalogue

    found = catalogue.load(model, imported=imported)
    usual = PENULTIMATE if found.head is not None else found.default_tap or "logits"
    return found.fingerprint, tuple(found.class_names), usual


def _written(
    model: str, model_id: str, tap: str, condition: str, pass_id: str, said: Mapping[int, int]
) -> dict[str, Any]:
    given = {"model": model, "model_id": model_id, "tap": tap, "condition": condition, "pass_id": pass_id}
    return given | ({"class_map": {str(theirs): ours for theirs, ours in said.items()}} if said else {})
