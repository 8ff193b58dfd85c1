"""What a pane shows, behind a button that names it: a draft, until 'Show it' takes it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from analysis.passes.conditions import CLEAN
from analysis.registry import Scalar
from app import resources
from app.boundary import boundary, guarded, plain
from app.embeddings_choice import PAGE, PANES, Laid, Pane
from app.widgets.embeddings import jobs, said
from app.widgets.embeddings.panes_data import Here, stored, together
from app.widgets.knobs import knobs
from app.widgets.progress import watch
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.projections.registry import Projection

DIMS = {"2-D": 2, "3-D": 3}
DIRECTIONS = "class_directions"
USUAL = ("pca", "umap", "tsne", "pacmap", "lda", DIRECTIONS, "aligned_umap")
"""The order of the methods; others come after them."""


def line(found: Here, laid: Sequence[Laid]) -> None:
    """A button a pane, over its pane."""
    for place, column in enumerate(st.columns(len(laid), gap="xsmall")):
        with column.container(key=f"embeddings-pane-title-{place}"):
            box = st.popover(
                f"Change pane {place + 1}", key=f"embeddings.pane.{place}", on_change="rerun", icon=":material/tune:",
                help="Model, layer, images, method and its parameters; duplicate, remove",
            )  # fmt: skip
            if box.open:
                with box, boundary():
                    _settings(place, found, laid)


def _settings(place: int, found: Here, laid: Sequence[Laid]) -> None:
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return
    panes = [one.pane for one in laid]
    draft = _draft(place, panes[place], found)
    wanted = changed(panes, place, draft)
    fits = _told(draft, wanted, found, changed=draft != panes[place])
    with st.container(horizontal=True):
        st.button(
            "Show it", type="primary", key=f"embeddings.take.{place}", disabled=not fits or draft == panes[place],
            on_click=guarded(_take), args=(place, draft, found, tuple(wanted)),
        )  # fmt: skip
        st.button(
            "Duplicate", icon=":material/content_copy:", key=f"embeddings.copy.{place}", on_click=guarded(_set),
            args=((*panes[: place + 1], *panes[place:]),), disabled=len(panes) >= PANES,
        )  # fmt: skip
        st.button(
            "Remove", icon=":material/delete:", key=f"embeddings.remove.{place}", on_click=guarded(_set),
            args=((*panes[:place], *panes[place + 1 :]),), disabled=len(panes) < 2,
        )  # fmt: skip


def _draft(place: int, pane: Pane, found: Here) -> Pane:
    """The pane as the widgets say it."""
    from analysis.projections import PROJECTIONS

    left, right = st.columns(2)
    with left:
        model = _one(place, "model", "Model", models(found), pane.model)
        draft = replace(pane, model=model)
        draft = replace(draft, tap=_one(place, "tap", "Read at", _taps(draft, found), pane.tap))
        draft = _condition(place, draft)
    with right:
        methods = {m.name: m.label for m in sorted(PROJECTIONS, key=_usual_first)}
        method = PROJECTIONS[_one(place, "method", "Method", methods, pane.method)]
        draft = _space(place, replace(draft, method=method.name), method)
        given = dict(pane.params) if method.name == pane.method else {}
        record = found.record(draft, found.source(draft))
        if method.name == DIRECTIONS and record is not None:
            params = _directions(place, given, record.class_names, draft.dims)
        else:
            params = knobs(method, given, f"pane.{place}", PAGE.start, columns=2)
    st.caption(f"{method.note.reads} {method.note.fails}")
    return replace(draft, params=tuple((n, str(v)) for n, v in params))


def _usual_first(method: Projection) -> int:
    return USUAL.index(method.name) if method.name in USUAL else len(USUAL)


def _one(place: int, name: str, label: str, words: dict[str, str], value: str) -> str:
    options = [*words, *([value] if value and value not in words else [])]
    key, first = PAGE.start(f"pane.{place}.{name}", value)
    index = options.index(first) if first in options else 0
    if not options:
        return value
    chosen = st.selectbox(label, options, index, key=key, format_func=lambda n: words.get(n) or n)
    return chosen or value


def models(found: Here) -> dict[str, str]:
    """Those whose features are kept, then those that can be run."""
    from app.widgets import classifiers

    there = dict.fromkeys(s.model_name for s in found.sources)
    others = [name for name in classifiers.names() if name not in there]
    return {name: name for name in there} | {name: f"{name} (to be run first)" for name in others}


def _taps(pane: Pane, found: Here) -> dict[str, str]:
    """Where features are kept; and, once the network is open, all its layers."""
    kept = [s.tap for s in found.sources if (s.model_name, s.condition) == (pane.model, pane.condition)]
    words = {name: said.tap(name) for name in dict.fromkeys(kept)}
    if pane.model not in _known():
        return words
    network = resources.classifier(pane.model)
    if isinstance(network, Job):
        return words or {"penultimate": said.tap("penultimate")}
    more = {"penultimate": said.tap("penultimate")} if network.head else {}
    more |= {"logits": said.tap("logits")} | {
        t.name: f"{t.name} · {t.channels} channels" for t in network.taps.values()
    }
    return words | {name: f"{word} (to be run first)" for name, word in more.items() if name not in words}


def _known() -> list[str]:
    from app.widgets import classifiers

    return classifiers.names()


def _condition(place: int, pane: Pane) -> Pane:
    """Clean images, or a corruption with its severity."""
    from analysis.robustness import CORRUPTIONS

    what, _, severity = pane.condition.partition("/")
    words = {CLEAN.name: "as they are"}
    words |= {c.name: said.corruption(c.name) for c in CORRUPTIONS if c.kind == "corruption"}
    chosen = _one(place, "condition", "Images", words, what)
    if chosen == CLEAN.name:
        return replace(pane, condition=CLEAN.name)
    key, first = PAGE.start(f"pane.{place}.severity", int(severity) if severity.isdecimal() else 3)
    level = st.segmented_control("Severity", (1, 2, 3, 4, 5), default=first, key=key, required=True)
    return replace(pane, condition=f"{chosen}/{level or 3}")


def _space(place: int, pane: Pane, method: Projection) -> Pane:
    left, right = st.columns(2)
    with left:
        key, first = PAGE.start(f"pane.{place}.dims", f"{pane.dims}-D")
        dims = st.segmented_control("Space", DIMS, default=first, key=key, required=True)
    seed = 0
    if method.seeded:
        key, value = PAGE.start(f"pane.{place}.seed", pane.seed)
        seed = right.number_input("Seed", 0, 2**31 - 1, value, 1, key=key)
    return replace(pane, dims=DIMS[dims or "2-D"], seed=int(seed))


def changed(panes: Sequence[Pane], place: int, draft: Pane) -> list[Pane]:
    """All panes once one of them is the draft. A joint method takes all of them, and leaves none of them alone."""
    from analysis.projections import PROJECTIONS

    def joint(pane: Pane) -> bool:
        return pane.method in PROJECTIONS and PROJECTIONS[pane.method].kind == "joint"

    wanted = [*panes[:place], draft, *panes[place + 1 :]]
    like = {"method": draft.method, "params": draft.params, "dims": draft.dims, "seed": draft.seed}
    if joint(draft):
        return [replace(pane, **like) for pane in wanted]
    left = [i for i, pane in enumerate(wanted) if joint(pane) and len(together(pane, wanted)) < 2]
    return [replace(pane, **like) if i in left else pane for i, pane in enumerate(wanted)]


def _directions(
    place: int, given: Mapping[str, str], names: Sequence[str], dims: int
) -> tuple[tuple[str, Scalar], ...]:
    """The class that each axis is the angle to, by its name."""
    found = []
    for axis, column in zip("xyz"[:dims], st.columns(dims), strict=True):
        key, first = PAGE.start(f"pane.{place}.{DIRECTIONS}.{axis}", given.get(axis) or None)
        index = names.index(first) if first in names else None
        with column:
            chosen = st.selectbox(f"Angle to ({axis})", names, index, key=key, placeholder="usual")
        found += [(axis, chosen)] if chosen else []
    return tuple(found)


def _told(draft: Pane, wanted: Sequence[Pane], found: Here, *, changed: bool) -> bool:
    """Say what showing it will take; whether it can be shown."""
    from analysis.projections import PROJECTIONS

    method = PROJECTIONS[draft.method]
    try:
        source, there = found.source(draft), stored(found, draft, wanted) is not None
        if not there and (source is None or not method.quick):
            jobs.arguments(found.dataset, draft, wanted)
    except CutawayError as error:
        st.warning(plain(str(error)), icon=":material/info:")
        return False
    if not changed:
        return True
    if method.kind == "joint":
        st.caption(":material/join: All panes are laid out together by this method.")
    if there:
        st.caption(":material/check: Computed already: shows at once.")
    elif source is None:
        st.caption(":material/schedule: Needs a pass over the images first, in the background.")
    elif method.quick:
        st.caption(":material/bolt: Shows at once.")
    else:
        st.caption(":material/schedule: Computed in the background; the pane shows how far it is.")
    return True


def _take(place: int, draft: Pane, found: Here, wanted: tuple[Pane, ...]) -> None:
    """Show the draft; what takes time is begun."""
    from analysis.projections import PROJECTIONS

    _set(wanted)
    st.session_state[f"embeddings.pane.{place}"] = False
    ready = stored(found, draft, wanted) is not None or (PROJECTIONS[draft.method].quick and found.source(draft))
    if not ready:
        jobs.start(found.dataset, draft, wanted)


def _set(panes: tuple[Pane, ...]) -> None:
    PAGE.change(panes=panes[:PANES])


def added(found: Here, panes: Sequence[Pane]) -> tuple[Pane, ...]:
    """With one more: the next model at the same place, else the last once more."""
    last = panes[-1]
    shown = {p.model for p in panes}
    same = (s.model_name for s in found.sources if (s.tap, s.condition) == (last.tap, last.condition))
    other = next((name for name in same if name not in shown), last.model)
    return (*panes, replace(last, model=other))
