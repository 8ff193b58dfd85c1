"""The pictures to choose from: uploads of this workspace first, then samples; and where a digest becomes a picture."""

from collections.abc import Callable, Sequence

import streamlit as st

from analysis.datasets.decoding import decode
from analysis.datasets.samples import sample_pictures
from analysis.store import Store
from analysis.types import Picture
from app import session
from app.boundary import guarded, plain, reported
from app.resources import store
from app.widgets.gallery import gallery
from models.errors import CutawayError

MINE, REFUSED, ROUND = "pictures.mine", "pictures.refused", "pictures.round"
MOST = 12
"""Pictures on show at once."""

FEW, LIST_PX = 3, 130
"""More refused files than these scroll in a list of that height."""


@st.cache_resource(show_spinner=False)
def samples() -> dict[str, Picture]:
    """The sample pictures by digest."""
    decoded = [(s.title, decode(s.read(), s.name)) for s in sample_pictures()]
    return {p.digest: Picture(p.digest, f"{title}{_suffix(p.name)}", p.pixels, p.remarks) for title, p in decoded}


def _suffix(name: str) -> str:
    return "." + name.rsplit(".", 1)[-1]


Keep = Callable[[tuple[str, ...]], None]
"""Takes the digests that a user has chosen into a page's choice."""


def _explain(digests: tuple[str, ...]) -> None:
    session.PAGE.change(pictures=digests)


def pictures(chosen: Sequence[str], keep: Keep = _explain) -> list[Picture]:
    """Draw the uploader and the gallery; the chosen pictures, or the first sample where none is chosen."""
    if MINE not in st.session_state:
        st.session_state[MINE] = {}
    _uploader(keep)
    mine: dict[str, Picture] = st.session_state[MINE]
    for digest in chosen:
        if digest not in mine and digest not in samples() and (found := _from_store(store(), digest)):
            mine[digest] = found
    known = samples() | mine  # a sample that was uploaded goes by the user's name
    shown = [known[d] for d in chosen if d in known][:MOST]
    if len([d for d in chosen if d in known]) < len(chosen):
        st.warning("This address names a picture that is not in this workspace.", icon=":material/image_not_supported:")
    if not shown and not chosen:
        shown = list(samples().values())[:1]
    now = [p.digest for p in shown]
    first = list(reversed(mine.values()))
    rest = [picture for digest, picture in samples().items() if digest not in mine]
    gallery(first + rest, now, "gallery", lambda digest, add: _pick(digest, add, now, keep))
    return shown


def _uploader(keep: Keep) -> None:
    turn = st.session_state.setdefault(ROUND, 0)
    st.file_uploader(
        "Pictures",
        accept_multiple_files=True,
        key=f"upload.{turn}",
        on_change=guarded(_taken),
        args=(turn, keep),
        help="JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF; several at once. They stay on this machine.",
    )


def _taken(turn: int, keep: Keep = _explain) -> None:
    """Decode what was uploaded, keep it in the store, show it, and empty the uploader for the next.

    The browser may still report files of an uploader that was emptied: `turn` says whose they are.
    """
    files = st.session_state.get(f"upload.{turn}") or []
    if not files:
        return
    st.session_state[ROUND] = max(st.session_state.get(ROUND, 0), turn + 1)
    mine: dict[str, Picture] = st.session_state.setdefault(MINE, {})
    good: list[str] = []
    refused: list[str] = []
    for file in files:
        try:
            data = file.getvalue()
            picture = decode(data, file.name)
            store().save_picture(picture, data)
        except CutawayError as error:
            refused.append(str(error))
        else:
            mine.pop(picture.digest, None)
            mine[picture.digest] = picture
            good.append(picture.digest)
    st.session_state[REFUSED] = refused
    if good:
        keep(tuple(dict.fromkeys(good))[:MOST])


def refusals() -> None:
    """What was not taken, and why, until the next upload."""
    if refused := st.session_state.get(REFUSED):
        left, right = st.columns([8, 1], vertical_alignment="center")
        box = left.container(height=LIST_PX if len(refused) > FEW else "content", border=False)
        box.warning("  \n".join(plain(text) for text in refused), icon=":material/image_not_supported:")
        right.button("Dismiss", on_click=guarded(_dismiss), width="stretch")


def _dismiss() -> None:
    st.session_state.pop(REFUSED, None)


def _from_store(kept: Store, digest: str) -> Picture | None:
    found = kept.picture_bytes(digest)
    if found is None:
        return None
    try:
        return decode(found[1], found[0])
    except CutawayError as error:
        reported(error)
        return None


def _pick(digest: str, add: bool, shown: Sequence[str], keep: Keep) -> None:
    """A click: this picture alone; with `add` it joins those on show, or leaves them."""
    if not add:
        keep((digest,))
    elif digest in shown:
        keep(tuple(d for d in shown if d != digest))
    else:
        keep((*shown, digest)[-MOST:])
