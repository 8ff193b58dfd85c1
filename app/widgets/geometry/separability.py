"""Where in a network classes come apart: probes and scores by depth, and at one layer."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.measurements import Measurement
from analysis.store import digest
from app import geometry_words as words
from app.boundary import guarded, plain
from app.geometry_choice import Subject
from app.widgets.geometry import depth, unknown
from app.widgets.geometry.picked import select, turned
from app.widgets.geometry.shell import panel
from app.widgets.geometry.spot import (
    Spot,
    explained,
    labelled,
    layer,
    line,
    measure_of,
    measured,
    spot_of,
    usual_tap,
)

KEY = "geometry.separability"
PROBES = (
    *("probe_linear", "probe_logistic", "knn_accuracy", "nearest_mean_accuracy", "knn_purity", "silhouette"),
    *("fisher", "calinski_harabasz", "davies_bouldin"),
)
FIRST = ("probe_linear", "knn_accuracy", "knn_purity", "silhouette")
BESIDE, LETTERS = 2, 36  # models at most, and letters of their names, whose table leaves room for another panel


def section(subject: Subject) -> None:
    """Probes and scores by depth, each model's at one layer, then known against unknown."""
    if not measured(subject):
        st.info("Nothing is measured yet.")
        return
    taken = words.in_order(m.measure for network in subject.networks for m in network.numbers)
    there = [name for probe in PROBES for name in taken if name.partition("(")[0] == probe]
    if there:
        with panel("probes", "Probes and scores by depth", "from which layer on are classes apart?"):
            names = st.pills(
                "Measures", there, selection_mode="multi", default=[n for n in FIRST if n in there],
                format_func=labelled, key=f"{KEY}.measures", label_visibility="collapsed",
            ) or there[:1]  # fmt: skip
            shown = [n for n in there if n in names]
            across = min(len(shown), 4 if len(shown) in (4, 7, 8) else 3)
            depth.draw(subject, shown, key=f"{KEY}.depth", across=across, height=270 * -(-len(shown) // across))
    names = [n.name for n in measured(subject)]
    wide = len(names) > BESIDE or sum(map(len, names)) > LETTERS
    left, right = (st.container(), st.container()) if wide else st.columns([46, 54], gap="small")
    with left, panel("probe-numbers", "At one layer", "click a number to select the samples it gets wrong"):
        _table(subject, there)
    with right, panel("ood", "Known against unknown", "are samples of another dataset told from these?"):
        unknown.section(subject, wide)


def _table(subject: Subject, names: Sequence[str]) -> None:
    """A row a measure, a column a model."""
    networks = measured(subject)
    tap = usual_tap(networks[0], subject.choice.tap)
    if len(networks[0].taps) > 1:
        with line("probe-layer"):
            layer(networks[0], tap)
    spots = [s for n in networks if (s := spot_of(n, tap)) is not None]
    rows = [n for n in names if any(n in s.numbers for s in spots)]
    if not rows:
        st.caption(f"Nothing of this is measured at {plain(words.tap(tap))}.")
        return
    table: dict[str, list[str]] = {"Measure": [labelled(n) for n in rows]}
    for spot in spots:
        table[spot.network.name] = [_cell(spot.numbers.get(n)) for n in rows]
    table["n"] = [_samples(spots, n) for n in rows]
    key = f"{KEY}.table.{digest(tap=tap, rows=rows, models=[s.network.name for s in spots])[:8]}"
    own = turned(key)

    @guarded
    def picked() -> None:
        cells = ((st.session_state.get(own) or {}).get("selection") or {}).get("cells") or []
        if not cells or not 0 <= int(cells[0][0]) < len(rows):
            return
        found = [s for s in spots if s.network.name == cells[0][1]]
        wrong = found[0].arrays(rows[int(cells[0][0])]).get("wrong") if found else None
        if wrong is not None:
            select(
                subject, wrong, f"{labelled(rows[int(cells[0][0])])} wrong at {words.tap(tap)} of {cells[0][1]}", key
            )

    st.dataframe(
        table, hide_index=True, key=own, on_select=picked, selection_mode="single-cell", row_height=32,
        height=37 + 32 * len(rows), column_config={
            "Measure": st.column_config.TextColumn(width=290 if any("(" in n for n in rows) else 185, pinned=True),
            "n": st.column_config.TextColumn(width=60, help="Samples that it was taken over"),
        },
    )  # fmt: skip
    number = next(s.numbers[rows[0]] for s in spots if rows[0] in s.numbers)
    st.caption(
        f"At the {plain(words.tap(tap))} · 95 % intervals in brackets",
        help="\n\n".join(explained(n) for n in rows[:6]) + "\n\n" + "\n\n".join(map(plain, number.caveats)),
    )
    _undefined(spots, rows)


def _cell(number: Measurement | None) -> str:
    if number is None or number.why:
        return words.NONE
    interval = words.within(number)
    return words.short(number.value) + words.unit(measure_of(number.measure)) + (f" ({interval})" if interval else "")


def _samples(spots: Sequence[Spot], name: str) -> str:
    """Of all models that have the number; the fewest and the most where they differ."""
    there = [s.numbers[name] for s in spots if name in s.numbers]
    counts = sorted({number.samples for number in there if not number.why})
    return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1]))) if counts else words.NONE


def _undefined(spots: Sequence[Spot], rows: Sequence[str]) -> None:
    """Why there are dashes in the table, a line a reason."""
    for spot in spots:
        gone: dict[str, list[str]] = {}
        for name in rows:
            number = spot.numbers.get(name)
            if why := "not measured at this layer" if number is None else number.why:
                gone.setdefault(why, []).append(labelled(name))
        for why, labels in gone.items():
            of = f" of {', '.join(labels)}" if len(labels) < len(rows) else ""
            st.caption(plain(f"{words.NONE} {spot.network.name} has no number{of}: {why}."))
