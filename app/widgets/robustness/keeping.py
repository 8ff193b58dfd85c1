"""What can be done with a sweep that is there: rename, delete."""

from __future__ import annotations

import streamlit as st

from analysis.sweeps import SweepRecord
from app import linked, resources
from app.boundary import guarded, plain
from app.robustness_choice import PAGE
from app.widgets.robustness import picker, progress


def button(sweep: SweepRecord) -> None:
    """A popover, drawn only while it is open."""
    box = st.popover(
        "Sweep", icon=":material/edit:", key="robustness.keeping", on_change="rerun", help="Rename, delete"
    )
    if not box.open:
        return
    with box:
        key = f"robustness.rename.{sweep.sweep_id[:12]}"
        st.text_input("Name of the sweep", sweep.name, key=key, max_chars=80)
        st.button("Rename", key=f"{key}.do", on_click=guarded(_rename), args=(sweep, key))
        st.markdown(
            f"Delete **{plain(sweep.name)}** for good: all its cells and rows. Images, models and selections stay."
            + (" It came with Cutaway and is there again at the next start." if sweep.source == "bundled" else "")
        )
        st.button("Delete for good", type="primary", key="robustness.delete", on_click=guarded(_delete), args=(sweep,))


def _rename(sweep: SweepRecord, key: str) -> None:
    resources.store().sweeps.rename(sweep.sweep_id, str(st.session_state[key]))


def _delete(sweep: SweepRecord) -> None:
    """Its job is stopped first."""
    from analysis.pipelines.sweep import delete

    for job in progress.running():
        if progress.asked_for(job) == sweep.sweep_id:
            resources.work().cancel(job.key)
    delete(resources.store(), resources.settings().workspace, sweep.sweep_id)
    linked.clear()
    PAGE.change(sweep="", **picker.CLEAR)
