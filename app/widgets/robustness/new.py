"""A new sweep: which models, which images, which corruptions; what that will cost; one button."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

import streamlit as st

from analysis.records import DatasetRecord
from analysis.sweeps import SweepRecord
from app import families, frame, resources, sweep_numbers, words
from app.boundary import boundary, guarded
from app.robustness_words import EXTRA, GROUPS, brief
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

OPEN, FOLLOW = "robustness.new.open", "robustness.new.follow"
FIRST_PICTURE = 200
"""Images of a first sweep: an accuracy is known to about 7 points then."""

MOST_OFFERED = 6
SETS = ("All 19", "The 15", "Choose")
GATES = {"mean": "mean of their probabilities", "spectral": "gated by the spectrum of the batch"}


def button() -> None:
    """Opens and closes the form."""
    shown = bool(st.session_state.get(OPEN))
    icon = ":material/close:" if shown else ":material/add:"
    st.button("New sweep", icon=icon, key="robustness.new", on_click=guarded(_toggle), args=(not shown,))


def opened() -> bool:
    return bool(st.session_state.get(OPEN))


def followed() -> str:
    """The id of a sweep that was just started here, once; else empty."""
    return str(st.session_state.pop(FOLLOW, ""))


def _toggle(shown: bool) -> None:
    st.session_state[OPEN] = shown


def section() -> None:
    """The form."""
    with st.container(border=True, key="robustness-new"), boundary():
        if (starting := resources.engine()) is not None:
            watch(resources.loading(), [starting.key], stoppable=False)
            return
        records = [r for r in resources.store().datasets() if r.labelled]
        if not records:
            st.markdown("A sweep needs a dataset with labels, and there is none in this workspace.")
            frame.link(
                "workspace", "Import or generate one on the Workspace page", ":material/database:", tab="datasets"
            )
            return
        left, middle, right = st.columns(3, gap="medium")
        with left:
            record, models = _subjects(records)
        with middle:
            corruptions, severities = _conditions(record)
        with right:
            _start(record, models, corruptions, severities)


def _subjects(records: Sequence[DatasetRecord]) -> tuple[DatasetRecord, list[str]]:
    from analysis.pipelines.variants import members

    by_id = {r.dataset_id: r for r in records}
    chosen = st.selectbox(
        "Images of", by_id, key="robustness.new.data",
        format_func=lambda i: f"{by_id[i].name} · {words.plural(by_id[i].size, 'image')}",
    )  # fmt: skip
    record = by_id[chosen] if chosen else records[0]
    found = [m for m in members(resources.store(), resources.settings().imported_models) if not m.damaged]
    names = [m.name for m in found]
    models = st.multiselect(
        "Models", names, default=_usual(record, found), key=f"robustness.new.models.{record.dataset_id[:8]}",
        help="They must have the same classes. The first is the one that others are compared with.",
    )  # fmt: skip
    return record, models


def _usual(record: DatasetRecord, found: Sequence[Member]) -> list[str]:
    """The founder that shares most classes with the images, and some of its variants."""
    theirs = {name.casefold() for name in record.class_names}
    by_name = families.by_name(found)
    founders = [by_name[name] for name in families.founders(found) if name in by_name]  # those with variants first
    shared = {m.name: len(theirs.intersection(map(str.casefold, m.class_names))) for m in founders}
    best = max(shared, key=lambda name: shared[name], default="")
    return [best, *families.first_choice(best, found, MOST_OFFERED - 1)] if shared.get(best) else []


def _conditions(record: DatasetRecord) -> tuple[list[str], list[int]]:
    how = st.segmented_control("Corruptions", SETS, default=SETS[0], required=True, key="robustness.new.set")
    every = [name for of in GROUPS.values() for name in of]
    if how == SETS[0]:
        picked = every
    elif how == SETS[1]:
        picked = [name for name in every if name not in EXTRA]
    else:
        picked = _chosen(record)
    severities = st.pills(
        "Severities", (1, 2, 3, 4, 5), selection_mode="multi", default=(1, 2, 3, 4, 5), key="robustness.new.severities"
    )
    return picked, list(severities)


def _chosen(record: DatasetRecord) -> list[str]:
    """Pills in groups; what needs masks only where the images have them."""
    picked: list[str] = []
    for title, names in _offered(record).items():
        found = st.pills(
            title, names, selection_mode="multi", format_func=names.__getitem__, key=f"robustness.new.{title}",
        )  # fmt: skip
        picked += found
    return picked


def _offered(record: DatasetRecord) -> Mapping[str, dict[str, str]]:
    """Group -> name -> how it is called there."""
    from analysis.robustness import CORRUPTIONS

    made: dict[str, dict[str, str]] = {}
    known = {name for of in GROUPS.values() for name in of}
    for title, names in GROUPS.items():
        made[title] = {name: brief(name) for name in names}
    for method in CORRUPTIONS:
        if method.name not in known and (method.kind != "edit" or record.masks >= record.size):
            made.setdefault(method.group, {})[method.name] = method.label
    return made


def _start(record: DatasetRecord, models: Sequence[str], corruptions: Sequence[str], severities: Sequence[int]) -> None:
    least, most = min(10, record.size), record.size
    limit = st.number_input(
        "Images", least, most, min(FIRST_PICTURE, most), key=f"robustness.new.limit.{record.dataset_id[:8]}",
        help=f"Drawn by lot from {most:,}. {FIRST_PICTURE} make a first picture; a larger sweep computes all anew.",
    )  # fmt: skip
    decks = _decks(models)
    engine = "local"
    if find_spec("ray") is not None:
        engine = st.segmented_control(
            "Computed", ("local", "ray"), default="local", required=True, key="robustness.new.engine"
        )
    name = st.text_input(
        "Name", max_chars=64, placeholder=f"{record.name}: {models[0]}" if models else "", key="robustness.new.name"
    )
    ready = bool(models and corruptions and severities)
    st.caption(
        _cost(models, len(corruptions) * len(severities) + 1, int(limit), record)
        if ready
        else _lacks(models, corruptions)
    )
    if st.button("Start", type="primary", icon=":material/play_arrow:", disabled=not ready, key="robustness.new.start"):
        _submit(
            record, models=models, corruptions=corruptions, severities=sorted(severities), limit=int(limit),
            decks=decks, engine=engine or "local", name=name,
        )  # fmt: skip


def _decks(models: Sequence[str]) -> list[dict[str, Any]]:
    """Ensembles of all the models, as virtual ones."""
    if len(models) < 2:
        return []
    gates = st.pills(
        "Decks: all models answering together", GATES, selection_mode="multi", key="robustness.new.decks",
        format_func=GATES.__getitem__,
    )  # fmt: skip
    return [{"name": f"deck-{gate}", "members": list(models), "gate": gate} for gate in gates]


def _lacks(models: Sequence[str], corruptions: Sequence[str]) -> str:
    return "Choose at least one model." if not models else f"Choose {'severities' if corruptions else 'corruptions'}."


def _cost(models: Sequence[str], conditions: int, limit: int, record: DatasetRecord) -> str:
    """How much is to be computed; how long that takes, where sweeps of the past tell."""
    many = len(models) * conditions * limit
    said = f"{len(models)} × {conditions} conditions × {limit:,} images: {words.number(many)} answers"
    known = [seconds for sweep in resources.store().sweeps.all() if (seconds := _pace(sweep, models)) is not None]
    return f"{said}, about {words.seconds(known[0] * many)} at the pace of the last sweep." if known else f"{said}."


def _pace(sweep: SweepRecord, models: Sequence[str]) -> float | None:
    """Seconds that an answer took in a sweep with some of these models."""
    places = [place for name in models if (place := sweep.member(name)) is not None]
    cells = [c for (m, _), c in sweep_numbers.cells(sweep).items() if m in places and c.seconds > 0 and c.samples]
    return (
        sum(c.seconds for c in cells) / sum(c.samples for c in cells) if cells and sweep.source != "bundled" else None
    )


def _submit(record: DatasetRecord, **wanted: Any) -> None:
    from analysis.pipelines.sweep import asked

    store, workspace = resources.store(), resources.settings().workspace
    arguments = asked(store, workspace, dataset=record.dataset_id, **wanted)
    st.session_state[FOLLOW], st.session_state[OPEN] = arguments["sweep_id"], False
    frame.submit("sweep", arguments, f"Sweep of {words.plural(len(wanted['models']), 'model')} over {record.name}")
