"""Spectrum: how much of the variance each direction holds, of models at one layer or of one model's layers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from app import geometry_words as words
from app import resources
from app.boundary import guarded, plain
from app.figures.colours import PALETTES
from app.figures.variant_colours import COLOURS
from app.geometry_choice import PAGE, Network, Subject, heard
from app.widgets.geometry import table
from app.widgets.geometry.shell import panel

if TYPE_CHECKING:
    from app.figures.geometry_spectrum import Spectrum

LAYERS = "layers"
MARKS = ("spectrum", "participation_ratio", "effective_rank", "stable_rank", "twonn", "mle")
DARKEST = 3  # of the ramp, to be seen on a dark page
ACROSS = {"": "models at one layer", LAYERS: "layers of one model"}


def section(subject: Subject) -> None:
    """The curves, and the estimates of dimension as numbers."""
    of_layers = subject.choice.shown == LAYERS and len(subject.first.taps) > 1
    with panel("spectrum", "Spectrum of the features", "eigenvalues of their covariance; symbols are estimates"):
        if len(subject.first.taps) > 1:
            key = PAGE.seed("spectrum", LAYERS if of_layers else "")
            st.segmented_control(
                "Curves", list(ACROSS), format_func=lambda s: ACROSS[s], key=key, required=True,
                label_visibility="collapsed", on_change=guarded(_show), args=(key,),
            )  # fmt: skip
        shown = _layers(subject.first) if of_layers else _models(subject)
        if not shown:
            st.info(f"The spectrum is not measured at the {words.tap(subject.choice.tap)}.")
            return
        _draw(shown)
        if of_layers:
            st.caption(f"{plain(subject.first.name)}: from the input (dark) to the head (light).")
    with panel("dimensions", "Estimates of dimension", f"at the {words.tap(subject.choice.tap)}"):
        from analysis.geometry import MEASURES

        there = table.measured(subject.networks, subject.choice.tap)
        table.section(subject, [n for n in there if MEASURES[n].group == "dimension"])
        st.caption(
            "They answer different questions: how many directions hold the variance (participation ratio, effective "
            "and stable rank), and how many it takes to move about nearby (TwoNN, MLE). The cursor says which form."
        )


def _show(key: str) -> None:
    PAGE.change(shown=heard(key, PAGE.current().shown) or "")


def _draw(shown: Sequence[Spectrum]) -> None:
    import pandas  # noqa: F401  # the engine may be importing it: plotly must not find half of it

    from app.figures.geometry_spectrum import spectra

    figure = spectra(shown, dark=st.context.theme.type == "dark")
    st.plotly_chart(figure, key="geometry.spectrum", config={"displaylogo": False, "displayModeBar": False})


def _models(subject: Subject) -> list[Spectrum]:
    found = (
        _spectrum(network, subject.choice.tap, network.name, COLOURS[i % len(COLOURS)])
        for i, network in enumerate(subject.networks)
    )
    return [one for one in found if one is not None]


def _layers(network: Network) -> list[Spectrum]:
    """From dark to light; marks of so many curves would hide each other."""
    ramp = PALETTES["viridis"]
    last = max(len(network.taps) - 1, 1)
    found = []
    for i, tap in enumerate(network.taps):
        colour = ramp[DARKEST + round((len(ramp) - 2 - DARKEST) * i / last)]
        if (one := _spectrum(network, tap, words.tap(tap), colour, marked=False)) is not None:
            found.append(one)
    return found


def _spectrum(network: Network, tap: str, name: str, colour: str, *, marked: bool = True) -> Spectrum | None:
    from analysis.geometry import MEASURES
    from app.figures.geometry_spectrum import Spectrum

    numbers = table.at(network, tap)
    if network.record is None or "spectrum" not in numbers:
        return None
    arrays = resources.store().geometry.arrays(network.record.pass_id, tap, "spectrum")
    if not {"spectrum", "cumulative"} <= set(arrays):
        return None
    marks = {m: (MEASURES[m].label, numbers[m].value) for m in MARKS if marked and m in numbers}
    return Spectrum(name, colour, arrays["spectrum"], arrays["cumulative"], marks)
