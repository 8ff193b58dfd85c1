"""What changed most: the images whose answer or margin a variant moved furthest; a row puts one into the columns."""

from __future__ import annotations

import base64
import io
import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.records import Change, DatasetRecord, Selection
from analysis.store import digest
from app import resources, words
from app.boundary import guarded, plain
from app.figures.tiles import name_of
from app.variants_choice import PAGE, Choice
from app.widgets import predicting, selections
from app.widgets.variants import measuring
from app.widgets.variants.measuring import being_measured
from app.widgets.variants.side_images import MOST
from app.widgets.variants.side_passes import Between, between

if TYPE_CHECKING:
    from models.classifier import Classifier

ROWS, THUMBNAIL = 50, 48
CHANGED, ALL = "The answer changed", "All images"


def changes(choice: Choice, models: Sequence[Classifier]) -> None:
    """Draw the table for a dataset; for pictures there is none."""
    dataset = next(
        (d for d in resources.store().datasets() if choice.data and d.dataset_id.startswith(choice.data)), None
    )
    others = list(models[1:])
    if dataset is None or not others:
        return
    st.markdown("#### What changed most")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        name = others[0].name
        if len(others) > 1:
            name = st.selectbox("Variant", [m.name for m in others], key="variants.changes.model", width=320) or name
        kind = st.segmented_control(
            "Images", [CHANGED, ALL], default=CHANGED, required=True, key="variants.changes.kind"
        )
    variant = next((m for m in others if m.name == name), others[0])
    passes = between(dataset.dataset_id, models[0], variant)
    predicting.follow(lambda job: job.kind == "measure")
    if not passes.complete:
        _offer(dataset, models[0], variant, passes)
        return
    _table(choice, dataset, passes, False if kind == CHANGED else None)


def _offer(dataset: DatasetRecord, base: Classifier, variant: Classifier, passes: Between) -> None:
    """Who has not seen the dataset yet, and the job that shows it to them."""
    lacking = [m.name for m, p in ((base, passes.base), (variant, passes.variant)) if p is None]
    if being_measured(lacking, dataset.dataset_id):
        return
    left, right = st.columns([4, 1], vertical_alignment="center")
    left.info(
        plain(
            f"{' and '.join(lacking)} {'has' if len(lacking) == 1 else 'have'} not been run over {dataset.name} yet."
        ),
        icon=":material/model_training:",
    )
    if right.button("Measure on it", key="variants.changes.measure", type="primary", width="stretch"):
        measuring.submit(lacking, dataset.dataset_id, False, f"Measuring {' and '.join(lacking)} on {dataset.name}")


def _table(choice: Choice, dataset: DatasetRecord, passes: Between, agree: bool | None) -> None:
    import pandas

    store, asked = resources.store(), passes.filter(choice.selection, agree)
    count = store.count(asked)
    found = store.changes(asked, passes.number, limit=ROWS)
    if not found or passes.base is None or passes.variant is None:
        st.info(f"Both models say the same of every image of {plain(dataset.name)} here.", icon=":material/info:")
        return
    base, variant = passes.base.model_name, passes.variant.model_name
    columns = _rows(found, dataset, passes)
    shown = digest(samples=[c.sample for c in found], passes=[passes.base.pass_id, passes.variant.pass_id])[:10]
    key = f"variants.changes.{shown}"
    st.dataframe(
        pandas.DataFrame(columns),
        hide_index=True,
        height=min(38 + 52 * len(found), 420),
        row_height=52,
        key=key,
        on_select=_picked(key, [c.sample for c in found]),
        selection_mode="multi-row",
        column_config=_config(passes.number),
    )
    most = f" The {len(found)} of them that moved furthest." if count > len(found) else ""
    told = f"{words.plural(count, 'image')} of {dataset.size:,}"
    kind = "have another answer" if agree is False else "are compared"
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption(
            plain(f"{told} {kind} from {base} to {variant}, ordered by how far the {passes.number} moved.{most} ")
            + f"Tick up to {MOST} rows to see them in the columns."
        )
        made = f"prediction of {variant} differs from {base}'s" if agree is False else f"{base} beside {variant}"
        selections.saving(asked, count, choice.samples, made, _saved)


def _saved(made: Selection) -> None:
    st.toast(f"Saved '{plain(made.name)}': {made.size:,} images", icon=":material/bookmark_added:")
    st.rerun()


def _picked(key: str, samples: Sequence[int]):
    @guarded
    def picked() -> None:
        rows = ((st.session_state.get(key) or {}).get("selection") or {}).get("rows") or []
        PAGE.change(samples=tuple(samples[row] for row in rows if row < len(samples))[:MOST])

    return picked


def _rows(found: Sequence[Change], dataset: DatasetRecord, passes: Between) -> dict[str, list]:
    theirs = passes.base.class_names if passes.base else ()
    others = passes.variant.class_names if passes.variant else ()
    numbers = [
        ((c.margin, c.other_margin) if passes.number == "margin" else (c.confidence, c.other_confidence)) for c in found
    ]
    word = passes.number.capitalize()
    sure = {
        "Confidence, base": [_percent(c.confidence) for c in found],
        "Confidence, variant": [_percent(c.other_confidence) for c in found],
    }
    return {
        "Image": [_thumbnail(dataset.dataset_id, c.sample) for c in found],
        "Name": [c.name for c in found],
        "Label": [name_of(c.label, dataset.class_names) for c in found],
        "Base says": [name_of(c.prediction, theirs) for c in found],
        "Variant says": [name_of(c.other_prediction, others) for c in found],
        f"{word}, base": [before for before, _ in numbers],
        f"{word}, variant": [after for _, after in numbers],
        "Moved by": [_difference(before, after) for before, after in numbers],
        **(sure if passes.number == "margin" else {}),
    }


def _config(number: str) -> dict[str, Any]:
    config, word = st.column_config, number.capitalize()
    form = "%.3g" if number == "margin" else "percent"
    return {
        "Image": config.ImageColumn(width=64),
        "Name": config.TextColumn(width=110),
        f"{word}, base": config.NumberColumn(format=form),
        f"{word}, variant": config.NumberColumn(format=form),
        "Moved by": config.NumberColumn(format=form, help=f"The {number} of the variant less that of the base"),
        **{
            f"Confidence, {side}": config.NumberColumn(format="%.1f %%", help="Of its own prediction")
            for side in ("base", "variant")
            if number != "confidence"
        },
    }


def _difference(before: float | None, after: float | None) -> float | None:
    return None if before is None or after is None else after - before


def _percent(share: float | None) -> float | None:
    return None if share is None or not math.isfinite(share) else 100 * share


def _thumbnail(dataset_id: str, sample: int) -> str:
    """As a data URI, kept for the next time."""

    def drawn() -> bytes:
        buffer = io.BytesIO()
        resources.dataset(dataset_id).thumbnail(sample, THUMBNAIL).save(buffer, "PNG")
        return buffer.getvalue()

    found = resources.sprites().made(digest(dataset=dataset_id, sample=sample, side=THUMBNAIL), drawn)
    return f"data:image/png;base64,{base64.b64encode(found).decode()}"
