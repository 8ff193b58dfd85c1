"""Family: the tree of a founder and its variants, all their numbers, and what can be done with one of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app import counted, families, resources
from app.boundary import boundary, guarded
from app.figures.family_tree import Node, family_tree
from app.figures.variant_colours import colours
from app.tradeoffs import COSTS, WORTH, Standing, card_test_set, group, said, standings, usual_device
from app.variants_choice import MOST_CHOSEN, PAGE, SHORT, Choice
from app.widgets.progress import watch
from app.widgets.variants import importing, measuring, member, progress, sources
from app.widgets.variants.tradeoff_table import FORMATS, csv

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

SHOWN = "variants.family.rows"
MOST_ROWS = 14
CARDS = "cards"
_CHART = {
    "displaylogo": False,
    "modeBarButtons": [["toImage"]],
    "toImageButtonOptions": {"format": "png", "filename": "cutaway-family", "scale": 2},
}
_CONFIG = {"Model": st.column_config.TextColumn(width=270), "Made by": st.column_config.TextColumn(width=230)}
NUMBERS = {**COSTS, **WORTH}
HEADS = {
    "sparsity": "Sparsity", "nonzeros": "Not zero", "sparse": "Packed", "dense": "File", "macs": "MACs",
    "latency": "Time", "accuracy": "Accuracy", "ece": "ECE", "agreement": "Agrees",
}  # fmt: skip
"""Short for the table; the whole is said when the cursor rests on a head."""

ROW_PX = 33


def section(choice: Choice) -> Choice:
    """Draw the tree, the table, and the model that is open; the choice that they show."""
    found = sources.known()
    line = families.line(families.founder(choice.base, found), found)
    if (job := counted.wanted(line)) is not None:
        watch(resources.loading(), [job.key], stoppable=False)
    progress.section()
    row = st.container(horizontal=True, vertical_alignment="bottom")
    choice, where, told = _data(row, choice, line)
    device = usual_device(line)
    stands, lines = standings(line, line[0].name, where, device), _lines(line)
    with row:
        measuring.offer(list(dict.fromkeys([*choice.chosen, choice.base])), "variants.family")
        text = csv(stands, (COSTS["sparsity"], WORTH["accuracy"]), lines, where=told, device=device)
        name = f"cutaway-family-{line[0].name.replace('/', '-')}.csv"
        st.download_button("Numbers", text, name, "text/csv", icon=":material/download:", on_click="ignore")
        importing.offer()
    _tree(stands, lines, choice, told)
    _table(stands, lines, line, choice)
    with boundary():
        return member.section(choice, line, found)


def _data(row: Any, choice: Choice, line: Sequence[Member]) -> tuple[Choice, str, str]:
    """Draw where accuracies come from; the choice, a dataset's id or the cards' test set, and what it is called."""
    records = {r.dataset_id[:SHORT]: r for r in resources.store().datasets()}
    told = card_test_set(line)
    names = {CARDS: f"The models' cards: {told}" if told else "The models' cards"}
    names |= {short: f"{r.name} ({r.size:,} images)" for short, r in records.items()}
    known = choice.data[:SHORT] if choice.data[:SHORT] in records else CARDS
    key = PAGE.seed("data", known, names)
    data = row.selectbox("Measured on", names, key=key, format_func=lambda i: names.get(i) or i, width=360) or CARDS
    if data == CARDS:
        return replace(choice, data=""), told, told
    return replace(choice, data=data), records[data].dataset_id, records[data].name


def _lines(line: Sequence[Member]) -> Mapping[str, str]:
    """Name -> what was done, in words."""
    from analysis.pruning import PRUNERS

    labels = {method.name: method for method in PRUNERS}
    return {m.name: group(m, labels) for m in line}


def _tree(stands: Sequence[Standing], lines: Mapping[str, str], choice: Choice, told: str) -> None:
    from analysis.pipelines.variants import parent_of

    members = [s.member for s in stands]
    founder = members[0]
    nodes = [
        Node(
            name=s.member.name,
            parent="" if s.member is founder else parent_of(members, s.member),
            line="" if s.member is founder else lines[s.member.name],
            gone=_gone(s.member, founder),
            score=s.value(WORTH["accuracy"]),
            words=tuple(f"{NUMBERS[n].label}: {said(s.value(NUMBERS[n]), NUMBERS[n].form)}" for n in _HOVERED),
        )
        for s in stands
    ]
    rings = {name: colour for name, colour in colours(choice.chosen, choice.base).items() if name in choice.chosen}
    label = f"Accuracy on {told}" if told else "Accuracy"
    figure = family_tree(nodes, rings, score=label, dark=st.context.theme.type == "dark")
    key, _ = PAGE.start("tree", None)
    st.plotly_chart(figure, key=key, on_select=guarded(_clicked), selection_mode="points", config=_CHART)
    unknown = " Grey: not known." if any(n.score is None for n in nodes) else ""
    st.caption(
        f"Numbers are the {label[0].lower()}{label[1:]} in %.{unknown} "
        "A click on a point puts it on show or takes it away."
    )


_HOVERED = ("sparsity", "nonzeros", "agreement")


def _gone(member: Member, founder: Member) -> float:
    """Of the founder's weights."""
    if member.profile is None or founder.profile is None or not founder.profile.weights:
        return families.sparsity(member)
    return 1 - (member.profile.weights - member.profile.zeros) / founder.profile.weights


