"""What an address asks for that is not there: left out of the choice, and said in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import streamlit as st

from analysis.passes.conditions import CLEAN
from app import resources
from app.boundary import plain
from app.geometry_choice import Choice
from app.geometry_words import tap
from app.widgets.geometry import models_here
from models.errors import CutawayError

SAID = "geometry.said"


def checked(choice: Choice) -> tuple[Choice, list[str]]:
    """Without models, a condition and a view that there are not; and what must be said of that."""
    said = [*choice.strange]
    unknown = [name for name in choice.models if not models_here.exists(name)]
    said += [f"There is no model '{name}' in this workspace, so it is not shown." for name in unknown]
    known = tuple(name for name in choice.models if name not in unknown)
    if wrong := _wrong_condition(choice.condition):
        said.append(f"{wrong} Clean images are shown.")
    condition = CLEAN.name if wrong else choice.condition
    return replace(choice, models=known, condition=condition, strange=()), said


def layer(asked: Choice, shown: Choice) -> list[str]:
    """What must be said where another layer is shown than was asked for."""
    if not asked.tap or not shown.tap or asked.tap == shown.tap:
        return []
    return [f"These models are not measured at a layer '{tap(asked.tap)}'; the {_a_layer(shown.tap)} is shown."]


def tell(choice: Choice, said: Sequence[str]) -> None:
    """Say it, and go on saying it until something else is chosen: the page may be drawn anew before it is read."""
    before, lines = st.session_state.get(SAID, (None, ()))
    lines = [*dict.fromkeys([*(lines if before == choice else ()), *said])]
    st.session_state[SAID] = (choice, tuple(lines))
    if lines:
        st.warning("  \n".join(map(plain, lines)), icon=":material/link_off:")


def _wrong_condition(name: str) -> str:
    """Why images cannot be under it. Whether there is such a corruption is known once the engine has started."""
    from analysis.pipelines.predict import condition_of
    from analysis.pipelines.sweep_conditions import condition_of as parsed

    try:
        (condition_of if resources.engine() is None else parsed)(name)
    except CutawayError as error:
        return str(error)
    return ""


def _a_layer(name: str) -> str:
    said = tap(name)
    return said if said != name or name == "logits" else f"layer {name}"
