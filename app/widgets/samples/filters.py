"""The filters in the sidebar: which samples are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, cast

import streamlit as st

from analysis.records import UNLABELLED, PassRecord, Selection
from app.figures.tiles import NUMBER_WORDS, name_of
from app.samples_choice import FILTERS, Choice, Span, Subject
from app.widgets.samples import PAGE

OUTCOMES = {None: "Any", True: "Correct", False: "Wrong"}
AGREEMENT = {None: "Any", True: "Agree", False: "Differ"}
NO_LABEL = "no label"


def filters(subject: Subject, selections: Sequence[Selection]) -> Choice:
    """Draw them; the choice that they show. Another filter begins at the first page."""
    choice, a, b = subject.choice, subject.a, subject.b
    now = choice
    if a:
        now = replace(now, correct=_one_of("Outcome", "correct", OUTCOMES, choice.correct))
    if a and b:
        now = replace(now, agree=_one_of("Both models", "agree", AGREEMENT, choice.agree))
    now = replace(now, labels=_labels(subject))
    if a:
        words = "Predicted" if not b else f"Predicted by {a.model_name}"
        now = replace(now, predictions=_classes(words, "predictions", a, choice.predictions))
    if b:
        words = f"Predicted by {b.model_name}"
        now = replace(now, other_predictions=_classes(words, "others", b, choice.other_predictions))
    if a:
        now = replace(now, ranges=_ranges(choice, a))
    now = replace(now, selection=_selection(choice, selections), conditions=_conditions(subject))
    key = PAGE.seed("text", choice.text)
    now = replace(now, text=st.text_input("Name contains", key=key, max_chars=100).strip())
    if any(getattr(now, f) != getattr(choice, f) for f in FILTERS):
        PAGE.anew("page")
        now = replace(now, page=1, sample=None)
    return now


def _one_of(label: str, name: str, words: dict[Any, str], value: bool | None) -> bool | None:
    key = PAGE.seed(name, words[value])
    chosen = st.segmented_control(label, list(words.values()), key=key, required=True, width="stretch")
    return next((v for v, word in words.items() if word == chosen), None)


def _labels(subject: Subject) -> tuple[int, ...]:
    names = subject.dataset.class_names
    some = subject.dataset.labelled < subject.dataset.size
    options = [*range(len(names)), *([UNLABELLED] if some else [])]
    key = PAGE.seed("labels", [i for i in subject.choice.labels if i in options], (names, some))
    return tuple(
        st.multiselect(
            "Label", options, key=key, format_func=lambda i: name_of(i, names) or NO_LABEL, placeholder="Any"
        )
    )


def _classes(label: str, name: str, asked: PassRecord, value: Sequence[int]) -> tuple[int, ...]:
    options = list(range(len(asked.class_names)))
    key = PAGE.seed(name, [i for i in value if i < len(options)], asked.class_names)
    return tuple(st.multiselect(label, options, key=key, format_func=asked.class_names.__getitem__, placeholder="Any"))


def _ranges(choice: Choice, a: PassRecord) -> tuple[Span, ...]:
    """Confidence by a slider; the numbers without bounds by their ends."""
    least, most = choice.within("confidence")
    key = PAGE.seed("confidence", (least or 0.0, 1.0 if most is None else most))
    ends = st.slider("Confidence", 0.0, 1.0, step=0.01, format="%.2f", key=key)
    low, high = cast("tuple[float, float]", ends)
    spans: list[Span] = [("confidence", low if low > 0 else None, high if high < 1 else None)]
    numbers = ("loss", "angle", "length", "margin") if a.linear_head else ("loss",)
    given = any(choice.within(n) != (None, None) for n in numbers)
    with st.expander("Loss, angle, length, margin" if len(numbers) > 1 else "Loss", expanded=given):
        spans += [(number, *_ends(choice, number)) for number in numbers]
    return tuple(span for span in spans if span[1:] != (None, None))


def _ends(choice: Choice, number: str) -> tuple[float | None, float | None]:
    least, most = choice.within(number)
    left, right = st.columns(2)
    unit = " (radians)" if number == "angle" else ""
    key, first = PAGE.start(f"{number}.least", least)
    low = left.number_input(f"{NUMBER_WORDS[number]} from{unit}", value=first, key=key, format="%g", placeholder="any")
    key, last = PAGE.start(f"{number}.most", most)
    high = right.number_input("to", value=last, key=key, format="%g", placeholder="any")
    return low, high


def _selection(choice: Choice, selections: Sequence[Selection]) -> str:
    if not selections:
        return ""
    words = {s.selection_id: f"{s.name} ({s.size:,})" for s in selections}
    key = PAGE.seed("selection", choice.selection if choice.selection in words else None, words)
    chosen = st.selectbox("Selection", words, index=None, key=key, format_func=words.__getitem__, placeholder="Any")
    return chosen or ""


def _conditions(subject: Subject) -> tuple[str, ...]:
    options = subject.dataset.conditions
    if not options:
        return ()
    key = PAGE.seed("conditions", [c for c in subject.choice.conditions if c in options], options)
    return tuple(st.multiselect("Condition", options, key=key, placeholder="Any"))
