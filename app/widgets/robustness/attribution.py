"""Geometric attribution: which pixels of one sample move its angle, its length, its margin and its logit."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import streamlit as st

from analysis.errors import DataError
from app import resources
from app.boundary import guarded, plain
from app.figures.tiles import name_of, percent
from app.robustness_choice import Choice, Room, Subject
from app.robustness_words import representation
from app.widgets import classifiers
from app.widgets.progress import settled, watch
from app.widgets.robustness import attribution_jobs as jobs
from app.widgets.robustness.attribution_choices import READS, Target, of_small, patch, sample_of, widgets
from app.widgets.robustness.attribution_jobs import Wanted
from app.widgets.robustness.samples import NO_IMAGES

if TYPE_CHECKING:
    from app.figures.robustness_attribution import Panel
    from models.classifier import Classifier

WIDTH: dict[Room, int] = {"small": 236, "large": 1340}
HELP = (
    "Maps of the geometry itself, not only of the logit: where the picture holds what turns its features away from "
    "the class (angle), what makes them long (length) and what keeps them from the nearest boundary (margin). A "
    "larger angle is bad for the class, a larger margin good. A number has one scale for a and b."
)
_CONFIG = {"displaylogo": False, "modeBarButtons": [["toImage"]]}


def controls(subject: Subject, room: Room) -> Choice:
    """In the title line of a small panel: a button that opens the widgets."""
    if room == "large":
        return subject.choice
    with st.popover(f":material/tune: {of_small(subject)}", help=HELP):
        return widgets(subject, room)


def section(subject: Subject, room: Room) -> Choice:
    """Draw the maps of a and b; the choice that they show."""
    choice, side = subject.choice, 0.125
    if room == "large":
        st.caption(HELP)
        with st.container(horizontal=True, vertical_alignment="bottom"):
            choice = widgets(subject, room)
            if Target.read(choice.target).way == "occlusion":
                side = patch()
    subject = replace(subject, choice=choice)
    if reason := _reason_against(subject):
        st.info(plain(reason), icon=":material/image_not_supported:")
        return choice
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
        return choice
    sample, why = sample_of(subject)
    if sample is None:
        st.info("The selection holds no sample of this sweep.", icon=":material/filter_alt_off:")
    elif models := _models(subject):
        _maps(subject, room, sample, why, models, side)
    return choice


def _reason_against(subject: Subject) -> str:
    """Why there can be no maps, in words."""
    sweep = subject.sweep
    try:
        resources.dataset(sweep.dataset_id)
    except (DataError, FileNotFoundError):
        return NO_IMAGES.format(name=sweep.dataset_name)
    decks = [sweep.members[m].name for m, _ in (subject.a, subject.b) if sweep.members[m].kind == "deck"]
    if decks:
        return f"{decks[0]} is a deck: several networks that answer together have no features of their own. Choose one."
    return ""


def _models(subject: Subject) -> dict[str, Classifier]:
    """a's and b's, once both are loaded; what keeps them away is said."""
    members = [subject.sweep.members[m] for m, _ in (subject.a, subject.b)]
    names = list(dict.fromkeys(m.name for m in members))
    found = {c.name: c for c in classifiers.ready(names)}
    if len(found) < len(names):
        return {}
    for member in members:
        if found[member.name].fingerprint != member.model_id:
            st.warning(
                plain(f"{member.name} is not the network any more that this sweep was computed with: other weights."),
                icon=":material/info:",
            )
    return found


def _maps(subject: Subject, room: Room, sample: int, why: str, models: dict[str, Classifier], side: float) -> None:
    sweep = subject.sweep
    samples, truth = resources.store().sweeps.truth(sweep.sweep_id)
    label = int(truth[int(np.searchsorted(samples, sample))])
    against = label if label >= 0 else None
    wanted = [
        Wanted(models[sweep.members[m].name], sweep, c, sample, against, side, side / 2)
        for m, c in (subject.a, subject.b)
    ]
    active = jobs.start(wanted)
    if active and not settled(active):
        watch(resources.jobs(), [job.key for job in active if job.active], jobs.stop)
    for number, each in enumerate(wanted):
        if said := jobs.failure(each):
            left, right = st.columns([6, 2], vertical_alignment="center")
            left.warning(plain(said), icon=":material/info:")
            right.button("Try again", key=f"maps.again.{number}", on_click=guarded(jobs.again), args=(each,))
    panels = _panels(subject, wanted)
    if panels:
        _figure(subject, room, panels, sample, why, label)
    if room == "large":
        for remark in dict.fromkeys(r for w in wanted if (f := jobs.found(w)) for r in f.found.remarks):
            st.caption(plain(remark))


def _panels(subject: Subject, wanted: Sequence[Wanted]) -> list[Panel]:
    """What is known so far; one where a and b are the same."""
    from app.figures.robustness_attribution import Panel

    way, sweep, found = Target.read(subject.choice.target).way, subject.sweep, []
    for name, at, each in zip("ab", (subject.a, subject.b), wanted, strict=True):
        look = jobs.found(each)
        if look is None or (name == "b" and subject.a == subject.b):
            continue
        maps = {n: v[0] for n, v in look.found.maps.get(way, {}).items()}
        numbers = {n: float(v[0]) for n, v in look.found.numbers.items()}
        mark = "✓" if look.prediction == look.against else "✗"
        said = f"{mark} {name_of(look.prediction, sweep.class_names)} {percent(look.confidence, 0)}"
        found.append(Panel(name, representation(sweep, at), look.pixels, numbers, maps, said))
    return found


def _figure(subject: Subject, room: Room, panels: list[Panel], sample: int, why: str, label: int) -> None:
    from app.figures.robustness_attribution import LABELS, side_by_side

    target = Target.read(subject.choice.target)
    chosen = of_small(subject) if room == "small" else target.number
    shown = [chosen] if chosen else list(LABELS)
    truth = name_of(label, subject.sweep.class_names)
    large = room == "large"
    if large:
        against = f"against **{plain(truth)}**" if truth else "against what each predicts, for it has no label"
        both = " · ".join(f"**{p.name}** {plain(p.words)}" for p in panels)
        st.markdown(f"Sample {sample:,} ({why}), {against}. {both}")
    width = WIDTH["small"] if not large else WIDTH["large"] if not chosen else 760
    figure = side_by_side(panels, shown, width, upright=not large)
    st.plotly_chart(figure, key="robustness.maps", config=_CONFIG, width="stretch" if not large or not chosen else 760)
    if large:
        st.caption(
            f"{READS[target.way].capitalize()}. ± is the end of the scale, the same for a and b; 99.5 % of the pixels "
            "lie within."
        )
    else:
        st.caption(f"Sample {sample:,} · {plain(truth) or 'no label'}", help=why.capitalize())
