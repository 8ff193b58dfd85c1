"""What is looked at: the dataset, and what one model or two said of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import streamlit as st

from analysis.passes.conditions import CLEAN
from analysis.records import DatasetRecord, PassRecord
from app.samples_address import SHORT
from app.samples_choice import Choice, Subject
from app.widgets.samples import PAGE


def dataset(choice: Choice, records: Sequence[DatasetRecord]) -> DatasetRecord:
    """Draw the choice among the workspace's datasets, of which there is one at least."""
    wanted = found(records, "dataset_id", choice.dataset)
    if wanted is None and choice.dataset:
        st.warning("This address names a dataset that is not in this workspace.", icon=":material/database_off:")
    words = {r.dataset_id: f"{r.name} ({r.size:,})" for r in records}
    key = PAGE.seed("dataset", (wanted or records[0]).dataset_id, words)
    chosen = st.selectbox("Dataset", words, key=key, format_func=lambda i: words.get(i) or i)
    return found(records, "dataset_id", chosen or "") or records[0]


def subject(choice: Choice, chosen: DatasetRecord, passes: Sequence[PassRecord]) -> Subject:
    """Draw the choice of models; everything about a dataset that was not on show is forgotten."""
    if choice.dataset and not chosen.dataset_id.startswith(choice.dataset):
        choice = replace(choice.without_filters(), a="", b="")
        PAGE.anew("a", "b", "labels", "predictions", "others", "confidence", "correct", "agree", "selection", "text")
        PAGE.anew("conditions", "page")
    choice = replace(choice, dataset=chosen.dataset_id[:SHORT])
    if not passes:
        return Subject(replace(choice, a="", b=""), chosen)
    words = {p.pass_id: said(p, passes) for p in passes}
    first = found(passes, "pass_id", choice.a) or min(passes, key=lambda p: p.condition != CLEAN.name)
    a = st.selectbox(
        "Model", words, key=PAGE.seed("a", first.pass_id, words), format_func=lambda i: words.get(i) or str(i)
    )
    record = found(passes, "pass_id", a or "") or first
    others = {i: word for i, word in words.items() if i != record.pass_id}
    b = None
    if others:
        second = found([p for p in passes if p is not record], "pass_id", choice.b)
        key = PAGE.seed("b", second.pass_id if second else None, others)
        if st.session_state[key] not in others:
            st.session_state[key] = None
        chosen_b = st.selectbox(
            "Compared with",
            others,
            index=None,
            key=key,
            format_func=lambda i: words.get(i) or str(i),
            placeholder="No other",
        )
        b = found(passes, "pass_id", chosen_b or "")
    now = replace(choice, a=record.pass_id[:SHORT], b=b.pass_id[:SHORT] if b else "")
    return Subject(_fitting(choice, now), chosen, record, b)


def _fitting(before: Choice, now: Choice) -> Choice:
    """Another model: what was asked of the one before it is not asked of this one."""
    if before.a and now.a != before.a:
        now = replace(now, predictions=(), ranges=tuple(s for s in now.ranges if s[0] == "confidence"), page=1)
        PAGE.anew("predictions", "page")
    if now.b != before.b:
        now = replace(now, other_predictions=(), agree=now.agree if now.b else None)
        PAGE.anew("others")
    return now


def said(record: PassRecord, among: Sequence[PassRecord]) -> str:
    """A pass in words: more of them where the model alone would not tell."""
    same = [p for p in among if p.model_name == record.model_name]
    words = record.model_name
    if record.condition != "clean":
        words += f", {record.condition}"
    if len([p for p in same if p.condition == record.condition]) > 1:
        words += f", {record.computed_at.astimezone():%m-%d %H:%M}"
    return words


def found(records: Sequence[Any], attribute: str, prefix: str) -> Any:
    """The first record whose id begins so, or None."""
    return next((r for r in records if prefix and getattr(r, attribute).startswith(prefix)), None)
