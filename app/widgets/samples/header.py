"""Above the gallery: how many samples there are, how right the models are on them, and what must be said of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.records import UNLABELLED, DatasetRecord, PassRecord, Selection
from app import resources
from app.boundary import guarded, plain
from app.figures.tiles import percent
from app.samples_choice import Subject, described
from app.widgets import selections as saved
from app.widgets.samples import PAGE
from app.widgets.samples.sheet import ticked, untick

MOST_NAMED = 12
"""Classes named in a remark."""


def header(subject: Subject, count: int, selections: Sequence[Selection]) -> None:
    """The count, the filter in words, accuracies, remarks; and the way to keep what is shown."""
    name = next((s.name for s in selections if s.selection_id == subject.choice.selection), "")
    words = described(subject, name)
    left, right = st.columns([5, 4], vertical_alignment="center")
    said = [plain(f"{subject.dataset.name}: {words}" if words else subject.dataset.name)]
    said += [_accuracy(subject, asked, bool(words)) for asked in subject.passes]
    left.markdown(f"#### {count:,} of {subject.dataset.size:,} images")
    left.caption("  \n".join(said))
    with right.container(horizontal=True, horizontal_alignment="right", vertical_alignment="center"):
        if words:
            st.button("Reset filters", icon=":material/filter_alt_off:", type="tertiary", on_click=guarded(_reset))
        remarks = list(_remarks(subject))
        if remarks:
            with st.popover(f"Notes ({len(remarks)})", icon=":material/info:", type="tertiary"):
                st.markdown("\n".join(f"- {plain(remark)}" for remark in remarks))
        saved.saving(subject.filter, count, ticked(), words, _saved)


def _reset() -> None:
    PAGE.set(PAGE.current().without_filters())


def _saved(made: Selection) -> None:
    untick()
    st.toast(f"Saved '{plain(made.name)}': {made.size:,} images", icon=":material/bookmark_added:")
    st.rerun()


def _accuracy(subject: Subject, asked: PassRecord, narrowed: bool) -> str:
    """Of the whole dataset, and of what is shown where that is less."""
    name = f"**{plain(asked.model_name)}**" + ("" if asked.condition == "clean" else f" ({plain(asked.condition)})")
    if asked.accuracy is None:
        return f"{name}: no sample has a label that this model knows"
    known = _known(subject.dataset, asked)
    said = f"{name}: {percent(asked.accuracy, 2)} of {known:,} right"
    if narrowed and subject.choice.correct is None and (here := _here(subject, asked)):
        right, judged = here
        said += f"; {percent(right / judged, 2)} of the {judged:,} here" if judged else "; none of those here"
    return said


def _known(dataset: DatasetRecord, asked: PassRecord) -> int:
    """Samples whose label the model has a class for."""
    if UNLABELLED not in asked.class_map:
        return dataset.labelled
    counts = resources.store().class_counts(dataset.dataset_id)
    return sum(n for label, n in counts.items() if label >= 0 and asked.class_map[label] != UNLABELLED)


def _here(subject: Subject, asked: PassRecord) -> tuple[int, int] | None:
    """Of what is shown, how many this model has right and how many it can be judged by; None where that is unclear."""
    found = subject.filter
    if asked is not subject.a:
        if found.ranges:  # they speak of the first model's numbers
            return None
        found = replace(
            found,
            pass_id=found.other_pass,
            other_pass=found.pass_id,
            predictions=found.other_predictions,
            other_predictions=found.predictions,
        )
    right, wrong = (resources.store().count(replace(found, correct=correct)) for correct in (True, False))
    return right, right + wrong


def _remarks(subject: Subject) -> list[str]:
    """What must be known before two of these numbers are compared."""
    dataset = subject.dataset
    found = list(dataset.remarks)
    if dataset.formats:
        kinds = ", ".join(f"{kind} ({n:,})" for kind, n in list(dataset.formats.items())[:4])
        found.append(f"Files: {kinds}.")
    if dataset.skipped:
        found.append(f"{dataset.skipped:,} files could not be taken; the Workspace page lists them.")
    for asked in subject.passes:
        found += [f"{asked.model_name}: {remark}" for remark in asked.remarks]
        if unmatched := unmatched_classes(dataset, asked):
            listed = ", ".join(unmatched[:MOST_NAMED]) + (" …" if len(unmatched) > MOST_NAMED else "")
            found.append(
                f"{asked.model_name} has no class for {len(unmatched)} of {len(dataset.class_names)}: {listed}. "
                "Their images count neither as right nor as wrong."
            )
    return list(dict.fromkeys(found))


def unmatched_classes(dataset: DatasetRecord, asked: PassRecord) -> list[str]:
    """The dataset's classes that a model does not know."""
    return [n for n, i in zip(dataset.class_names, asked.class_map, strict=False) if i == UNLABELLED]
