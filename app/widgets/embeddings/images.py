"""The pictures of the samples that the page is about; and the one that was clicked, with what each pane says of it."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from analysis.errors import DataError
from analysis.store import digest
from app import resources
from app.boundary import guarded, plain
from app.embeddings_choice import PAGE, Laid, Subject
from app.figures.pictures import shown
from app.figures.tiles import in_words, name_of
from app.widgets.embeddings import explore
from app.widgets.embeddings.numbers import Told, told
from app.widgets.embeddings.small import names_of, small, state

KEY = "embeddings.images"
ON_A_PAGE = 48
LARGE_PX = 132
NARROW = "\u202f"
"""A space that does not break the line."""

ORDERS = {
    "sample": "As imported", "distance": "Nearest to the picked one", "confidence": "Confidence", "margin": "Margin",
    "wrong": "Wrong first", "error": "Error of the picture", "moved": "Moved since pane 1",
}  # fmt: skip
RISING = ("sample", "distance", "confidence", "margin")
"""Orders that begin with the least; the others with the most."""

MARKS = {"right": ":green[✓]", "wrong": ":red[✗]", "unknown": ""}


def section(subject: Subject) -> None:
    """The picked sample, the order, a page of pictures."""
    if subject.choice.sample is not None:
        picked(subject, subject.choice.sample)
    about = subject.about
    if not len(about):
        st.info("No sample is selected and passes the filters.", icon=":material/filter_alt_off:")
        return
    order, turned = _order(subject)
    found = sorted_by(subject, about, order, turned)
    page, pages = _page(found)
    here = found[(page - 1) * ON_A_PAGE : page * ON_A_PAGE]
    small(subject, here.tolist(), f"{KEY}.grid", "Samples", explore.pick, notes=_notes(subject, here, order))
    if pages > 1:
        st.pagination(pages, key=page_key(found), max_visible_pages=7)
    count = f"{len(about):,} samples" if subject.selected is None else f"{len(about):,} selected samples"
    st.caption(f"{count}. Red is wrong, green is right. A click picks one, here and in every pane.")


def _order(subject: Subject) -> tuple[str, bool]:
    words = {name: word for name, word in ORDERS.items() if _keys(subject, name) is not None}
    left, right = st.columns([4, 1], vertical_alignment="bottom")
    key = f"{KEY}.order"
    if st.session_state.get(key) not in words:
        st.session_state.pop(key, None)
    order = left.selectbox("Order", words, format_func=words.__getitem__, key=key, label_visibility="collapsed")
    turned = right.toggle(":material/swap_vert:", key=f"{KEY}.turned", help="The other way round")
    return order or "sample", turned


def sorted_by(subject: Subject, about: np.ndarray, order: str, turned: bool = False) -> np.ndarray:
    """Samples in an order; those without a value last, ties by sample."""
    keys = _keys(subject, order)
    if keys is None:
        return about
    values = np.asarray(keys[about], np.float64)
    down = (order in RISING) == turned
    values = np.where(np.isfinite(values), -values if down else values, np.inf)
    return about[np.lexsort((about, values))]


def _keys(subject: Subject, order: str) -> np.ndarray | None:
    """(size,) what samples are sorted by; None where it is not there."""
    if order == "sample":
        return np.arange(subject.dataset.size)
    known = told(subject.dataset, subject.record)
    if order == "wrong":
        return 1 - known.correct if np.isfinite(known.correct).any() else None
    if order == "distance":
        return _away(subject)
    if order == "error":
        return next((e for laid in subject.panes if (e := errors(laid)) is not None), None)
    if order == "moved":
        return next((laid.moved for laid in subject.panes if laid.moved is not None), None)
    return known.numbers.get(order)


def _away(subject: Subject) -> np.ndarray | None:
    """(size,) how far each sample lies from the picked one in the first picture that has it."""
    sample = subject.choice.sample
    points = next((laid.points for laid in subject.panes if laid.points is not None), None)
    if sample is None or points is None or not 0 <= sample < len(points) or not np.isfinite(points[sample]).all():
        return None
    return np.linalg.norm(points - points[sample], axis=1)


def errors(laid: Laid) -> np.ndarray | None:
    """(size,) what share of each sample's neighbours in the picture are strangers in the features, if measured."""
    return None if laid.embedding is None else resources.store().embeddings.errors(laid.embedding.embedding_id)


def _notes(subject: Subject, samples: np.ndarray, order: str) -> list[str]:
    """Below each picture the number that it is sorted by."""
    values = _keys(subject, order)
    if values is None or order in ("sample", "wrong"):
        return []
    return [_written(order, float(v)) for v in values[samples]]


