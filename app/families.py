"""Choosing among models by whom they were made from: founders, the variants that a new page shows, dependants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from analysis.pipelines.variants import families, family_of, parent_of

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

MIDDLE = 0.8
"""The sparsity whose variants a new page shows first: there, methods differ."""


def founders(found: Sequence[Member]) -> list[str]:
    """The models that are variants of none, those with variants of their own first."""
    trees = sorted(families(found), key=lambda tree: not tree.children)
    return [tree.name for tree in trees]


def founder(name: str, found: Sequence[Member]) -> str:
    """The model that a family began with."""
    known, seen = {m.name: m for m in found}, {name}
    while name in known and (parent := parent_of(found, known[name])) and parent not in seen:
        name = parent
        seen.add(name)
    return name


def line(base: str, found: Sequence[Member]) -> list[Member]:
    """A model and all that was made from it, each before its own variants; without what is not here."""
    return [tree.member for _, tree in family_of(found, base).walk() if tree.member is not None]


def first_choice(base: str, found: Sequence[Member], most: int) -> tuple[str, ...]:
    """The variants that a new page shows: of different methods, of a middle sparsity."""
    variants = [m for m in line(base, found) if m.name != base]
    chosen: dict[str, str] = {}
    for member in sorted(variants, key=lambda m: abs(sparsity(m) - MIDDLE)):
        chosen.setdefault(member.recipe.method if member.recipe else member.name, member.name)
    return tuple(list(chosen.values())[:most])


def dependants(name: str, found: Sequence[Member]) -> list[str]:
    """The models that were made from this one, and from those."""
    return [m.name for m in line(name, found) if m.name != name]


def sparsity(member: Member) -> float:
    """As it was counted, else as it was asked for."""
    if member.profile is not None:
        return member.profile.sparsity
    return member.recipe.sparsity if member.recipe else 0.0


def by_name(found: Sequence[Member]) -> Mapping[str, Member]:
    """Name -> model."""
    return {m.name: m for m in found}
