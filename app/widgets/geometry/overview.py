"""Overview: what stands out in words, the numbers behind it, and six measures from the input to the head."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import geometry_words as words
from app import resources
from app.boundary import guarded, plain
from app.geometry_choice import PAGE, Subject, View
from app.recent import Recent
from app.widgets.geometry import depth, picker, running, table
from app.widgets.geometry.shell import panel
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.pipelines.geometry_findings import Finding

KEY = "geometry.overview"
KEPT = 32
MOST = 8
WIDTHS = (45, 55)
FEW, MULTIPLES_PX = 4, 640

OPENS: dict[str, View] = {
    "class_mean_angles": "classes",
    "class_mean_norms": "classes",
    "class_mean_cosines": "classes",
    "weight_angles": "classes",
    "nc4": "classes",
    "principal_angles": "subspaces",
    "grassmann_distance": "subspaces",
}
"""Measures whose finding is seen best elsewhere than by depth."""
GROUP_OPENS: dict[str, View] = {"separability": "separability", "subspaces": "subspaces", "dimension": "spectrum"}
"""Where there is one layer only."""


@st.cache_resource(show_spinner=False)
def _kept() -> Recent[str, tuple[Finding, ...]]:
    return Recent(KEPT)


def section(subject: Subject) -> None:
    """Two columns: words and numbers at the left, pictures at the right."""
    left, right = st.columns(WIDTHS, gap="xsmall")
    with left:
        with panel("found", "What stands out", "in words with the numbers"):
            _found(subject)
        _numbers(subject)
    with right, panel("multiples", "From the input to the head", "six telling measures, 95 % intervals as bands"):
        _multiples(subject)


def findings(subject: Subject) -> tuple[Finding, ...]:
    """What stands out, the strongest first; told once for the same numbers."""
    from analysis.pipelines.geometry_findings import stands_out

    networks = [n for n in subject.networks if n.record is not None and n.numbers]
    key = "|".join(f"{n.name}:{n.record.pass_id}:{len(n.numbers)}" for n in networks if n.record)
    latest = max((m.computed_at for n in networks for m in n.numbers), default="")
    names = {n.name: n.class_names for n in networks}

    def tell() -> tuple[Finding, ...]:
        given = [(n.name, n.numbers) for n in networks]
        return tuple(stands_out(given, arrays=resources.store().geometry.arrays, class_names=names))

    return _kept().made(f"{key}|{latest}", tell)


def _found(subject: Subject) -> None:
    found = findings(subject)[:MOST]
    more = len(found) > FEW
    whole = more and bool(st.session_state.get(f"{KEY}.whole"))
    for i, each in enumerate(found if whole else found[:FEW]):
        with st.container(horizontal=True, vertical_alignment="top", key=f"geometry-told-{i}"):
            if not each.measure:
                st.markdown(plain(each.text))
                continue
            st.button(
                ":material/arrow_outward:", key=f"geometry.found.{i}", type="tertiary", help="Show it",
                on_click=guarded(_open), args=(subject, each.measure, each.tap),
            )  # fmt: skip
            st.markdown(plain(each.text), width="stretch")
    if more:
        st.toggle(f"All {len(found)}", key=f"{KEY}.whole")


def opens(measure: str, layers: int) -> View:
    """The view that shows a measure best."""
    from analysis.geometry import MEASURES

    group = MEASURES[measure].group if measure in MEASURES else ""
    if measure in OPENS:
        return OPENS[measure]
    return "depth" if layers > 1 else GROUP_OPENS.get(group, "classes")


def _open(subject: Subject, measure: str, tap: str) -> None:
    view = opens(measure, len(picker.taps(subject.networks)))
    PAGE.change(view=view, measures=(measure,) if view == "depth" else subject.choice.measures, tap=tap)


def _numbers(subject: Subject) -> None:
    """The table of one layer; all that was measured there, where that is asked."""
    everything = table.measured(subject.networks, subject.choice.tap)
    some = [name for name in words.KEY if name in everything]
    with panel("numbers", "Key numbers", "95 % intervals in small; put the cursor on a name or a number"):
        with st.container(horizontal=True, vertical_alignment="center", key="geometry-line-numbers"):
            picker.tap_line(subject)
            st.space("stretch")
            whole = st.toggle(f"All {len(everything)}", key=PAGE.seed("everything", False))
        names = everything if whole else [n for n in everything if n in some]
        table.section(subject, names, height=342)


def _multiples(subject: Subject) -> None:
    there = depth.offered(subject.networks)
    names = [n for n in words.TELLING if n in there]
    if not names:
        st.caption("None of the six is measured.")
        return
    depth.draw(subject, names, key="geometry.multiples", across=2, height=MULTIPLES_PX)
    if len(picker.taps(subject.networks)) > 1:
        st.caption("A click on a point makes its layer the one of the other views.")
        return
    if (starting := resources.engine()) is not None:
        st.caption("Only one layer is measured so far.")
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Only one layer is measured so far.", width="content")
        st.button(
            "Measure what each block gives", icon=":material/straighten:", key="geometry.multiples.main",
            on_click=guarded(running.start), args=(subject, "main"), disabled=bool(running.active(subject.dataset)),
            help=running.estimate(subject, "main"),
        )  # fmt: skip
