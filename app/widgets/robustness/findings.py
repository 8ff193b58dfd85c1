"""Findings: what the literature claims, tested on the sweep that is shown, as sentences with numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.engine.jobs import Job
from analysis.errors import NotApplicable
from analysis.sweeps import SweepRecord
from analysis.types import Report
from app import linked, resources, sweep_numbers
from app.boundary import guarded, plain
from app.robustness_choice import Choice, Room, Subject
from app.widgets.progress import settled, watch

if TYPE_CHECKING:
    from analysis.robustness.findings import Finding
    from analysis.store import Store

ICONS = {
    "found": ":green-badge[:material/check: found]",
    "not found here": ":orange-badge[:material/close: not found here]",
    "cannot be said": ":gray-badge[:material/question_mark: cannot be said]",
}
FRAGILE = "fragile everywhere"
MOST_BARS = 12


def section(subject: Subject, room: Room) -> Choice:
    """Draw the cards, two in a row."""
    sweep = subject.sweep
    if subject.selected is not None:
        st.caption("Claims are about all samples of the sweep, not the selected ones.")
    found = _found(sweep)
    if found is not None:
        columns = st.columns(2, gap="small")
        for number, finding in enumerate(found):
            with columns[number % 2].container(border=True):
                _card(subject, finding)
    return subject.choice


def _found(sweep: SweepRecord) -> list[Finding] | None:
    """The claims, tested in the background; None while that lasts, and where none can be tested."""
    store = resources.store()
    key = f"findings:{sweep.sweep_id}:{store.sweeps.filled(sweep.sweep_id)}"
    job: Job[list[Finding]] | None = resources.loading().get(key)
    if job is None or (job.state == "done" and job.result is None):  # dropped since
        job = resources.loading().submit(key, "Testing the claims", lambda report: _tested(store, sweep, report))
    if not settled([job]):
        watch(resources.loading(), [key], stoppable=False)
        return None
    try:
        return job.outcome()
    except NotApplicable as reason:
        st.info(plain(str(reason)), icon=":material/hourglass_empty:")
        return None


def _tested(store: Store, sweep: SweepRecord, report: Report) -> list[Finding]:
    from analysis.pipelines.sweep_summary import findings

    report(0.0, "reading the rows")
    return findings(store, sweep)


def _card(subject: Subject, finding: Finding) -> None:
    st.markdown(f"{ICONS[finding.verdict]}  **{plain(finding.claim)}**")
    st.markdown(plain(finding.sentence))
    if finding.values:
        import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

        from app.figures.robustness_findings import intervals

        shown = sorted(finding.values[:MOST_BARS], key=lambda bar: not bar.marked)
        figure = intervals(shown, finding.unit, dark=st.context.theme.type == "dark")
        st.plotly_chart(figure, key=f"robustness.finding.{finding.name}", config={"displayModeBar": False})
    if finding.name == FRAGILE and finding.verdict != "cannot be said":
        st.button(
            "Select these samples", icon=":material/select_all:", key=f"robustness.finding.select.{finding.name}",
            on_click=guarded(_select), args=(subject.sweep,),
        )  # fmt: skip


def _select(sweep: SweepRecord) -> None:
    """The samples that the finding counts: wrong in all networks that work, under at least half of the conditions."""
    from analysis.pipelines.sweep_summary import fragility
    from analysis.robustness.evidence import works

    cells, total = sweep_numbers.cells(sweep), range(len(sweep.conditions))
    whole = [
        i for i, m in enumerate(sweep.members)
        if m.kind == "model" and all((i, c) in cells and cells[i, c].state == "done" for c in total)
    ]  # fmt: skip
    clean = np.array([cells[i, 0].scores["accuracy"].value for i in whole])
    working = [i for i, fine in zip(whole, works(clean, len(sweep.class_names)), strict=True) if fine]
    found = fragility(resources.store(), sweep, working)
    linked.choose(sweep.dataset_id, found.everywhere, "fragile everywhere, from Findings")
