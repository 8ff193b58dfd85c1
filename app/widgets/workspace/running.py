"""Work on the data of the workspace: what is under way, and running a model over a dataset."""

from __future__ import annotations

import streamlit as st

from analysis.records import DatasetRecord
from app import frame, resources
from app.boundary import boundary, guarded, plain
from app.widgets import predicting
from app.workspace_choice import PAGE, SHORT


def section(record: DatasetRecord) -> None:
    """Follow the passes over a dataset; an expander that starts another."""
    predicting.follow(lambda job: job.kind == "predict" and job.arguments.get("dataset") == record.dataset_id)
    key = f"workspace.run.{record.dataset_id[:SHORT]}"
    box = st.expander("Run a model over it", icon=":material/play_circle:", key=f"{key}.open", on_change="rerun")
    if box.open:
        with box, boundary():
            predicting.offer(record, key)


def of_kinds(*kinds: str) -> None:
    """Follow what is being imported or made; what came of it, until it is dismissed."""
    predicting.follow(lambda job: job.kind in kinds)
    for view in frame.ended():
        if view.kind not in kinds or view.state == "cancelled":
            continue
        row = st.container(horizontal=True, vertical_alignment="center")
        if view.state == "done":
            row.success(plain(f"{view.title}: done"), icon=":material/check_circle:", width="stretch")
            job = resources.jobs().get(view.key)
            made = (job.result or {}).get("dataset_id", "") if job is not None else ""
            if made:
                look = guarded(_look)
                row.button("Look at it", key=f"workspace.look.{view.key}", on_click=look, args=(view.key, made))
        else:
            row.error(plain(f"{view.title}: {view.message}"), icon=":material/info:", width="stretch")
        row.button("Dismiss", key=f"workspace.dismiss.{view.key}", on_click=guarded(frame.dismiss), args=(view.key,))


def _look(key: str, dataset_id: str) -> None:
    frame.dismiss(key)
    PAGE.change(tab="datasets", dataset=dataset_id[:SHORT])
