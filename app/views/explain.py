"""Explain: which parts of a picture decide what a classifier says of it."""

from dataclasses import replace

import streamlit as st

from analysis.engine.jobs import Job
from analysis.types import Picture
from app import resources, session, work
from app.boundary import boundary, failed, guarded, plain
from app.widgets import classifiers, pickers
from app.widgets.class_maps import classes_over_the_picture
from app.widgets.mapgrid import mapgrid
from app.widgets.methods import methods
from app.widgets.progress import settled, watch
from app.widgets.uploads import pictures, refusals


def page() -> None:
    """Choose, compute, show."""
    with boundary():
        choice = session.PAGE.current()
        with st.sidebar:
            st.caption("See why an image classifier says what it says.")
            shown = pictures(choice.pictures)
        failed()
        refusals()
        for warning in resources.store().warnings:
            st.warning(plain(warning))
        if (starting := resources.engine()) is not None:
            _starting(starting)
            return
        known = classifiers.names()
        with st.sidebar:
            names = classifiers.choose(choice, known)
        choice = replace(choice, classifiers=() if names == tuple(known[:1]) else names)
        if not (asked := classifiers.ready(names)):
            session.PAGE.keep(choice)
            return
        with st.sidebar:
            choice, asks = _choices(choice, asked)
        session.PAGE.keep(choice)
        _results(shown, asked, choice, asks)


def _starting(job: Job) -> None:
    """The first page of a server: pictures can be chosen already."""
    if job.error is not None:
        st.error(plain(str(job.error)))
        return
    watch(resources.loading(), [job.key], stoppable=False)
    st.skeleton(height=420)


def _choices(choice: session.Choice, asked: list) -> tuple[session.Choice, tuple]:
    """The widgets, and the choice that they show now."""
    targets = pickers.targets(choice, asked)
    asks, usual = methods(choice, asked)
    taps, fusion = pickers.taps(choice, asked)
    with st.expander("Smoothing", icon=":material/blur_on:"):
        augment, eigen = pickers.smoothing(choice)
    now = replace(choice, methods=() if usual else asks, taps=taps, targets=targets, fusion=fusion)
    return replace(now, augment=augment, eigen_smooth=eigen), asks


def _results(shown: list[Picture], asked: list, choice: session.Choice, asks: tuple) -> None:
    if not shown:
        st.markdown("#### Drop a picture on the left, or pick one of the samples")
        return
    if not asks:
        st.markdown("#### Choose at least one method")
        work.start([])
        return
    wanted = [work.parts(picture, classifier, choice, asks) for picture in shown for classifier in asked]
    every = [part for parts in wanted for part in parts]
    active = work.start(every)
    if active and not settled(active):
        with st.bottom:
            watch(resources.jobs(), [job.key for job in active if job.active], work.stop)
    for part, message in work.failures(every):
        left, right = st.columns([6, 1], vertical_alignment="center")
        left.warning(plain(message), icon=":material/info:")
        right.button("Try again", key=f"again.{part.key}", on_click=guarded(work.again), args=(part,), width="stretch")
    rows = [work.row(parts) for parts in wanted]
    mapgrid(rows, "maps", lambda index, name: _target(choice, index, name, asked))
    classes_over_the_picture(rows)


def _target(choice: session.Choice, index: int, name: str, asked: list) -> None:
    """A bar was clicked: explain that class, or the predicted one again."""
    unique = all(list(c.class_names).count(name) <= 1 for c in asked)
    target = name if unique and ":" not in name else str(index)
    session.PAGE.change(targets=() if choice.targets == (target,) else (target,))
