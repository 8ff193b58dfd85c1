"""Which images, which models, under which condition: chosen in one line, and what the store has of that."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.measurements import Measurement
from analysis.passes.conditions import CLEAN
from analysis.records import DatasetRecord
from app import resources, words
from app.boundary import boundary, guarded, plain
from app.geometry_choice import MODELS, PAGE, SHORT, Choice, Network, Subject, heard
from app.geometry_words import PENULTIMATE
from app.recent import Recent
from app.widgets.embeddings import said
from app.widgets.geometry import models_here

CLEAR = {"models": (), "tap": "", "classes": (), "other": "", "selection": ""}
"""What a choice about one dataset does not mean for another."""

TRAINING = {
    "trained on": "training images",
    "in part": "partly training images",
    "not trained on": "not training images",
    "not known": "training images? not known",
}
"""What images are to a network, beside their name."""
KEPT = 32


@st.cache_resource(show_spinner=False)
def _read() -> Recent[tuple[str, int, bool], tuple[Measurement, ...]]:
    """Numbers of a pass, under what this process has finished since: measurements, taking in what is bundled."""
    return Recent(KEPT)


def usual(records: Sequence[DatasetRecord]) -> DatasetRecord:
    """The images of the latest pass that keeps features, else the latest."""
    known = {r.dataset_id: r for r in records}
    made = (p.dataset_id for p in resources.store().passes() if p.taps)
    return next((known[i] for i in made if i in known), records[0])


def dataset(choice: Choice, records: Sequence[DatasetRecord]) -> tuple[DatasetRecord, str]:
    """The one that the address names, else the usual one; and what must be said where it is not there."""
    found = next((r for r in records if choice.dataset and r.dataset_id.startswith(choice.dataset)), None)
    first = found or usual(records)
    if found is None and choice.dataset:
        return first, f"This address names images that are not in this workspace; '{first.name}' is shown instead."
    return first, ""


def networks(choice: Choice, dataset: DatasetRecord) -> tuple[Network, ...]:
    """Those of the choice, else the first ones whose features are kept, as far as they were measured."""
    there = [p for p in models_here.passes(dataset) if p.condition == choice.condition]
    names = choice.models or models_here.usual(there)
    return tuple(_network(name, choice.condition, dataset) for name in names)


def _network(name: str, condition: str, dataset: DatasetRecord) -> Network:
    from analysis.pipelines.geometry_asking import record

    found = record(resources.store(), name, dataset.dataset_id, condition)
    if found is None:
        return Network(name, why=f"{name} has not been run over these images with its features kept.")
    numbers = numbers_of(found.pass_id)
    own = any(not n.other_pass for n in numbers)
    why = "" if own else f"The features of {name} have not been measured yet."
    return Network(name, found, numbers, why, dataset.class_names)


def numbers_of(pass_id: str) -> tuple[Measurement, ...]:
    """All of a pass, by place, with other parameters too; read again once work has ended."""
    over = sum(1 for job in resources.work().jobs() if job.kind == "geometry" and not job.active)
    taking = resources.bundled_features()
    taken = taking is None or not taking.active
    return _read().made(
        (pass_id, over, taken), lambda: tuple(resources.store().geometry.numbers([pass_id], turned=True))
    )


def line(subject: Subject, records: Sequence[DatasetRecord]) -> None:
    """Draw what is chosen from; changes come as a new choice."""
    names = {r.dataset_id: f"{r.name} · {r.size:,}" for r in records}
    key = PAGE.seed("dataset", subject.dataset.dataset_id, names)
    st.selectbox(
        "Images", names, key=key, format_func=lambda i: names.get(i) or i, width=230, label_visibility="collapsed",
        on_change=guarded(_other), args=(key,),
    )  # fmt: skip
    with boundary():
        _seen(subject)
    with boundary():
        _models(subject)
    with boundary():
        _condition(subject)


def training(subject: Subject) -> list[str]:
    """What the images are to the networks on show, in sentences."""
    from analysis.pipelines.seen_in_training import told

    names = [network.name for network in subject.networks]
    return told(subject.dataset, names, resources.settings().imported_models)


def _seen(subject: Subject) -> None:
    """The same in three words; the cursor reads the sentences."""
    from analysis.pipelines.seen_in_training import seen

    found = {seen(subject.dataset, n.name, resources.settings().imported_models).what for n in subject.networks}
    if found:
        short = TRAINING[found.pop()] if len(found) == 1 else "training images of some"
        st.caption(f":material/school: {short}", width="content", help="\n\n".join(map(plain, training(subject))))


def _other(key: str) -> None:
    """Nothing where it is the same: after the page was begun anew, a widget may tell again what it said before."""
    chosen = heard(key, "")[:SHORT]
    if chosen and chosen != PAGE.current().dataset:
        PAGE.change(dataset=chosen, **CLEAR)


def _models(subject: Subject) -> None:
    """A popover; models that are not run yet join once they are measured."""
    shown = [network.name for network in subject.networks]
    label = shown[0] if len(shown) == 1 else words.plural(len(shown), "model") if shown else "Models"
    box = st.popover(plain(label), icon=":material/account_tree:", key="geometry.models", on_change="rerun")
    if not box.open:
        return
    with box:
        known = offered(subject)
        key, first = PAGE.start("models", shown)
        st.multiselect(
            "Models on show", list(known), default=[n for n in first if n in known], key=key, max_selections=MODELS,
            format_func=lambda n: known.get(n) or n, on_change=guarded(_chosen), args=(key,), width=420,
            help="The first is the one that others are compared with.",
        )  # fmt: skip
        if resources.engine() is not None:
            st.caption("Models that were not run over these images can be chosen once the engine has started.")


def offered(subject: Subject) -> dict[str, str]:
    """Those whose features are kept, then those that can be run: name -> as people read it."""
    there = {p.model_name for p in models_here.passes(subject.dataset) if p.condition == subject.choice.condition}
    names = dict.fromkeys(models_here.ordered(there))
    if resources.engine() is None:
        from app.widgets.embeddings.offer import models

        names |= dict.fromkeys(models(subject.dataset))
    names |= dict.fromkeys(n.name for n in subject.networks)
    return {name: name if name in there else f"{name} (to be run first)" for name in names}


def _chosen(key: str) -> None:
    PAGE.change(models=tuple(heard(key, PAGE.current().models)))


def _condition(subject: Subject) -> None:
    """Clean images, or a corruption with its severity; those that models were run under come first."""
    what, _, severity = subject.choice.condition.partition("/")
    shown = "clean images" if subject.choice.condition == CLEAN.name else said.condition(subject.choice.condition)
    box = st.popover(plain(shown), icon=":material/blur_on:", key="geometry.condition", on_change="rerun")
    if not box.open:
        return
    if resources.engine() is not None:
        box.caption("Corruptions can be chosen once the engine has started.")
        return
    from analysis.robustness import CORRUPTIONS

    told = {CLEAN.name: "as they are"}
    told |= {c.name: said.corruption(c.name) for c in CORRUPTIONS if c.kind == "corruption"}
    run = list(dict.fromkeys(p.condition for p in models_here.passes(subject.dataset)))
    with box:
        st.caption("Run with features kept: " + (plain(", ".join(map(said.condition, run))) or "none"))
        key, first = PAGE.start("condition", what if what in told else CLEAN.name)
        level_key, level = PAGE.start("severity", int(severity) if severity.isdecimal() else 3)
        st.selectbox(
            "Images", list(told), list(told).index(first), key=key, format_func=lambda n: told.get(n) or n,
            on_change=guarded(_under), args=(key, level_key),
        )  # fmt: skip
        st.segmented_control(
            "Severity", (1, 2, 3, 4, 5), default=level, key=level_key, required=True, on_change=guarded(_under),
            args=(key, level_key), disabled=what == CLEAN.name,
        )  # fmt: skip


def _under(key: str, level_key: str) -> None:
    now, _, before = PAGE.current().condition.partition("/")
    what, level = heard(key, now), heard(level_key, None) or before or 3
    PAGE.change(condition=what if what == CLEAN.name else f"{what}/{level}")


def taps(networks: Sequence[Network]) -> tuple[str, ...]:
    """Of all of them, from the input on: those of the first, and what others have beside them where it stands there."""
    order: list[str] = []
    for network in networks:
        place = 0
        for tap in network.taps:
            if tap in order:
                place = order.index(tap) + 1
            else:
                order.insert(place, tap)
                place += 1
    return tuple(order)


def settled(choice: Choice, networks: Sequence[Network]) -> Choice:
    """With the layer that views of one layer show: as asked, else the head's input, else the last."""
    there = taps(networks)
    if choice.tap in there or not there:
        return choice
    return replace(choice, tap=PENULTIMATE if PENULTIMATE in there else there[-1])


def tap_line(subject: Subject) -> None:
    """Choose the layer of views that show one."""
    from app.geometry_words import tap

    there = taps(subject.networks)
    if len(there) < 2:
        st.caption(f"at the {tap(there[0])}" if there else "", width="content")
        return
    key = PAGE.seed("tap", subject.choice.tap, there)
    st.caption("layer", width="content")
    st.selectbox(
        "Layer", there, key=key, format_func=tap, width=190, label_visibility="collapsed",
        on_change=guarded(_at), args=(key,),
    )  # fmt: skip


def _at(key: str) -> None:
    PAGE.change(tap=heard(key, PAGE.current().tap))
