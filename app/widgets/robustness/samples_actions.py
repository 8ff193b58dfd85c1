"""What can be done with a list of samples, and with the one that was clicked."""

from __future__ import annotations

import io

import numpy as np
import streamlit as st
from PIL import Image

from analysis.datasets.decoding import decode
from app import frame, linked, resources
from app.boundary import boundary, guarded, plain
from app.figures.tiles import name_of
from app.robustness_choice import PAGE, Subject
from app.robustness_words import condition
from app.widgets.robustness.samples_order import Drawn
from app.widgets.robustness.samples_verdicts import Listed


def actions(subject: Subject, found: Listed, words: str) -> None:
    """Select a list for all views, or keep it under a name."""
    same = subject.selected is not None and np.array_equal(np.sort(found.samples), subject.selected)
    st.button(
        "Select these", icon=":material/select_check_box:", key="robustness.samples.select",
        disabled=same or not len(found.samples), on_click=guarded(linked.choose),
        args=(subject.sweep.dataset_id, found.samples, words),
        help="They become the selection of all views" if not same else "They are the selection",
    )  # fmt: skip
    _save(subject, found.samples, words)


def _save(subject: Subject, samples: np.ndarray, words: str) -> None:
    sweep = subject.sweep
    here = any(r.dataset_id == sweep.dataset_id for r in resources.store().datasets())
    if not here or not len(samples):
        why = "The dataset of this sweep is not in this workspace, so there is nothing to keep them of."
        st.button(
            "Save as selection", icon=":material/bookmark_add:", disabled=True, key="robustness.samples.save.no",
            help=None if here else why,
        )  # fmt: skip
        return
    with (
        st.popover("Save as selection", icon=":material/bookmark_add:"),
        st.form("robustness.samples.save", border=False),
    ):
        name = st.text_input("Name", max_chars=64, placeholder=words[:64])
        if st.form_submit_button(f"Save {len(samples):,} samples", type="primary"):
            with boundary():
                made = f"{words}, in the sweep '{sweep.name}'"
                kept = resources.store().save_selection(name.strip() or words[:64], samples, sweep.dataset_id, made)
                linked.saved(kept.selection_id)
                st.toast(f"Saved '{plain(kept.name)}': {kept.size:,} samples", icon=":material/bookmark_added:")
                st.rerun()


def pick(sample: int) -> None:
    """A click: this sample is looked at; another click lets it go."""
    PAGE.change(sample=None if PAGE.current().sample == sample else sample)


def picked(subject: Subject, at: int, drawn: Drawn, images: bool) -> None:
    """The sample that is looked at, and the way to its explanation."""
    sweep, sample = subject.sweep, subject.choice.sample
    if sample is None:
        return
    samples, truth = resources.store().sweeps.truth(sweep.sweep_id)
    place = int(np.searchsorted(samples, sample))
    if place >= len(samples) or samples[place] != sample:
        st.warning(f"Sample {sample:,} is not one of this sweep.", icon=":material/info:")
        return
    label = name_of(int(truth[place]), sweep.class_names) or "no label"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":primary-badge[sample {sample:,}] {plain(label)}", width="content")
        if images:
            shown = at if drawn == "seen" else 0
            said = f"Explain it under {condition(sweep.conditions[shown])}" if shown else "Explain it"
            if st.button(said, icon=":material/visibility:", key="robustness.samples.explain"):
                _explain(subject, sample, shown)
        st.button(
            "Let go", icon=":material/close:", type="tertiary", key="robustness.samples.let", on_click=guarded(pick),
            args=(sample,),
        )  # fmt: skip


def _explain(subject: Subject, sample: int, at: int) -> None:
    """Open the Explain page with this picture, as it was seen, and the member on show."""
    sweep, member = subject.sweep, subject.sweep.members[subject.a[0]]
    images = resources.dataset(sweep.dataset_id)
    name, data = images.encoded(sample)
    if at:
        from analysis.pipelines.sweep_seen import seen

        (pixels,) = seen(images, [sample], sweep, at)
        buffer = io.BytesIO()
        Image.fromarray(pixels[..., 0] if pixels.shape[-1] == 1 else pixels).save(buffer, "PNG")
        name, data = f"{name.rsplit('.', 1)[0]}, {condition(sweep.conditions[at])}.png", buffer.getvalue()
    picture = decode(data, name)
    resources.store().save_picture(picture, data)
    asked = {"picture": picture.digest} | ({"classifier": member.name} if member.kind == "model" else {})
    st.switch_page(frame.pages()["explain"], query_params=asked)
