"""Which samples are drawn: by label, prediction, outcome, numbers and name; and by clicks in the legend."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import streamlit as st

from analysis.records import NUMBERS, UNLABELLED, DatasetRecord, Filter, PassRecord
from app import linked, resources
from app.boundary import guarded
from app.embeddings_choice import PAGE, Choice, Subject
from app.figures.tiles import NUMBER_WORDS, name_of
from app.widgets.embeddings import colouring

OUTCOMES = {"Any": None, "Right": True, "Wrong": False}
NONE = {"labels": (), "predictions": (), "correct": None, "ranges": (), "text": "", "within": "", "hidden": ()}
Span = tuple[str, float | None, float | None]


def narrowed(choice: Choice) -> int:
    """How many filters there are."""
    lists = (choice.labels, choice.predictions, choice.text, choice.within, choice.hidden)
    return sum(map(bool, lists)) + (choice.correct is not None) + len(choice.ranges)


def popover(subject: Subject, words: dict[str, str]) -> Choice:
    """Behind a button that says how many there are; drawn only while it is open. words: of the colours."""
    choice, dataset, record = subject.choice, subject.dataset, subject.record
    count = narrowed(choice)
    label = f"Filters ({count})" if count else "Filters"
    box = st.popover(label, icon=":material/filter_alt:", key="embeddings.filters", on_change="rerun")
    if not box.open:
        return choice
    with box:
        choice = _labels(choice, dataset)
        if record is not None:
            choice = _answers(choice, record)
        choice = _within(_coloured(subject, choice, words), dataset)
        key, first = PAGE.start("text", choice.text)
        choice = replace(choice, text=st.text_input("Name contains", first, key=key, max_chars=100).strip())
        st.button(
            "Show all samples", icon=":material/filter_alt_off:", key="embeddings.unfilter", disabled=not count,
            on_click=guarded(_reset),
        )  # fmt: skip
    return choice


def _reset() -> None:
    PAGE.change(**NONE)


def _labels(choice: Choice, dataset: DatasetRecord) -> Choice:
    names = dataset.class_names
    options = [*range(len(names)), *([UNLABELLED] if 0 < dataset.labelled < dataset.size else [])]
    if not dataset.labelled:
        return choice
    key, first = PAGE.start("labels", [i for i in choice.labels if i in options])
    found = st.multiselect(
        "Label", options, first, key=key, format_func=lambda i: name_of(i, names) or "no label", placeholder="Any"
    )
    return replace(choice, labels=tuple(found))


def _answers(choice: Choice, record: PassRecord) -> Choice:
    names = record.class_names
    key, first = PAGE.start("predictions", [i for i in choice.predictions if i < len(names)])
    said = st.multiselect(
        f"Predicted by {record.model_name}", range(len(names)), first, key=key, format_func=names.__getitem__,
        placeholder="Any",
    )  # fmt: skip
    key, usual = PAGE.start("correct", next(w for w, v in OUTCOMES.items() if v == choice.correct))
    outcome = st.segmented_control("Outcome", OUTCOMES, default=usual, key=key, required=True)
    numbers = NUMBERS if record.linear_head else ("confidence", "loss")
    ranges = [_ends(choice, number) for number in numbers]
    kept = tuple(span for span in ranges if span[1:] != (None, None))
    others = tuple(span for span in choice.ranges if span[0] not in numbers)
    return replace(choice, predictions=tuple(said), correct=OUTCOMES[outcome or "Any"], ranges=(*kept, *others))


def _coloured(subject: Subject, choice: Choice, words: dict[str, str]) -> Choice:
    """A range of what points are coloured by, where that is a number that is not offered anyway."""
    numbers = {c: word for c, word in words.items() if c not in NUMBERS and colouring.numeric(c, subject) is not None}
    asked = [name for name, *_ in choice.ranges if name in numbers]
    shown: list[str] = [*asked, *({choice.colour} & numbers.keys() - set(asked))]
    spans = [_ends(choice, name, numbers[name]) for name in shown]
    others = tuple(span for span in choice.ranges if span[0] not in shown)
    return replace(choice, ranges=(*others, *(span for span in spans if span[1:] != (None, None))))


def _within(choice: Choice, dataset: DatasetRecord) -> Choice:
    """A saved selection that is drawn alone."""
    kept = {s.selection_id: s.name for s in resources.store().selections(dataset.dataset_id)}
    if not kept:
        return choice
    key, first = PAGE.start("within", choice.within)
    index = [*kept].index(first) if first in kept else None
    found = st.selectbox(
        "In the selection", [*kept], index, key=key, format_func=lambda i: kept.get(i) or i, placeholder="Any"
    )
    return replace(choice, within=found or "")


def _ends(choice: Choice, number: str, word: str = "") -> Span:
    least, most = next(((low, high) for name, low, high in choice.ranges if name == number), (None, None))
    left, right = st.columns(2)
    unit = " (radians)" if number == "angle" else ""
    key, first = PAGE.start(f"{number}.least", least)
    low = left.number_input(
        f"{word or NUMBER_WORDS[number]} from{unit}", value=first, key=key, format="%g", placeholder="any"
    )
    key, last = PAGE.start(f"{number}.most", most)
    high = right.number_input("to", value=last, key=key, format="%g", placeholder="any")
    return number, low, high


def asked(choice: Choice, dataset: DatasetRecord, record: PassRecord | None) -> Filter:
    """As the store asks; what needs a pass that is not there does not count."""
    known = len(record.class_names) if record else 0
    return Filter(
        dataset.dataset_id,
        pass_id=record.pass_id if record else None,
        labels=tuple(i for i in choice.labels if i < len(dataset.class_names)),
        predictions=tuple(i for i in choice.predictions if i < known),
        correct=choice.correct if record else None,
        ranges=tuple(span for span in choice.ranges if span[0] in NUMBERS) if record else (),
        text=choice.text,
    )


def shown(subject: Subject, codes: np.ndarray | None) -> np.ndarray | None:
    """(size,) bool: the samples that pass; None where all do. codes: of the colours, for what was clicked away."""
    choice, dataset = subject.choice, subject.dataset
    wanted, everything = asked(choice, dataset, subject.record), np.ones(dataset.size, bool)
    if wanted != Filter(dataset.dataset_id, pass_id=wanted.pass_id):
        everything &= _mask(dataset, resources.store().sample_ids(wanted))
    if choice.within:
        everything &= _mask(dataset, linked.kept(dataset.dataset_id, choice.within)[0])
    for name, low, high in choice.ranges:
        values = None if name in NUMBERS else colouring.numeric(name, subject)
        if values is not None:
            with np.errstate(invalid="ignore"):
                everything &= (values >= (-np.inf if low is None else low)) & (
                    values <= (np.inf if high is None else high)
                )
    if codes is not None and choice.hidden:
        everything &= ~np.isin(codes, np.asarray(choice.hidden, np.int64))
    return None if everything.all() else everything


def _mask(dataset: DatasetRecord, samples: np.ndarray) -> np.ndarray:
    found = np.zeros(dataset.size, bool)
    found[samples] = True
    return found
