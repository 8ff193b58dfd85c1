"""What will be made: the grid of methods x sparsities with the names, what is refused and why, the time, the button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from app import frame, resources, variant_costs, words
from app.boundary import plain
from app.variants_choice import PAGE

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member
    from app.variant_options import Options
    from app.variant_plan import Cell, Row

AMOUNTS = {"channels": " :gray[· of the channels]", "parameters": " :gray[· of the parameters]"}
"""What a method's share is of, where it is not zeros of the weights."""

REFUSED = ":red[not possible]"


def prefix(options: Options, base: str) -> Options:
    """Draw how the names begin."""
    key = PAGE.seed("prefix", options.prefix)
    usual = base.rpartition("/")[2]
    given = st.text_input("Names begin with", key=key, max_chars=40, placeholder=usual).strip()
    return replace(options, prefix="" if given == usual else given)


def grid(rows: Sequence[Row], levels: Sequence[float], options: Options, images: int, base: Member | None) -> None:
    """Draw the plan, and the button that starts it. `images` of the dataset that is chosen."""
    if not rows or not any(row.cells or row.against for row in rows):
        st.caption("Choose at least one method and one sparsity above.")
        return
    macs = base.profile.macs if base and base.profile else None
    st.table(_table(rows, levels, macs, images), border="horizontal", hide_index=True)
    _refusals(rows)
    ready = [row for row in rows if row.ready]
    count = sum(len(row.ready) for row in ready)
    line = st.container(horizontal=True, vertical_alignment="center")
    there = any(cell.there for row in rows for cell in row.cells)
    nothing = "Nothing more to make" if there else "Nothing to make"
    label = f"Make {words.plural(count, 'variant')}" if count else nothing
    pressed = line.button(label, type="primary", icon=":material/content_cut:", key="variants.make", disabled=not count)
    if count:
        cost = f", {variant_costs.about(variant_costs.total(ready, macs, images))}" if macs else ""
        where = " on two cores" if cost and not resources.has_gpu() else ""
        line.caption(f"{words.plural(len(ready), 'job')}{cost}{where}. You can go on working meanwhile.")
    if pressed:
        from app.variant_plan import arguments

        frame.submit_all("prune", [(arguments(row, options), _title(row)) for row in ready])


def _title(row: Row) -> str:
    shares = ", ".join(_percent(c.recipe.sparsity) for c in row.ready) if row.method.amount != "none" else ""
    return f"{row.method.label} of {row.ready[0].recipe.base}" + (f" at {shares}" if shares else "")


def _table(rows: Sequence[Row], levels: Sequence[float], macs: int | None, images: int) -> dict[str, list[str]]:
    """Methods down, sparsities across; the names in the cells."""
    table = {"Method": [f"**{plain(row.method.label)}**{AMOUNTS.get(row.method.amount, '')}" for row in rows]}
    for level in levels:
        table[_percent(level)] = [_cell(row, level) for row in rows]
    if any(row.method.amount == "none" for row in rows):
        table["By its parameters"] = [_cell(row, 0.0) for row in rows]
    if macs:
        table["Time"] = [_time(row, macs, images) for row in rows]
    return table


def _time(row: Row, macs: int, images: int) -> str:
    return variant_costs.about(variant_costs.seconds(row, macs, images)) if row.ready else ""


def _cell(row: Row, level: float) -> str:
    cell = next((c for c in row.cells if abs(c.recipe.sparsity - level) < 1e-9), None)
    if cell is None:
        return REFUSED if row.against and (level > 0) != (row.method.amount == "none") else ""
    if row.against or cell.against:
        return REFUSED
    return f":gray[{plain(cell.name)}] :gray-badge[{cell.there}]" if cell.there else plain(cell.name)


def _refusals(rows: Sequence[Row]) -> None:
    """Why, each reason once."""
    reasons: dict[str, list[str]] = {}
    for row in rows:
        if row.against:
            reasons.setdefault(row.against, []).append(row.method.label)
        for cell in row.cells:
            if cell.against and not row.against:
                reasons.setdefault(cell.against, []).append(_where(row, cell))
    if reasons:
        lines = [f"- {_said(who, why)}" for why, who in reasons.items()]
        st.warning("\n".join(lines), icon=":material/info:")


def _said(who: Sequence[str], why: str) -> str:
    """Whom it is about, unless the reason begins with that."""
    return plain(why) if len(who) == 1 and why.startswith(who[0]) else f"**{plain(', '.join(who))}**: {plain(why)}"


def _where(row: Row, cell: Cell) -> str:
    return row.method.label + (f" at {_percent(cell.recipe.sparsity)}" if row.method.amount != "none" else "")


def _percent(level: float) -> str:
    return f"{100 * level:.6g} %"