def _clicked() -> None:
    """A point of the tree: on show, or away."""
    key, _ = PAGE.start("tree", None)
    points = ((st.session_state.get(key) or {}).get("selection") or {}).get("points") or []
    if not points:
        return
    name, chosen = points[0]["customdata"][0], PAGE.current().chosen
    now = tuple(n for n in chosen if n != name) if name in chosen else (*chosen, name)
    _show(now, name)
    PAGE.anew("tree", "table")


def _show(names: Sequence[str], opened: str) -> None:
    """These come on show, as many as may be, and one of them is told all about."""
    if len(names) > MOST_CHOSEN:
        st.toast(f"At most {MOST_CHOSEN} models are on show at once. Take one away first.")
    PAGE.keep(replace(PAGE.current(), chosen=tuple(names[:MOST_CHOSEN]), model=opened))
    PAGE.anew("chosen", "model")


def _table(stands: Sequence[Standing], lines: Mapping[str, str], line: Sequence[Member], choice: Choice) -> None:
    """All numbers, a row a model; the rows that are ticked are on show."""
    import pandas

    names = [s.member.name for s in stands]
    if st.session_state.get(SHOWN) != names:  # a row's place says nothing once rows come or go
        st.session_state[SHOWN] = names
        PAGE.anew("table")
    depths = _depths(line)
    columns: dict[str, list] = {
        "Model": ["   " * depths[n] + ("└ " if depths[n] else "") + n for n in names],
        "Made by": ["" if not depths[n] else lines[n] for n in names],
    }
    for name, head in HEADS.items():
        axis = NUMBERS[name]
        values = [s.value(axis) for s in stands]
        if any(v is not None for v in (values[1:] if axis.itself is not None else values)):
            columns[head] = [None if v is None else 100 * v if axis.form == "share" else v for v in values]
    key, rows = PAGE.start("table", [names.index(n) for n in choice.chosen if n in names])
    st.dataframe(
        pandas.DataFrame(columns),
        hide_index=True,
        height=ROW_PX * (min(len(names), MOST_ROWS) + 1) + 3,
        column_config=_CONFIG | _numbers(),
        key=key,
        on_select=guarded(_ticked),
        selection_mode="multi-row",
        placeholder="",
        selection_default={"selection": {"rows": rows}},
    )


def _numbers() -> dict[str, Any]:
    return {
        head: st.column_config.NumberColumn(format=FORMATS[NUMBERS[name].form], help=NUMBERS[name].label)
        for name, head in HEADS.items()
    }


def _depths(line: Sequence[Member]) -> dict[str, int]:
    from analysis.pipelines.variants import family_of

    return {tree.name: depth for depth, tree in family_of(line, line[0].name).walk()}


def _ticked() -> None:
    key, _ = PAGE.start("table", [])
    rows = ((st.session_state.get(key) or {}).get("selection") or {}).get("rows") or []
    names = st.session_state[SHOWN]
    before = [n for n in PAGE.current().chosen if n in [names[i] for i in rows if i < len(names)]]
    now = [*before, *(names[i] for i in rows if i < len(names) and names[i] not in before)]
    _show(now, now[-1] if now else "")
    PAGE.anew("tree")
