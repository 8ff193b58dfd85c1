"""How variants are made, apart from the methods: how sparse, from which images, with which training."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from app.boundary import plain
from app.variant_options import PATTERN, USUAL, Options
from app.variants_choice import PAGE, Choice

if TYPE_CHECKING:
    from analysis.pruning.registry import PruningMethod

OFFERED = ("30", "50", "70", "80", "90", "95", "98")
SCOPES = {
    USUAL: "As each method does",
    "global": "One threshold for the whole network",
    "layer": "The same share of every layer",
    "uniform_plus": "The same share, first and last layer spared",
    "erk": "By the size of each layer (ERK)",
}
GRAINS = {
    USUAL: "As each method does",
    "weight": "Single weights",
    "kernel": "Kernels",
    "channel": "Channels",
    "head": "Attention heads",
    "2:4": "2 of every 4 stay",
    "4:8": "4 of every 8 stay",
    "1:4": "1 of every 4 stays",
}
SCHEDULES = {"geometric": "The same share of what is left", "linear": "The same number", "cubic": "Most at first"}


def levels(choice: Choice) -> tuple[float, ...]:
    """Draw the sparsities, to choose or to type; those that can be, ascending. What cannot be is said, and stays."""
    key = PAGE.seed("levels", [_percent(level) for level in choice.levels])
    given = st.multiselect(
        "Zeros among the weights, in %",
        OFFERED,
        key=key,
        accept_new_options=True,
        placeholder="Choose, or type a number",
        help="Each method makes one variant of each. The share is of the weights of convolutions and linear layers; "
        "methods that remove channels or save parameters take it of those.",
    )
    good, bad = read_levels(given)
    if bad:
        st.error(plain(bad), icon=":material/info:")
    return good


def read_levels(given: Sequence[str]) -> tuple[tuple[float, ...], str]:
    """Per cent as typed -> fractions, ascending; and what cannot be read, in words."""
    good, bad = set(), []
    for text in given:
        try:
            percent = float(text.strip().removesuffix("%").replace(",", "."))
        except ValueError:
            percent = float("nan")
        if 1 <= percent < 100:
            good.add(round(percent / 100, 6))
        else:
            bad.append(f"'{text}'")
    said = f"{', '.join(bad)} cannot be a sparsity: take numbers from 1 to 99.9, in per cent. For four fifths: 80."
    return tuple(sorted(good)), said if bad else ""


def _percent(level: float) -> str:
    return f"{100 * level:.6g}"


def tuning(options: Options, asked: Sequence[PruningMethod], images: bool) -> Options:
    """Draw what is trained, and how long."""
    trains = any(m.trains for m in asked)
    used = bool(options.epochs or options.recalibrate)
    with st.expander("Training after pruning", icon=":material/school:", expanded=used or trains):
        if not images:
            st.caption("This takes images: choose a dataset.")
        left, right = st.columns(2)
        options = replace(
            options,
            epochs=_whole(
                left, "Epochs of fine-tuning", "epochs", options.epochs, 0, 500, "0: none. Zeros stay zeros."
            ),
            learning_rate=_real(right, "Learning rate", "learning_rate", options.learning_rate),
        )
        if trains:
            words = "Of methods that train, in each of their rounds."
            epochs = _whole(left, "Epochs of training", "train_epochs", options.train_epochs, 1, 500, words)
            options = replace(options, train_epochs=epochs)
        key, first = PAGE.start("distil", options.distil)
        distil = st.checkbox("Learn from the base's answers, too (distillation)", first, key=key)
        recalibrate = _whole(
            st.container(), "Images to recalibrate BatchNorm with", "recalibrate", options.recalibrate, 0, 100_000,
            "0: not. The means and variances inside the network are taken anew once weights are gone; it often "
            "brings back much of the accuracy, in seconds.",
        )  # fmt: skip
        return replace(options, distil=distil, recalibrate=recalibrate)


def choosing(options: Options) -> Options:
    """Draw how weights are chosen: scope, granularity, rounds, samples, seed."""
    changed = any(getattr(options, name) != getattr(Options(), name) for name in PATTERN)
    with st.expander("How weights are chosen", icon=":material/filter_list:", expanded=changed):
        left, right = st.columns(2)
        scope = _one_of(left, "Compared", "scope", SCOPES, options.scope)
        grain = _one_of(right, "What goes", "granularity", GRAINS, options.granularity)
        rounds = _whole(left, "Rounds", "rounds", options.rounds, 1, 100, "Pruning bit by bit, scores anew each round.")
        schedule = _one_of(right, "What goes in each round", "schedule", SCHEDULES, options.schedule)
        samples = _whole(left, "Images for the scores", "samples", options.samples, 1, 100_000)
        seed = _whole(right, "Seed", "seed", options.seed, 0, 2**31 - 1)
    return replace(
        options, scope=scope, granularity=grain, rounds=rounds, schedule=schedule, samples=samples, seed=seed
    )


def _one_of(place, label: str, name: str, words: dict[str, str], value: str) -> str:
    key, first = PAGE.start(name, value if value in words else next(iter(words)))
    return place.selectbox(label, words, list(words).index(first), key=key, format_func=words.__getitem__)


def _whole(place, label: str, name: str, value: int, least: int, most: int, about: str | None = None) -> int:
    key, first = PAGE.start(name, min(max(value, least), most))
    shown = place.number_input(label, least, most, first, 1, key=key, help=about)
    return first if shown is None else int(shown)


def _real(place, label: str, name: str, value: float) -> float:
    key, first = PAGE.start(name, min(max(value, 1e-6), 1.0))
    shown = place.number_input(label, 1e-6, 1.0, first, 0.005, format="%g", key=key)
    return first if shown is None else float(shown)
