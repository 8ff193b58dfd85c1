"""Measuring variants on a dataset: accuracy, calibration, agreement with the base, and speed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NoReturn

import streamlit as st

from analysis.pipelines.measuring import asked
from app import frame, resources, words
from app.boundary import boundary, guarded
from app.variants_choice import PAGE, SHORT


def offer(names: Sequence[str], key: str) -> None:
    """A popover with the choice and the button. `names`: the models to measure."""
    with st.popover("Measure", icon=":material/speed:"), boundary():
        if not names:
            st.markdown("Choose what to measure first, under **On show**.")
            return
        records = {r.dataset_id: r for r in resources.store().datasets()}
        st.markdown(f"Measure {words.plural(len(names), 'model')}: accuracy, calibration, agreement with their base.")
        if not records:
            st.caption("There is no dataset in this workspace: without one, only speed can be measured.")
        data = st.selectbox(
            "On the images of",
            list(records),
            index=0 if records else None,
            format_func=lambda i: f"{records[i].name} · {words.plural(records[i].size, 'image')}",
            key=f"{key}.data",
            placeholder="No dataset",
        )
        speed = st.checkbox("Speed on this machine, too", value=not records, key=f"{key}.speed", help=_SPEED)
        ready = bool(data or speed)
        look = guarded(_look)
        pressed = st.button(
            "Measure", type="primary", key=f"{key}.measure", disabled=not ready, on_click=look, args=(data,)
        )
        if pressed:
            where = f" on {records[data].name}" if data else ""
            submit(names, data, speed, f"Measuring {words.plural(len(names), 'model')}{where}")


def submit(names: Sequence[str], dataset_id: str | None, speed: bool, title: str) -> NoReturn:
    """The job, with the classes that were matched by hand, also for variants of what they were matched for."""
    arguments = asked(resources.store(), resources.settings().workspace, names, dataset_id, speed)
    frame.submit("measure", arguments, title)


def _look(data: str | None) -> None:
    """What will be measured is what the page shows."""
    if data:
        PAGE.change(data=data[:SHORT])


_SPEED = "The median of several forward passes, after a warm-up: of one image, and of a batch."


def being_measured(models: Sequence[str], dataset_id: str | None) -> bool:
    """Whether jobs under way measure all of these models, on this dataset or, for None, anywhere."""
    jobs = [job for job in resources.work().jobs() if job.kind == "measure" and job.active]
    covered: set[object] = set()
    for job in jobs:
        names = job.arguments.get("models")
        if isinstance(names, list | tuple) and dataset_id in (None, job.arguments.get("dataset")):
            covered |= set(names)
    return bool(jobs) and covered >= set(models)
