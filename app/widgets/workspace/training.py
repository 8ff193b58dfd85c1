"""Training one of the project's recipes from the page."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app import frame, resources
from app.boundary import plain
from app.widgets import predicting

if TYPE_CHECKING:
    from models.recipes.recipe import Recipe


def section() -> None:
    """Follow trainings that run; an expander that starts another."""
    predicting.follow(lambda job: job.kind == "train")
    box = st.expander("Train a model", icon=":material/school:", key="workspace.train.open", on_change="rerun")
    if box.open:
        with box:
            _choose()


def _choose() -> None:
    from models.recipes import RECIPES

    recipes = {r.name: r for r in RECIPES}
    left, right = st.columns([3, 2], gap="large")
    with left:
        name = st.selectbox("Recipe", list(recipes), key="workspace.train.recipe")
        recipe = recipes[name]
        columns = st.columns(3)
        epochs = columns[0].number_input(
            "Epochs", 1, 1000, recipe.settings.epochs, key=f"workspace.train.{name}.epochs"
        )
        seed = columns[1].number_input("Seed", 0, 2**31 - 1, recipe.settings.seed, key=f"workspace.train.{name}.seed")
        called = columns[2].text_input("Name", key=f"workspace.train.{name}.name", max_chars=64, placeholder=name)
        arguments: dict[str, Any] = {"recipe": name, "epochs": epochs, "seed": seed, "name": called.strip() or None}
        missing = False
        if recipe.train is None:
            arguments |= _data(recipe)
            missing = arguments["data"] is None
        title = f"Training {called.strip() or name}"
        if st.button("Train", type="primary", key="workspace.train.do", disabled=missing):
            frame.submit("train", arguments, title)
    with right:
        st.markdown(plain(recipe.summary))
        st.caption(plain(f"Trains on {recipe.train or recipe.data}."))
        if recipe.minutes:
            share = epochs / recipe.settings.epochs
            st.caption(f"About {max(1, round(recipe.minutes * share))} min on two cores; less on a GPU.")


def _data(recipe: Recipe) -> dict[str, Any]:
    """Datasets of the workspace to train and to test on."""
    names = {r.dataset_id: r.name for r in resources.store().datasets() if r.labelled}
    key = f"workspace.train.{recipe.name}"
    data = st.selectbox(
        "Trains on",
        names,
        index=None,
        format_func=names.__getitem__,
        key=f"{key}.data",
        placeholder="A dataset of this workspace",
    )
    tests = st.multiselect("Is tested on", names, format_func=names.__getitem__, key=f"{key}.tests", placeholder="None")
    return {"data": data, "tests": list(tests)}
