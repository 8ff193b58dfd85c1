"""Datasets that are made here, so that the truth is known: what, with which knobs."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app import frame
from app.boundary import plain
from app.widgets.knobs import knobs
from app.workspace_choice import PAGE

if TYPE_CHECKING:
    pass


def section() -> None:
    """Choose a generator, turn its knobs, start."""
    from analysis.datasets.generated import GENERATORS

    labels = {g.name: g.label for g in sorted(GENERATORS, key=lambda g: -len(g.parameters))}
    left, right = st.columns([3, 2], gap="large")
    with left:
        kind = st.segmented_control(
            "What",
            labels,
            format_func=labels.__getitem__,
            default=next(iter(labels)),
            key="workspace.kind",
            required=True,
        )
        generator = GENERATORS[kind or next(iter(labels))]
        with st.container(border=True):
            params = knobs(generator, {}, "generate", PAGE.start, columns=3)
        called = " ".join([generator.name, *(f"{knob} {value}" for knob, value in params)])[:80]
        name = (
            st.text_input("Name", key="workspace.generate.name", max_chars=80, placeholder=called) or called
        ).strip()
        arguments = {"kind": generator.name, "name": name, "params": generator.bound(dict(params))}
        if st.button("Generate", type="primary", key="workspace.generate.do"):
            frame.submit("generate", arguments, f"Generating {name}")
    with right:
        st.markdown(plain(generator.note.reads))
        for words in (generator.note.fails, generator.note.differs):
            if words:
                st.caption(plain(words))
        st.caption(plain(generator.note.paper))
