"""Which classes suffer: the accuracy of each variant on each class, under the condition of a."""

from __future__ import annotations

import numpy as np
import streamlit as st

from app import resources, sweep_numbers
from app.evaluation_order import by_family
from app.robustness_choice import Subject
from app.robustness_words import condition

MOST_PX = 420
ROW_PX = 35


def section(subject: Subject) -> None:
    """An expander, filled only while it is open: a row a class, a column a variant."""
    at = subject.a[1]
    words = condition(subject.sweep.conditions[at])
    box = st.expander(f"By class, under {words}", key="robustness.classes", on_change="rerun")
    if not box.open:
        return
    with box:
        shares, counts = _shares(subject, at)
        import pandas

        members = [subject.members[i] for i in by_family(subject.sweep, subject.members)]
        names = [subject.sweep.members[m].name for m in members]
        there = np.flatnonzero(counts)
        frame = pandas.DataFrame(100 * shares[members][:, there].T, columns=pandas.Index(names))
        frame.insert(0, "Class", [subject.sweep.class_names[c] for c in there])
        frame.insert(1, "Images", counts[there])
        percent = st.column_config.NumberColumn(format="%.1f %%")
        st.dataframe(
            frame, hide_index=True, height=min(ROW_PX * (len(frame) + 1) + 3, MOST_PX),
            column_config={"Class": st.column_config.TextColumn(pinned=True), **dict.fromkeys(names, percent)},
        )  # fmt: skip
        st.caption("Accuracy on the images of each class; a click on a head sorts. A class of few images says little.")


def _shares(subject: Subject, at: int) -> tuple[np.ndarray, np.ndarray]:
    """(M, L) of all members, and how many images each class has (L,)."""
    from analysis.pipelines.sweep_summary import per_class

    def read() -> tuple[np.ndarray, np.ndarray]:
        found, counts = per_class(resources.store(), subject.sweep, [at], samples=subject.selected)
        return found[:, 0], counts

    return sweep_numbers.kept(subject.sweep, ("per class", at), read, subject.selected)
