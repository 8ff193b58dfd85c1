"""Measuring: what is asked, how long it will take, how far it is; and what is measured without being asked."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.passes.conditions import CLEAN
from analysis.records import DatasetRecord
from analysis.store import digest
from app import frame, resources, words
from app.boundary import boundary, guarded, plain
from app.geometry_choice import MODELS, PAGE, Network, Subject
from app.geometry_words import PENULTIMATE
from app.widgets.embeddings import offer, said
from app.widgets.geometry import models_here
from app.widgets.progress import watch
from models.errors import CutawayError, UnknownName

if TYPE_CHECKING:
    from analysis.pipelines.job_view import JobView

GEOMETRY = "geometry"
UNASKED = 5000
"""Samples up to which what the head reads is measured without being asked: that takes a few seconds."""

TAPS = {"main": "what each block gives", "all": "every layer", PENULTIMATE: "the head's input"}
MEASURED = "All of that has been measured already."
MEASURES_WHAT = "This page measures how classes lie in what a network reads of images."


def arguments(subject: Subject, taps: str = "main", measures: Sequence[str] = (), alike: bool = True) -> dict[str, Any]:
    """Of the job; its errors say what cannot be asked. Opens networks that this process has not seen."""
    from analysis.pipelines import geometry

    return geometry.asked(
        resources.store(), resources.settings().workspace,
        models=[network.name for network in subject.networks], dataset_id=subject.dataset.dataset_id,
        condition=subject.choice.condition, taps=taps if taps in ("main", "all") else [taps], measures=measures,
        similarity=alike,
    )  # fmt: skip


def title(subject: Subject) -> str:
    names = [network.name for network in subject.networks]
    what = names[0] if len(names) == 1 else f"{len(names)} models"
    return f"Geometry of {what} over {subject.dataset.name}"


def start(subject: Subject, taps: str, slow: Sequence[str] = (), alike: bool = True) -> None:
    """Submit the job, or join the one that is under way. In a callback."""
    from analysis.pipelines.geometry_asking import has_work

    asked = _asked(subject, taps, slow, alike)
    if has_work(asked):
        resources.work().submit(GEOMETRY, asked, title(subject))
    else:
        st.toast(MEASURED, icon=":material/check_circle:")
    PAGE.change(models=tuple(network.name for network in subject.networks))


def active(dataset: DatasetRecord) -> list[JobView]:
    """Work on the geometry of these images, under way or waiting."""
    views = resources.work().jobs()
    mine = [v for v in views if v.active and v.kind == GEOMETRY and v.arguments.get("dataset") == dataset.dataset_id]
    return sorted(mine, key=lambda v: (v.state != "running", v.submitted_at))


def progress(subject: Subject) -> None:
    """While there is work: how far it is, with a way to stop it."""
    if found := active(subject.dataset):
        watch(resources.jobs(), [view.key for view in found], _cancel)


def button(subject: Subject) -> None:
    """A popover: where to measure, what beside the usual, how long that takes, and the button that starts it."""
    box = st.popover("Measure", icon=":material/straighten:", key="geometry.measure", on_change="rerun")
    if not box.open:
        return
    with box, boundary():
        if (starting := resources.engine()) is not None:
            watch(resources.loading(), [starting.key], stoppable=False)
            return
        from analysis.geometry import MEASURES

        taps = st.radio("Where", list(TAPS), format_func=lambda t: TAPS[t].capitalize(), key="geometry.measure.taps")
        slow = {m.name: m.label for m in MEASURES if m.slow and m.kind != "pair"}
        also = st.multiselect(
            "Also what takes long", list(slow), format_func=lambda n: slow[n], key="geometry.measure.slow"
        )
        alike = st.checkbox("Compare layers with layers, and models", True, key="geometry.measure.alike")
        outlook = estimate(subject, taps, also, alike) if subject.networks else "Choose a model first."
        st.caption(plain(outlook))
        st.button(
            f"Measure {words.plural(len(subject.networks), 'model')}", type="primary", icon=":material/play_arrow:",
            key="geometry.measure.do", on_click=guarded(start), args=(subject, taps, tuple(also), alike),
            disabled=not subject.networks or outlook == MEASURED,
        )  # fmt: skip
        _turned(subject, taps)


def _turned(subject: Subject, taps: str) -> None:
    """One measure with other settings than the usual: its number stands beside the usual one."""
    from analysis.geometry import MEASURES
    from app.widgets.knobs import knobs

    there = {m.name: m.label for m in MEASURES if m.parameters and (m.kind != "pair" or m.group != "similarity")}
    name = st.selectbox(
        "One measure with other settings", list(there), None, format_func=lambda n: there.get(n) or n,
        key="geometry.measure.turned", placeholder="Choose a measure",
        help="It is shown beside the usual number, by its settings: in the tables, by depth, and in the files.",
    )  # fmt: skip
    if name is None:
        return
    usual = MEASURES[name]
    turned = usual.turned(dict(knobs(usual, {}, "measure.turned", start=PAGE.start, columns=2)))
    nothing = turned.name == name or not subject.networks
    st.button(
        f"Measure {turned.label}" if turned.name != name else "Change a setting to measure it", disabled=nothing,
        icon=":material/play_arrow:", key="geometry.measure.turned.do", on_click=guarded(_start_turned),
        args=(subject, taps, turned.name),
    )  # fmt: skip


def _start_turned(subject: Subject, taps: str, name: str) -> None:
    from analysis.pipelines.geometry_asking import has_work

    asked = arguments(subject, taps, [name], alike=False)
    if has_work(asked):
        resources.work().submit(GEOMETRY, asked, title(subject))
    else:
        st.toast(MEASURED, icon=":material/check_circle:")
    PAGE.change(models=tuple(network.name for network in subject.networks))


def estimate(subject: Subject, taps: str, slow: Sequence[str] = (), alike: bool = True) -> str:
    """What one button will do, and about how long it takes. Only once the engine has started."""
    from analysis.pipelines.geometry_seconds import outlook

    try:
        found = outlook(resources.store(), _asked(subject, taps, slow, alike))
    except UnknownName as error:
        return str(error).partition(". ")[0] + "."  # without a list of all that there are
    except CutawayError as error:
        return str(error)
    if found.nothing:
        return MEASURED
    steps = [f"runs {words.plural(found.runs, 'model')} over {subject.dataset.size:,} images"] if found.runs else []
    steps += [f"measures {words.plural(found.layers, 'layer')}"] if found.layers else []
    steps += ["compares layers"] if found.comparisons else []
    listed = ", ".join([*steps[:-2], " and ".join(steps[-2:])])
    more = f" beside {' and '.join(found.untimed)}, not timed yet" if found.untimed else ""
    return f"{listed.capitalize()}: about {_about(found.seconds)}{more}."


def _about(seconds: float) -> str:
    """In round numbers: it is an estimate."""
    if seconds < 10:
        return f"{max(1, round(seconds))} s"
    return words.seconds(5 * round(seconds / 5)) if seconds < 60 else f"{round(seconds / 60)} min"


def _asked(subject: Subject, taps: str, slow: Sequence[str], alike: bool) -> dict[str, Any]:
    from analysis.pipelines.geometry_asking import usual_measures

    return arguments(subject, taps, [*usual_measures(), *slow] if slow else [], alike)


def by_itself(subject: Subject) -> bool:
    """Measure what the head reads, of few samples, once; whether that is under way.

    Who cancels it, or sees it fail, is not asked again. The head's input is what the Embeddings page has kept.
    """
    if not subject.networks or subject.dataset.size > UNASKED or resources.engine() is not None:
        return False
    if not all(n.record is not None and PENULTIMATE in n.record.taps and not n.taps for n in subject.networks):
        return False
    from analysis.pipelines.geometry_asking import has_work

    asked = arguments(subject, PENULTIMATE)
    if not has_work(asked):  # it has just ended: the numbers are there when the page is drawn next
        return True
    key = digest(kind=GEOMETRY, arguments=asked)
    if next((view for view in resources.work().jobs() if view.key == key), None) is None:
        resources.work().submit(GEOMETRY, asked, title(subject))
        return True
    return bool(active(subject.dataset))


def missing(subject: Subject) -> None:
    """In the place of the views, where nothing of the models on show is measured."""
    if not subject.networks:
        _no_models(subject)
        return
    if active(subject.dataset):
        st.markdown("#### Measuring")
        st.caption("The first numbers are here in a few seconds where features are kept; else the models run first.")
        st.skeleton(height=420)
        return
    st.markdown("#### Not measured yet")
    st.markdown("  \n".join(plain(network.why) for network in subject.networks if network.why))
    _failed(subject)
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    for taps in ("main", PENULTIMATE):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.button(
                f"Measure {TAPS[taps]}", type="primary" if taps == "main" else "secondary", width=250,
                icon=":material/straighten:", key=f"geometry.missing.{taps}", on_click=guarded(start),
                args=(subject, taps),
            )  # fmt: skip
            st.caption(plain(estimate(subject, taps)), width="stretch")


def _failed(subject: Subject) -> None:
    """Why the last attempt came to nothing."""
    views = resources.work().jobs()
    mine = [v for v in views if v.kind == GEOMETRY and v.arguments.get("dataset") == subject.dataset.dataset_id]
    last = max(mine, key=lambda v: v.submitted_at, default=None)
    if last is not None and last.state == "failed":
        st.warning(plain(last.message), icon=":material/error:")


def _no_models(subject: Subject) -> None:
    """Images, but no model that was run over them."""
    under = "" if subject.choice.condition == CLEAN.name else f" under {said.condition(subject.choice.condition)}"
    st.markdown(f"#### No model's features of {plain(subject.dataset.name + under)} are kept yet")
    st.markdown(f"{MEASURES_WHAT} Models are run over them once, and what their layers read is kept and measured.")
    if active(subject.dataset):
        return
    _failed(subject)
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    names = offer.models(subject.dataset)
    usual = [n for n in models_here.usual(models_here.passes(subject.dataset)) if n in names]
    with st.container(horizontal=True, vertical_alignment="bottom"):
        chosen = st.multiselect(
            "Models", names, default=usual or names[:1], max_selections=MODELS, width=720,
            key=f"geometry.offer.{subject.dataset.dataset_id[:8]}",
        )  # fmt: skip
        st.button(
            f"Run and measure over {words.plural(subject.dataset.size, 'image')}", type="primary",
            icon=":material/play_arrow:", key="geometry.offer.do", on_click=guarded(_first), disabled=not chosen,
            args=(subject, tuple(chosen)),
        )  # fmt: skip
    frame.link("workspace", "Add a model on the Workspace page", ":material/add:", tab="models")


def _first(subject: Subject, names: tuple[str, ...]) -> None:
    start(Subject(subject.choice, subject.dataset, tuple(Network(name) for name in names)), "main")


def _cancel(key: str) -> None:
    resources.work().cancel(key)
