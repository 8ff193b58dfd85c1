"""The work on variants that runs, and what came of it: shown, measured, or said why not."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from analysis.pipelines.job_view import JobView
from app import frame, words
from app.boundary import guarded, plain
from app.variants_choice import MOST_CHOSEN, PAGE
from app.widgets import predicting
from app.widgets.variants import measuring

KINDS = ("prune", "measure", "generate")
MOST_NAMED = 12


def section() -> None:
    """Follow the jobs; then what they made, until it is dismissed."""
    predicting.follow(lambda job: job.kind in KINDS)
    over = [view for view in frame.ended() if view.kind in KINDS and view.state != "cancelled"]
    made = [view for view in over if view.kind == "prune" and view.state == "done"]
    if made:
        _made(made)
    for view in over:
        if view.state == "failed":
            _failed(view)
        elif view.kind == "measure":
            _measured(view)


def names(views: Sequence[JobView]) -> list[str]:
    """Of the variants, in the order in which they were made."""
    listed = [view.arguments.get("names") for view in reversed(views)]
    return [str(name) for each in listed if isinstance(each, list) for name in each]


def _made(views: Sequence[JobView]) -> None:
    made = names(views)
    with st.container(border=True):
        st.markdown(f":green[:material/check_circle:] **{words.plural(len(made), 'new variant')}**")
        st.caption(plain(words.first(made, MOST_NAMED)))
        row = st.container(horizontal=True, vertical_alignment="center")
        keys = [view.key for view in views]
        for tab, label, icon in _WAYS:
            row.button(label, icon=icon, key=f"variants.made.{tab}", on_click=guarded(_look), args=(tab, made, keys))
        with row:
            measuring.offer(made, "variants.made")
        row.button("Dismiss", type="tertiary", key="variants.made.dismiss", on_click=guarded(_dismiss), args=(keys,))


_WAYS = (
    ("family", "Show in Family", ":material/account_tree:"),
    ("layers", "Show their layers", ":material/bar_chart:"),
)


def _failed(view: JobView) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.error(plain(f"{view.title}: {view.message}"), icon=":material/info:", width="stretch")
    row.button("Dismiss", key=f"variants.dismiss.{view.key}", on_click=guarded(frame.dismiss), args=(view.key,))


def _measured(view: JobView) -> None:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.success(plain(f"{view.title}: done"), icon=":material/check_circle:", width="stretch")
    row.button("Dismiss", key=f"variants.dismiss.{view.key}", on_click=guarded(frame.dismiss), args=(view.key,))


def _look(tab: str, names: Sequence[str], keys: Sequence[str]) -> None:
    _dismiss(keys)
    PAGE.change(tab=tab, chosen=tuple(names[:MOST_CHOSEN]), model=names[0])


def _dismiss(keys: Sequence[str]) -> None:
    for key in keys:
        frame.dismiss(key)
