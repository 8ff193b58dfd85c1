"""Fourier heat maps: the error of every member on show under noise of each single frequency (Yin et al. 2019)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, cast

import streamlit as st

from analysis.errors import DataError
from app import frame, resources, words
from app.boundary import boundary, plain
from app.figures.robustness_fourier import Heat, Shown, heat_maps, profiles
from app.figures.variant_colours import colours
from app.robustness_choice import PAGE, Choice, Room, Subject
from app.widgets import predicting
from app.widgets.progress import watch

if TYPE_CHECKING:
    from analysis.pipelines.fourier_maps import HeatMap

WIDTH: dict[Room, int] = {"small": 520, "large": 1340}
REDRAWN_SECONDS = 10.0
"""While maps are computed, which are kept so often."""

LINES = 12
"""Profiles in one chart: more cannot be told apart."""

SHOWN: dict[Shown, str] = {
    "error": "Error",
    "rise": "Error above clean",
    "apart": "Error above the reference's",
}
HELP = (
    "Images are given noise of one single frequency at a time: a plane wave of fixed L2 norm with a sign drawn for "
    "each channel. Each point of a map is the share of wrong answers under one frequency, 0 in the middle and high "
    "ones at the edges. A network that leans on fine texture is bright far from the middle, another near it."
)
PAPER = "Yin et al. 2019, A Fourier perspective on model robustness in computer vision, section 2."


def section(subject: Subject, room: Room) -> Choice:
    """Draw the maps there are, and the way to those that are missing."""
    if room == "large":
        st.caption(HELP)
    predicting.follow(_is_ours)
    active = any(job.active and _is_ours(job) for job in resources.work().jobs())
    st.fragment(_maps, run_every=REDRAWN_SECONDS if active else None)(subject, room)
    if not active:
        _offer(subject, _alike(_found(subject), choose=False))
    if room == "large":
        st.caption(PAPER)
    return subject.choice


def _is_ours(job: Any) -> bool:
    return job.kind == "fourier"


def _maps(subject: Subject, room: Room) -> None:
    """Those that there are, also while they are computed: they grow from the middle."""
    with boundary():
        if maps := _alike(_found(subject)):
            _drawn(subject, maps, room)


def _found(subject: Subject) -> list[HeatMap]:
    from analysis.pipelines.fourier_maps import found

    sweep = subject.sweep
    ids = {sweep.members[m].model_id for m in subject.members}
    return found(resources.settings().workspace, dataset=sweep.dataset_id, models=ids)


def _kind(heat: HeatMap) -> tuple[float, int, int, int]:
    """What maps must share to be compared."""
    return heat.norm, heat.extent, heat.samples, heat.seed


def _alike(every: Sequence[HeatMap], *, choose: bool = True) -> dict[str, HeatMap]:
    """Those of one kind by their model's id; `choose`: draw the choice of the kind where there are several."""
    if not every:
        return {}
    newest = sorted(every, key=lambda m: m.computed_at, reverse=True)
    kinds = {"·".join(map(str, _kind(m))): m for m in reversed(newest)}
    if len(kinds) > 1:
        counts = {key: sum(_kind(m) == _kind(one) for m in every) for key, one in kinds.items()}
        said = {k: f"{_settings(m)} ({words.plural(counts[k], 'map')})" for k, m in kinds.items()}
        key = PAGE.seed("fourier.kind", max(counts, key=lambda k: counts[k]), said)
        chosen = st.session_state[key]
        if choose:
            chosen = st.selectbox("Maps made with", said, key=key, format_func=lambda k: said.get(k) or k, width=420)
        kind = _kind(kinds[chosen if chosen in kinds else next(iter(kinds))])
    else:
        kind = _kind(every[0])
    return {m.model_id: m for m in reversed(newest) if _kind(m) == kind}


def _settings(heat: HeatMap) -> str:
    return f"norm {heat.norm:g}, {heat.samples:,} images, {heat.extent} × {heat.extent} frequencies, seed {heat.seed}"


