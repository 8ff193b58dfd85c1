"""Work on the data of the workspace: what is under way, and running a model over a dataset."""

from __future__ import annotations

import streamlit as st

from analysis.records import DatasetRecord
from app.boundary import boundary
from app.widgets import predicting
from app.workspace_choice import SHORT


def section(record: DatasetRecord) -> None:
    """Follow the passes over a dataset; an expander that starts another."""
    predicting.follow(lambda job: job.kind == "predict" and job.arguments.get("dataset") == record.dataset_id)
    key = f"workspace.run.{record.dataset_id[:SHORT]}"
    box = st.expander("Run a model over it", icon=":material/play_circle:", key=f"{key}.open", on_change="rerun")
    if box.open:
        with box, boundary():
            predicting.offer(record, key)


def of_kinds(*kinds: str) -> None:
    """Follow what is being imported or made."""
    predicting.follow(lambda job: job.kind in kinds)
