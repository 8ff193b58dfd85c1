"""Under the grid, computed when opened: what each place of a picture would be called by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from analysis.store import digest
from analysis.types import ClassMaps, Picture, Report
from app import resources
from app.boundary import plain
from app.widgets.progress import settled, watch

if TYPE_CHECKING:
    from app.figures.grid import Row
    from models.classifier import Classifier

READING = (
    "Each cell is named by what the classifier would say from that place alone; the mean of a class's cells is its "
    "logit for the whole picture."
)
_CONFIG = {"displayModeBar": False}


def classes_over_the_picture(rows: Sequence[Row]) -> None:
    """Draw the expander; for several pictures or classifiers, a choice of one."""
    box = st.expander("Classes over the picture", icon=":material/category:", key="classes.open", on_change="rerun")
    if not box.open or not rows:
        return
    with box:
        row = rows[0]
        if len(rows) > 1:
            words = [_called(row, rows) for row in rows]
            number = st.selectbox("Picture", range(len(rows)), format_func=words.__getitem__, key="classes.row") or 0
            row = rows[min(number, len(rows) - 1)]
        job = _computing(row.picture, row.classifier)
        settled([job])
        if job.result is not None:
            _drawn(job.result, row)
        elif job.error is not None:
            st.caption(plain(str(job.error)))
        else:
            watch(resources.jobs(), [job.key])


def _called(row: Row, rows: Sequence[Row]) -> str:
    several = len({r.classifier.name for r in rows}) > 1
    return f"{row.picture.name}, {row.classifier.name}" if several else row.picture.name


def _computing(picture: Picture, classifier: Classifier) -> Job[ClassMaps]:
    """The job that maps the classes: queued, under way or over."""
    key = digest(family="class_maps", picture=picture.digest, classifier=classifier.fingerprint)
    kept, job = resources.kept(), resources.jobs().get(key)
    if job is not None and (job.active or job.error is not None or job.result is not None):
        return job

    def compute(report: Report) -> ClassMaps:
        from analysis.pipelines.class_maps import map_classes

        report(0.0, "one pass")
        return map_classes(classifier, [picture], kept=kept)[0]

    return resources.jobs().submit(key, f"Classes over {picture.name}", compute)


@st.fragment
def _drawn(found: ClassMaps, row: Row) -> None:
    from app.exports import seen
    from app.figures.class_maps import areas, class_logit, winning_classes

    picture = seen(row.picture.pixels, row.classifier.preprocessing)
    winners = [index for index, _ in areas(found)]
    everyone = [*winners, *(i for i in range(len(found.class_names)) if i not in set(winners))]
    st.caption(READING)
    left, right = st.columns(2, vertical_alignment="bottom")
    left.markdown("**The likeliest class at each place**")
    index = right.selectbox(
        "The logit of one class", everyone, format_func=found.class_names.__getitem__, key=f"classes.{found.classifier}"
    )
    left, right = st.columns(2)
    left.plotly_chart(winning_classes(found, picture), width="content", config=_CONFIG, key="classes.winners")
    chosen = everyone[0] if index is None else index
    right.plotly_chart(class_logit(found, chosen, picture), width="content", config=_CONFIG, key="classes.logit")
