"""Trade-off: what the variants of a family are worth against what they cost, and how to learn what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.records import DatasetRecord
from app import families, resources, words
from app.boundary import guarded, plain
from app.figures.tradeoff import Point, tradeoff
from app.tradeoffs import COSTS, WORTH, Axis, Standing, card_test_set, group, reason, said, standings, usual_device
from app.variants_choice import MOST_CHOSEN, PAGE, SHORT, Choice
from app.widgets import predicting
from app.widgets.variants import measuring, sources
from app.widgets.variants.measuring import being_measured
from app.widgets.variants.tradeoff_table import downloads, table

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

CHART = "variants.tradeoff.chart"
CARDS = "cards"
_CONFIG = {
    "displaylogo": False,
    "modeBarButtonsToRemove": ["zoom2d", "zoomIn2d", "zoomOut2d", "autoScale2d"],
    "toImageButtonOptions": {"format": "png", "filename": "cutaway-trade-off", "scale": 2},
}
ZEROS = (
    "Zeros alone do not make a model faster on this device: its kernels multiply them like any other number. Time "
    "falls only where channels are really removed, or weights are stored in fewer bits."
)
STATED = ("sparsity", "nonzeros", "macs", "latency", "rate")


def section(choice: Choice) -> Choice:
    """Draw the axes, the plot, what is missing on it, the numbers; the choice that they show."""
    family = _family(choice, sources.known())
    datasets = resources.store().datasets()
    choice, axes, dataset = _axes(choice, family, datasets)
    told = dataset.name if dataset else card_test_set(family)
    where, device = dataset.dataset_id if dataset else told, usual_device(family)
    found = standings(family, choice.base, where, device)
    predicting.follow(lambda job: job.kind == "measure")
    placed = [s for s in found if all(s.value(axis) is not None for axis in axes)]
    lines = _groups(family)
    if placed:
        _plot(placed, axes, (told, device), lines, choice)
    else:
        st.info("No model of this family has both numbers yet.", icon=":material/info:")
    if choice.x in STATED:
        st.caption(ZEROS)
    _missing(found, axes, choice.base, dataset)
    table(found, axes, lines, where=told, device=device)
    return choice


def _family(choice: Choice, known: Sequence[Member]) -> list[Member]:
    """The base, all that was made from it, and what else is on show."""
    by_name = families.by_name(known)
    line = {m.name: m for m in families.line(choice.base, known)}
    return list((line | {name: by_name[name] for name in choice.chosen if name in by_name}).values())


def _groups(family: Sequence[Member]) -> Mapping[str, str]:
    """Name -> the line of the plot that it belongs to."""
    from analysis.pruning import PRUNERS

    labels = {method.name: method for method in PRUNERS}
    return {member.name: group(member, labels) for member in family}


def _axes(
    choice: Choice, family: Sequence[Member], datasets: Sequence[DatasetRecord]
) -> tuple[Choice, tuple[Axis, Axis], DatasetRecord | None]:
    """The three choices above the plot."""
    left, middle, right = st.columns(3)
    y = left.selectbox(
        "Worth", WORTH, key=PAGE.seed("y", choice.y if choice.y in WORTH else "accuracy"),
        format_func=lambda name: WORTH[name].label,
    )  # fmt: skip
    names = {CARDS: f"What the cards say: {card_test_set(family) or 'nothing'}"}
    names |= {d.dataset_id[:SHORT]: f"{d.name} ({d.size:,} images)" for d in datasets}
    known = next((short for short in names if choice.data and short.startswith(choice.data[:SHORT])), CARDS)
    data = middle.selectbox(
        "Measured on", names, key=PAGE.seed("data", known, names), format_func=lambda i: names.get(i) or i
    )
    x = right.selectbox(
        "Cost", COSTS, key=PAGE.seed("x", choice.x if choice.x in COSTS else "sparsity"),
        format_func=lambda name: COSTS[name].label,
    )  # fmt: skip
    chosen = replace(choice, x=x or "sparsity", y=y or "accuracy", data="" if data in (CARDS, None) else data)
    dataset = next((d for d in datasets if chosen.data and d.dataset_id.startswith(chosen.data)), None)
    return chosen, (COSTS[chosen.x], WORTH[chosen.y]), dataset


def _plot(
    placed: Sequence[Standing],
    axes: tuple[Axis, Axis],
    places: tuple[str, str],
    lines: Mapping[str, str],
    choice: Choice,
) -> None:
    told, device = places
    titles = (_title(axes[0], device if axes[0].source == "speed" else ""), _title(axes[1], told))
    points = [_point(s, axes, lines[s.member.name]) for s in placed]
    figure = tradeoff(points, axes, titles, chosen=choice.chosen, dark=st.context.theme.type == "dark")
    st.plotly_chart(
        figure, key=CHART, on_select=guarded(_picked), selection_mode=("points", "lasso", "box"), config=_CONFIG
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        count = len(choice.chosen)
        st.button(
            f"Compare the {count} on show" if count != 1 else "Compare it with its base",
            icon=":material/view_column:", disabled=not count, on_click=guarded(PAGE.change), kwargs={"tab": "side"},
        )  # fmt: skip
        downloads(figure, titles)
        st.caption(f"A click puts a model on show or takes it away; the plot's lasso shows up to {MOST_CHOSEN}.")


def _title(axis: Axis, where: str) -> str:
    better = "more is better" if axis.more else "less is better"
    return f"{axis.label}{f' on {where}' if where else ''} ({better})"


def _point(standing: Standing, axes: tuple[Axis, Axis], line: str) -> Point:
    x, y = (standing.value(axis) for axis in axes)
    told = [] if standing.base else [line]
    told += [f"{axis.label}: {said(standing.value(axis), axis.form)}" for axis in reversed(axes)]
    if axes[0] is not COSTS["sparsity"]:
        told.append(f"Sparsity: {said(standing.value(COSTS['sparsity']), 'share')}")
    name = standing.member.name
    return Point(name, line, x or 0.0, y or 0.0, standing.sparsity, tuple(told), standing.base)


def _picked() -> None:
    """Points were clicked or lassoed."""
    selection = (st.session_state.get(CHART) or {}).get("selection") or {}
    names = list(dict.fromkeys(p["customdata"][0] for p in selection.get("points") or [] if p.get("customdata")))
    chosen = PAGE.current().chosen
    now, left_out = toggled(chosen, names)
    if left_out:
        st.toast(f"At most {MOST_CHOSEN} models are on show at once; {words.plural(left_out, 'model')} left out.")
    if now != chosen:
        PAGE.change(chosen=now)


def toggled(chosen: tuple[str, ...], names: Sequence[str]) -> tuple[tuple[str, ...], int]:
    """What is on show after these were picked, and how many had no room: one goes on show or away, several replace."""
    if not names:
        return chosen, 0
    if len(names) == 1 and names[0] in chosen:
        return tuple(name for name in chosen if name != names[0]), 0
    wanted = tuple(names) if len(names) > 1 else (*chosen, names[0])
    return wanted[:MOST_CHOSEN], max(0, len(wanted) - MOST_CHOSEN)


def _missing(found: Sequence[Standing], axes: tuple[Axis, Axis], base: str, dataset: DatasetRecord | None) -> None:
    """Those that are not in the plot, why, and the way to get them there."""
    lacking = [(s, axis) for s in found for axis in axes if s.value(axis) is None]
    if not lacking:
        return
    names = list(dict.fromkeys(s.member.name for s, _ in lacking))
    why: dict[str, list[str]] = {}
    for standing, axis in lacking:
        why.setdefault(reason(standing, axis, base, dataset.name if dataset else ""), []).append(standing.member.name)
    with st.container(border=True):
        st.markdown(f"**Not in the plot: {words.plural(len(names), 'model')}**")
        for text, which in why.items():
            st.caption(f"**{plain(text)}:** {plain(words.first(which, 6))}")
        _offer(lacking, base, dataset)


def _offer(lacking: Sequence[tuple[Standing, Axis]], base: str, dataset: DatasetRecord | None) -> None:
    """The job that measures what is missing; where cards lack it, another test set is the way."""
    usable = [(s, axis) for s, axis in lacking if s.member.architecture]
    tested = [s.member.name for s, axis in usable if axis.source in ("measures", "compared")]
    timed = [s.member.name for s, axis in usable if axis.source == "speed"]
    counted = [s.member.name for s, axis in usable if axis.source == "profile"]
    if tested and dataset is None:
        st.caption("Cards do not change. Choose a dataset above under 'Measured on' to measure the models on it.")
        tested = []
    models = list(dict.fromkeys([*tested, *timed, *counted]))
    if not models or being_measured(models, dataset.dataset_id if dataset and tested else None):
        return
    what = " and ".join(
        part for part, asked in ((f"on {dataset.name}" if dataset else "", tested), ("their speed", timed)) if asked
    )
    label = f"Measure {words.plural(len(models), 'model')}{f' {what}' if what else ''}"
    if st.button(plain(label), icon=":material/speed:", type="primary", key="variants.measure"):
        measuring.submit(models, dataset.dataset_id if dataset and tested else None, bool(timed), label)