def _drawn(subject: Subject, maps: dict[str, HeatMap], room: Room) -> None:
    import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

    sweep = subject.sweep
    members = [m for i in subject.members if (m := sweep.members[i]).model_id in maps]
    heats = {m.name: Heat(m.name, maps[m.model_id].errors, maps[m.model_id].clean) for m in members}
    reference = heats.get(sweep.reference)
    offered = [s for s in SHOWN if s != "apart" or (reference and len(heats) > 1)]
    key = PAGE.seed("fourier.shown", offered[0], offered)
    shown = st.segmented_control("What a map shows", offered, format_func=SHOWN.__getitem__, key=key, required=True)
    dark = st.context.theme.type == "dark"
    figure = heat_maps([*heats.values()], cast("Shown", shown or "error"), reference, WIDTH[room], dark=dark)
    st.plotly_chart(figure, key="robustness.fourier.maps", config={"displaylogo": False})
    first = next(iter(maps.values()))
    st.caption(
        plain(
            f"{_settings(first)}; shares are of the {first.known:,} images whose class is known. "
            f"Images of {first.image_size[0]} × {first.image_size[1]} pixels; {first.device}. Along the edges: cycles "
            "over the image. One scale for all maps."
        )
    )
    if room == "small":
        return
    if (starting := resources.engine()) is not None:
        watch(resources.loading(), [starting.key], stoppable=False)
    else:
        from analysis.robustness.frequencies import by_frequency

        shown_lines = dict(list(heats.items())[:LINES])
        lines = {name: by_frequency(heat.errors) for name, heat in shown_lines.items()}
        st.markdown("**Error by frequency**, mean over all directions")
        st.plotly_chart(profiles(lines, colours([*lines], sweep.reference)), key="robustness.fourier.profiles")
        if len(heats) > LINES:
            st.caption(f"The first {LINES} of {len(heats)} on show.")


def _offer(subject: Subject, maps: dict[str, HeatMap]) -> None:
    """Who has no map yet, and the job that makes them."""
    sweep = subject.sweep
    shown = [sweep.members[i] for i in subject.members]
    lacking = [m for m in shown if m.kind == "model" and (m.model_id not in maps or not maps[m.model_id].complete)]
    if decks := [m.name for m in shown if m.kind == "deck"]:
        st.caption(plain(f"There are no maps of decks: {words.first(decks, 4)}."))
    if not lacking:
        return
    try:
        resources.dataset(sweep.dataset_id)
    except (DataError, FileNotFoundError):
        st.info(
            plain(
                f"The images of {sweep.dataset_name} are not in this workspace, so no map can be computed for "
                f"{words.first([m.name for m in lacking], 4)}. Import or generate the dataset first."
            ),
            icon=":material/image_not_supported:",
        )
        return
    one = next(iter(maps.values()), None)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        key, first = PAGE.start("fourier.limit", one.samples if one else 256)
        limit = st.number_input("Images", 16, max(16, sweep.samples, first), first, key=key, width=140)
        key, first = PAGE.start("fourier.extent", one.extent if one else 31)
        extent = st.number_input(
            "Frequencies a side", 3, 63, first, 2, key=key, width=160, help="Odd: 0 is in the middle."
        )
        if st.button(
            f"Compute for {words.plural(len(lacking), 'member')} on show", type="primary", icon=":material/play_arrow:",
            key="robustness.fourier.compute",
        ):  # fmt: skip
            _submit(subject, [m.name for m in lacking], int(limit), int(extent), one)
    names = words.first([m.name for m in lacking], 4)
    st.caption(plain(f"Not computed yet, or not to the end: {names}."))


def _submit(subject: Subject, names: list[str], limit: int, extent: int, like: HeatMap | None) -> None:
    from analysis.pipelines.fourier import asked

    sweep, store = subject.sweep, resources.store()
    with boundary():
        given = {"norm": like.norm, "seed": like.seed} if like else {"seed": sweep.seed}
        arguments = asked(
            store, resources.settings().workspace, models=names, dataset=sweep.dataset_id, limit=limit, extent=extent,
            **given,
        )  # fmt: skip
        frame.submit("fourier", arguments, f"Fourier heat maps of {words.first(names, 2)}")