def _written(number: str, value: float) -> str:
    if not math.isfinite(value):
        return "–"
    if number == "error":
        return f"{100 * value:.0f} %"
    return in_words(number, value)


def page_key(found: np.ndarray) -> str:
    """Another order or another selection begins at the first page."""
    return f"{KEY}.page.{digest(first=found[:ON_A_PAGE].tolist(), count=len(found))[:8]}"


def _page(found: np.ndarray) -> tuple[int, int]:
    pages = -(-len(found) // ON_A_PAGE)
    return min(int(st.session_state.get(page_key(found)) or 1), pages), pages


# ------------------------------------------------------------------------------------------------------------- the one


def picked(subject: Subject, sample: int) -> None:
    """The sample that was clicked: large, what it is, and what each pane's model says."""
    if not 0 <= sample < subject.dataset.size:
        st.warning(f"There is no sample {sample:,}; the dataset has {subject.dataset.size:,}.", icon=":material/info:")
        return
    known = told(subject.dataset, subject.record)
    label = name_of(int(known.labels[sample]), subject.dataset.class_names) or "no label"
    left, right = st.columns([1, 2], vertical_alignment="top")
    with left:
        _picture(subject, sample)
    with right:
        st.markdown(f"**{plain(label)}**  \n{plain(names_of(subject.dataset.dataset_id)[sample])}")
        st.caption(f"Sample {sample:,}" + _neighbourhood(subject, sample))
        _actions(subject, sample)
    if rows := [row for laid in subject.panes if laid.record is not None for row in [_row(subject, laid, sample)]]:
        st.markdown(_table(rows))


def _picture(subject: Subject, sample: int) -> None:
    try:
        image = resources.dataset(subject.dataset.dataset_id).images([sample])[0]
    except DataError as error:
        st.caption(plain(str(error)))
        return
    name = name_of(int(told(subject.dataset, None).labels[sample]), subject.dataset.class_names)
    how = "pixelated" if max(image.size) < LARGE_PX else "auto"
    style = f"width:100%;max-height:{LARGE_PX}px;object-fit:contain;border-radius:6px;image-rendering:{how}"
    st.html(f'<img src="{shown(image)}" alt="sample {sample}, {_escaped(name)}" style="{style}">')


def _escaped(text: str) -> str:
    from html import escape

    return escape(text)


def _neighbourhood(subject: Subject, sample: int) -> str:
    found = errors(subject.first)
    if found is None or not math.isfinite(float(found[sample])):
        return ""
    return f" · {100 * float(found[sample]):.0f} % strangers near it in picture 1"


def _actions(subject: Subject, sample: int) -> None:
    with st.container(horizontal=True, gap="small"):
        if subject.record is not None and st.button("Explain", icon=":material/visibility:", key=f"{KEY}.explain"):
            explore.explain(sample, subject.record)
        if subject.choice.view != "neighbours":
            st.button(
                "Neighbours", icon=":material/hub:", key=f"{KEY}.neighbours", on_click=guarded(PAGE.change),
                kwargs={"view": "neighbours"},
            )  # fmt: skip
        st.button(
            "", icon=":material/close:", key=f"{KEY}.let", type="tertiary", help="Let it go",
            on_click=guarded(explore.pick), args=(sample,),
        )  # fmt: skip


Row = dict[str, str]


def _row(subject: Subject, laid: Laid, sample: int) -> Row:
    """What a pane's model says of a sample, in words; empty where it says nothing."""
    record = laid.record
    assert record is not None
    known, place = told(subject.dataset, record), subject.panes.index(laid) + 1
    said = name_of(int(known.prediction[sample]), record.class_names)
    row = {"Pane": f"{place} {record.model_name}", "Says": f"{MARKS[state(known, sample)]} {plain(said)}".strip()}
    for number, word in (("confidence", "Sure"), ("angle", "Angle"), ("length", "Length"), ("margin", "Margin")):
        row[word] = _number(known, number, sample).replace(" ", NARROW)
    found = errors(laid)
    row["Error"] = "" if found is None else _written("error", float(found[sample]))
    row["Moved"] = "" if laid.moved is None else _written("moved", float(laid.moved[sample]))
    return row | {"Pane": plain(row["Pane"])}


def _number(known: Told, number: str, sample: int) -> str:
    values = known.numbers.get(number)
    value = float("nan") if values is None else float(values[sample])
    return in_words(number, value) if math.isfinite(value) else ""


def _table(rows: list[Row]) -> str:
    """As Markdown, without columns that are empty in every row."""
    columns = [name for name in rows[0] if any(row[name] for row in rows)]
    lines = [columns, ["---"] * len(columns), *([row[name] or "–" for name in columns] for row in rows)]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)
