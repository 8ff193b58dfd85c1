"""The models that are here as families: who was made from whom, and what is known of each without opening it.

members(store, workspace / "models")          read from cards and tables; no network is loaded
family_of(found, "resnet20-cifar10")          that model, its variants, their variants
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.records import Measures, Speed
from models.profiles import Profile
from models.variant import VariantRecipe

if TYPE_CHECKING:  # importing it costs a second of torch
    from analysis.store.store import Store
    from models.cards import Card


@dataclass(frozen=True, slots=True)
class Member:
    """A bundled or imported model, as its card and the workspace know it."""

    name: str
    model_id: str  # fingerprint; empty where no card and no use of it told
    architecture: str  # empty where the card is damaged; `summary` then says what is wrong
    source: str  # bundled or imported
    summary: str
    parent: str  # the name of what it is a variant of; empty: of nothing
    parent_id: str
    recipe: VariantRecipe | None  # None: Cutaway did not make it from its parent
    class_names: tuple[str, ...]
    profile: Profile | None  # None: not counted yet
    measures: tuple[Measures, ...]  # of the workspace (with a dataset's id), then of the card (without)
    speeds: tuple[Speed, ...]  # the latest first

    @property
    def damaged(self) -> bool:
        return not self.architecture


@dataclass(frozen=True, slots=True)
class Tree:
    """A model with the variants that were made from it, in the order of their names."""

    name: str
    member: Member | None  # None for a parent that is neither bundled nor imported: a published one, or one deleted
    children: tuple[Tree, ...] = ()

    def walk(self, depth: int = 0) -> Iterator[tuple[int, Tree]]:
        """Itself and all below with their depths, parents first."""
        yield depth, self
        for child in self.children:
            yield from child.walk(depth + 1)


@dataclass(frozen=True, slots=True)
class _Known:
    """What the workspace knows, by fingerprint."""

    ids: Mapping[str, str] = field(default_factory=dict)  # name -> fingerprint, of models that were used
    profiles: Mapping[str, Profile] = field(default_factory=dict)
    measures: Mapping[str, tuple[Measures, ...]] = field(default_factory=dict)
    speeds: Mapping[str, tuple[Speed, ...]] = field(default_factory=dict)


def members(store: Store | None, imported: Path) -> list[Member]:
    """All bundled and imported models, bundled first, each in the order of names; a damaged card hides no other.

    `store=None`: only what the cards say. A model of a bundled one's name is left out, as nothing opens it.
    """
    from models import cards
    from models.catalogue import ASSETS
    from models.errors import CutawayError

    known, found = _known(store), {}
    for folder, source in ((ASSETS / "models", "bundled"), (imported, "imported")):
        for name, path in cards.cards(folder).items():
            if name in found:
                continue
            try:
                found[name] = _member(cards.read(path), name, source, known)
            except CutawayError as error:
                found[name] = Member(name, "", "", source, str(error), "", "", None, (), None, (), ())
            except (AttributeError, TypeError, ValueError):
                said = f"The model card {path.name} is damaged."
                found[name] = Member(name, "", "", source, said, "", "", None, (), None, (), ())
    return [*found.values()]


def family_of(found: Sequence[Member], base: str) -> Tree:
    """The tree below a model, by name. A child belongs to the model that its `parent_id` names, else to its `parent`.

    The base may be one that `found` has not, such as `torchvision/resnet18`.
    """
    below: dict[str, list[Member]] = {}
    for each in found:
        if parent := parent_of(found, each):
            below.setdefault(parent, []).append(each)
    by_name = {each.name: each for each in found}

    def grown(name: str, above: tuple[str, ...]) -> Tree:
        children = sorted(below.get(name, ()), key=lambda m: m.name)  # cards may name each other: no circles
        return Tree(
            name,
            by_name.get(name),
            tuple(grown(c.name, (*above, name)) for c in children if c.name not in (*above, name)),
        )

    return grown(base, ())


def families(found: Sequence[Member]) -> list[Tree]:
    """All trees, from the models that no other here is the parent of; models without variants are trees of one."""
    names = {each.name for each in found}
    roots = [each.name for each in found if not parent_of(found, each)]
    roots += [p for p in dict.fromkeys(parent_of(found, each) for each in found) if p and p not in names]
    trees = [family_of(found, root) for root in roots]
    reached = {tree.name for root in trees for _, tree in root.walk()}
    return [*trees, *(Tree(each.name, each) for each in found if each.name not in reached)]  # those in circles


def parent_of(found: Sequence[Member], member: Member) -> str:
    """The name of its parent as it is called now; empty where it has none."""
    if member.parent_id:
        same = [each.name for each in found if each.model_id == member.parent_id and each.name != member.name]
        if same:
            return member.parent if member.parent in same else same[0]
    return member.parent if member.parent != member.name else ""


def ancestors(found: Sequence[Member], name: str) -> list[str]:
    """Its parent, that one's parent, and so on, as they are called now."""
    by_name, above = {m.name: m for m in found}, [name]
    while above[-1] in by_name and (parent := parent_of(found, by_name[above[-1]])) and parent not in above:
        above.append(parent)
    return above[1:]


def _known(store: Store | None) -> _Known:
    if store is None:
        return _Known()
    used = [each for each in reversed(store.models()) if each.source in ("bundled", "imported")]
    return _Known(
        ids={each.name: each.model_id for each in used},  # the last that was added wins
        profiles=store.profiles(),
        measures=_by_model(store.measures()),
        speeds=_by_model(store.speeds()),
    )


def _by_model(records: Sequence[Any]) -> dict[str, tuple[Any, ...]]:
    found: dict[str, list[Any]] = {}
    for record in records:
        found.setdefault(record.model_id, []).append(record)
    return {model_id: tuple(of_it) for model_id, of_it in found.items()}


def _member(card: Card, name: str, source: str, known: _Known) -> Member:
    model_id = card.model_id or known.ids.get(name, "")
    return Member(
        name=name,
        model_id=model_id,
        architecture=card.architecture,
        source=source,
        summary=card.summary,
        parent=str(card.parent),
        parent_id=str(card.parent_id),
        recipe=_read(VariantRecipe.from_json, card.variant),
        class_names=card.class_names,
        profile=_read(Profile.from_json, card.profile) or known.profiles.get(model_id),
        measures=(*known.measures.get(model_id, ()), *_said(card, model_id)),
        speeds=known.speeds.get(model_id, ()),
    )


def _read(read: Any, values: Any) -> Any:
    """What a part of a card says; None where it says nothing that can be read."""
    try:
        return read(values) if values else None
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def _said(card: Card, model_id: str) -> tuple[Measures, ...]:
    """The measures that a card says, in its order."""
    numbers = {**{where: {"accuracy": share} for where, share in card.accuracy.items()}, **card.measures}
    return tuple(_measures(where, of_it, model_id, card.parent_id) for where, of_it in numbers.items())


def _measures(where: str, numbers: Mapping[str, Any], model_id: str, parent_id: str) -> Measures:
    def number(name: str) -> float | None:
        value = numbers.get(name)
        return float(value) if isinstance(value, int | float) and math.isfinite(value) else None

    compared = any(number(name) is not None for name in ("agreement", "cka", "delta_logit", "changed"))
    changed = number("changed")
    return Measures(
        model_id=model_id,
        dataset_name=where,
        samples=int(number("samples") or 0),
        accuracy=number("accuracy"),
        ece=number("ece"),
        base_id=parent_id if compared else "",
        agreement=number("agreement"),
        cka=number("cka"),
        delta_logit=number("delta_logit"),
        changed=None if changed is None else int(changed),
    )
