"""A gallery of thumbnails to choose from; Streamlit has none."""

from collections.abc import Callable, Collection, Sequence

import streamlit as st

from analysis.types import Picture
from app.boundary import guarded
from app.figures.pictures import thumbnail
from app.widgets.component import component, source

_GALLERY = component("gallery", source("gallery", "gallery.css"), source("gallery", "gallery.js"))


@st.cache_resource(show_spinner=False, max_entries=256)
def _thumbnail(digest: str, _picture: Picture) -> str:
    return thumbnail(_picture.pixels)


def gallery(
    pictures: Sequence[Picture], chosen: Collection[str], key: str, on_pick: Callable[[str, bool], None]
) -> None:
    """Show the pictures, those chosen marked. on_pick(digest, add): show it alone, or add it or take it away."""

    @guarded
    def picked() -> None:
        event = getattr(st.session_state.get(key), "picked", None)
        if event and any(p.digest == event.get("id") for p in pictures):
            on_pick(event["id"], bool(event.get("add")))

    items = [
        {"id": p.digest, "name": p.name, "src": _thumbnail(p.digest, p), "chosen": p.digest in chosen} for p in pictures
    ]
    _GALLERY(data={"items": items}, key=key, on_picked_change=picked)
