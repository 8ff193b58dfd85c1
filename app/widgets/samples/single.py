"""One sample, opened from the gallery: large, with what each model says of it, and the way to its explanation."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import streamlit as st

from analysis.records import Filter, PassRecord, Sample
from app import resources
from app.boundary import boundary, guarded
from app.figures.single import document, picture
from app.samples_choice import Choice, Subject
from app.widgets.component import component, source
from app.widgets.samples import PAGE
from app.widgets.samples.controls import per_page

_SINGLE = component(
    "single", source("samples", "single.css"), source("mapgrid", "elements.js") + "\n" + source("samples", "single.js")
)
KEY = "samples.single"

Opinion = tuple[Sample, PassRecord]
Explain = Callable[[int, PassRecord], None]
"""Opens the Explain page with a sample and the model of a pass."""


def open_sample(sample: int | None) -> None:
    """Open one, or close it; before the widgets are drawn, or in a callback."""
    PAGE.change(sample=sample)


def single(subject: Subject, count: int, on_explain: Explain) -> None:
    """The dialog while a sample is open. `count`: how many pass the filters, to know where they end."""
    if subject.choice.sample is None or not 0 <= subject.choice.sample < subject.dataset.size:
        return

    @st.dialog(subject.dataset.name, width="large", on_dismiss=guarded(lambda: open_sample(None)))
    def shown() -> None:
        with boundary():
            _shown(subject, count, on_explain)

    shown()


def _shown(subject: Subject, count: int, on_explain: Explain) -> None:
    """A fragment of its own: it reads the choice anew, for the arrows change it without the page."""
    choice = PAGE.current()
    sample = choice.sample
    if sample is None:
        return
    PAGE.keep(choice)
    rows = _page(subject, choice)
    place = next((i for i, row in enumerate(rows) if row.sample == sample), None)
    index = None if place is None else (choice.page - 1) * per_page(choice) + place
    opinions = [(found, p) for p in subject.passes if (found := _row(subject, sample, p)).prediction is not None]
    row = opinions[0][0] if opinions else _row(subject, sample, None)
    sides = (index is not None and index > 0, index is not None and index + 1 < count)

    @guarded
    def stepped() -> None:
        event = getattr(st.session_state.get(KEY), "stepped", None)
        if event and index is not None:
            _step(subject, index + (1 if int(event["step"]) > 0 else -1), count)

    images = resources.dataset(subject.dataset.dataset_id)
    mask, boxes = images.mask(sample), images.boxes(sample)
    place = "" if index is None else f"{index + 1:,} of {count:,}"
    here = st.container()
    masked, framed = _below(sample, opinions, mask is not None, bool(boxes), on_explain)
    drawn = picture(images.images([sample])[0], mask if masked else None, boxes if framed else ())
    with here:
        data = document(drawn, subject.dataset, opinions, row, place, sides)
        _SINGLE(data=data, key=KEY, on_stepped_change=stepped)


def _below(sample: int, opinions: Sequence[Opinion], mask: bool, boxes: bool, on_explain: Explain) -> tuple[bool, bool]:
    """The ways on; whether to draw the mask and the boxes."""
    with st.container(horizontal=True, vertical_alignment="center"):
        for number, (_, asked) in enumerate(opinions):
            label = "Explain" if len(opinions) == 1 else f"Explain by {asked.model_name}"
            if st.button(label, key=f"samples.explain.{number}", icon=":material/visibility:"):
                on_explain(sample, asked)
        masked = mask and st.toggle("Object mask", key="samples.mask")
        framed = boxes and st.toggle("Boxes", value=True, key="samples.boxes")
    return masked, framed


def _page(subject: Subject, choice: Choice) -> list[Sample]:
    """The samples on the gallery's page, in its order."""
    size = per_page(choice)
    return resources.store().samples(
        subject.filter, sort=choice.sort, descending=choice.descending, limit=size, offset=(choice.page - 1) * size
    )


def _row(subject: Subject, sample: int, asked: PassRecord | None) -> Sample:
    """One sample as one pass sees it: samples are numbered without gaps."""
    every = Filter(subject.dataset.dataset_id, pass_id=asked.pass_id if asked else None)
    return resources.store().samples(every, limit=1, offset=sample)[0]


def _step(subject: Subject, index: int, count: int) -> None:
    """Go to the sample at this place of the order, and let the gallery's page follow."""
    if not 0 <= index < count:
        return
    choice = PAGE.current()
    found = resources.store().samples(
        subject.filter, sort=choice.sort, descending=choice.descending, limit=1, offset=index
    )
    if found:
        PAGE.change(sample=found[0].sample, page=index // per_page(choice) + 1)
