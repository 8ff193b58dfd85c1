"""Who was made from whom: models as families of a base and all that descends from it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member


def by_name(members: Iterable[Member]) -> dict[str, Member]:
    """Name -> model."""
    return {m.name: m for m in members}


def root(name: str, known: Mapping[str, Member]) -> str:
    """The model that a family began with: the last parent that is there."""
    seen = {name}
    while (parent := known[name].parent) and parent in known and parent not in seen:
        name = parent
        seen.add(name)
    return name


def descent(base: str, known: Mapping[str, Member]) -> list[tuple[int, Member]]:
    """A model and all that was made from it, as (generation, model): each before its own children."""
    children: dict[str, list[Member]] = {}
    for member in known.values():
        children.setdefault(member.parent, []).append(member)
    found: list[tuple[int, Member]] = []
    ahead, seen = [(0, known[base])], set()
    while ahead:
        generation, member = ahead.pop()
        if member.name in seen:  # cards that somebody wrote by hand may go round in a circle
            continue
        seen.add(member.name)
        found.append((generation, member))
        ordered = sorted(children.get(member.name, []), key=_order, reverse=True)
        ahead += [(generation + 1, child) for child in ordered]
    return found


def roots(known: Mapping[str, Member]) -> list[str]:
    """The models that are variants of none that is there, those with variants of their own first."""
    founders = [name for name in known if root(name, known) == name]
    parents = {m.parent for m in known.values()}
    return sorted(founders, key=lambda name: name not in parents)


def first_choice(base: str, known: Mapping[str, Member], most: int) -> tuple[str, ...]:
    """What a new page shows of a family: variants of different methods, the middle of their sparsities first."""
    variants = [m for _, m in descent(base, known)[1:]]
    chosen: list[Member] = []
    methods: set[str] = set()
    for member in sorted(variants, key=lambda m: abs(_sparsity(m) - 0.8)):
        method = member.recipe.method if member.recipe else member.name
        if method not in methods:
            methods.add(method)
            chosen.append(member)
    return tuple(m.name for m in chosen[:most])


def depends(name: str, known: Mapping[str, Member]) -> Sequence[str]:
    """The models that were made from this one, and from those."""
    return [m.name for _, m in descent(name, known)[1:]]


def _order(member: Member) -> tuple[str, float, str]:
    return (member.recipe.method if member.recipe else "", _sparsity(member), member.name)


def _sparsity(member: Member) -> float:
    if member.profile is not None:
        return member.profile.sparsity
    return member.recipe.sparsity if member.recipe else 0.0
