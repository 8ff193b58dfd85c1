"""One model of the family: how it was made, and what can be done with it."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from analysis.passes.conditions import CLEAN
from app import families, frame, resources, words
from app.boundary import boundary, guarded, plain
from app.exports import safe
from app.variants_choice import PAGE, SHORT, Choice
from app.widgets.variants.settings import GRAINS, SCOPES
from app.widgets.workspace.tables import facts

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member
    from models.variant import VariantRecipe

LARGEST = 200 * 10**6
"""Bytes that a browser is not asked to take."""


def section(choice: Choice, line: Sequence[Member], found: Sequence[Member]) -> Choice:
    """Draw one model; the choice that says which."""
    names = [m.name for m in line]
    usual = next((n for n in (choice.model, *choice.chosen, choice.base) if n in names), names[0])
    key = PAGE.seed("model", usual, names)
    row = st.container(horizontal=True, vertical_alignment="center")
    name = row.selectbox("Model", names, key=key, width=420, label_visibility="collapsed") or usual
    opened = next(m for m in line if m.name == name)
    with row:
        _ways(opened)
        with st.popover("Export", icon=":material/download:"), boundary():
            _export(opened)
        if opened.source == "imported":
            if opened.recipe is None:
                with st.popover("Declare", icon=":material/account_tree:"), boundary():
                    _declare(opened, found)
            with st.popover("Delete", icon=":material/delete:"), boundary():
                _delete(opened, found)
    if opened.damaged:
        st.error(plain(opened.summary), icon=":material/info:")
        return replace(choice, model=name)
    facts(_known(opened))
    return replace(choice, model=name)


def _ways(opened: Member) -> None:
    frame.link("explain", "Explain with it", ":material/visibility:", classifier=opened.name)
    clean = (p for p in resources.store().passes() if p.condition == CLEAN.name)
    passes = [p for p in clean if p.model_id and p.model_id == opened.model_id]
    if passes:
        query = {"dataset": passes[0].dataset_id[:SHORT], "model": passes[0].pass_id[:SHORT]}
        frame.link("samples", "Its samples", ":material/grid_view:", **query)
    prune = guarded(PAGE.change)
    kwargs = {"tab": "build", "base": opened.name, "chosen": (), "model": ""}
    st.button("Prune it on", icon=":material/content_cut:", key="variants.on", on_click=prune, kwargs=kwargs)


def _known(opened: Member) -> dict[str, str]:
    """Its recipe, line by line."""
    rows = {"About": opened.summary, "Architecture": opened.architecture, "Made from": opened.parent}
    recipe = opened.recipe
    if recipe is not None:
        rows |= {
            "Method": _method(recipe),
            "Weights go": _going(recipe),
            "Rounds": ", ".join(f"{level:.1%}" for level in recipe.levels) if len(recipe.levels) > 1 else "",
            "Images": _images(opened),
            "Training": _training(opened),
            "Seed": str(recipe.seed),
        }
    rows |= {"To know": _remarks(opened.name), "Fingerprint": opened.model_id[:16]}
    return rows


def _going(recipe: VariantRecipe) -> str:
    """Which weights were taken together and compared, where the method takes weights at all."""
    from analysis.pruning import PRUNERS

    if recipe.method not in PRUNERS or PRUNERS[recipe.method].amount != "zeros":
        return ""
    return f"{GRAINS[recipe.granularity].lower()}; {SCOPES[recipe.scope].lower()}"


def _remarks(name: str) -> str:
    from models import catalogue

    card = catalogue.card(name, resources.settings().imported_models)
    return " ".join(card.remarks) if card else ""


def _method(recipe: VariantRecipe) -> str:
    from analysis.pruning import PRUNERS

    label = PRUNERS[recipe.method].label if recipe.method in PRUNERS else recipe.method
    return ", ".join([label, *(f"{name.replace('_', ' ')} {value}" for name, value in recipe.params.items())])


def _images(opened: Member) -> str:
    recipe = opened.recipe
    if recipe is None or not recipe.data_name:
        return ""
    read = [words.plural(recipe.samples, "image") + " for scores"] if recipe.samples else []
    read += [words.plural(recipe.recalibrate, "image") + " for BatchNorm"] if recipe.recalibrate else []
    return f"{recipe.data_name}: {', '.join(read)}" if read else recipe.data_name


def _training(opened: Member) -> str:
    tuning = opened.recipe.tuning if opened.recipe else None
    if tuning is None or not tuning.epochs:
        return ""
    taught = ", learning from its base too" if tuning.distil else ""
    epochs = words.plural(tuning.epochs, "epoch")
    return f"{epochs}, learning rate up to {tuning.learning_rate:g}, batches of {tuning.batch}{taught}"


def _export(opened: Member) -> None:
    """A zip with the weights and the card: packed, or as any program reads them."""
    from analysis.pipelines.variant_files import exported

    st.markdown("A zip with the weights (safetensors) and the card (JSON), to import again here or elsewhere.")
    folder, profile = resources.settings().imported_models, opened.profile
    if profile is not None and profile.size_dense > LARGEST:
        st.markdown("It is too large for a browser. On the command line:")
        st.code(f"cutaway export-model {shlex.quote(opened.name)}", language=None)
        return
    for dense, label, room in (
        (False, "Zeros left out", profile.size_sparse if profile else 0),
        (True, "All weights", profile.size_dense if profile else 0),
    ):
        st.download_button(
            label + (f" · {words.size(room)}" if room else ""),
            lambda dense=dense: exported(opened.name, folder, dense=dense),
            f"{safe(opened.name)}{'-dense' if dense else ''}.zip",
            "application/zip",
            icon=":material/download:",
            key=f"variants.export.{dense}",
            on_click="ignore",
            width="stretch",
        )
    st.caption("Any safetensors reader opens 'All weights'; the other packs each tensor with zeros into two.")


def _declare(opened: Member, found: Sequence[Member]) -> None:
    """Say what an imported model was made from."""
    st.markdown("Say which model this one was made from: pruned, fine-tuned or trained again elsewhere.")
    below = {opened.name, *families.dependants(opened.name, found)}
    options = ["", *(m.name for m in found if m.name not in below)]
    first = options.index(opened.parent) if opened.parent in options else 0
    key = f"variants.declare.{opened.name}"
    parent = st.selectbox("A variant of", options, first, key=key, format_func=lambda n: n or "none")
    keep = guarded(_declared)
    st.button("Keep", type="primary", key="variants.declare", on_click=keep, args=(opened.name, parent or ""))


def _declared(name: str, parent: str) -> None:
    from analysis.pipelines.variant_files import declared

    declared(name, parent, resources.settings().imported_models)
    PAGE.change(base=parent or name, model=name)


def _delete(opened: Member, found: Sequence[Member]) -> None:
    below = families.dependants(opened.name, found)
    st.markdown(f"Delete **{plain(opened.name)}** for good: its weights, its card, and what it said of images.")
    if below:
        listed = words.first(below, 6)
        st.warning(
            plain(f"{words.plural(len(below), 'variant was', 'variants were')} made from it and will stay: {listed}. "
                  "They cannot be made again from their recipes without it."),
            icon=":material/account_tree:",
        )  # fmt: skip
    dropped = guarded(_deleted)
    st.button(
        "Delete for good", type="primary", key="variants.delete", on_click=dropped, args=(opened.name, opened.parent)
    )


def _deleted(name: str, parent: str) -> None:
    from models import catalogue

    store, choice = resources.store(), PAGE.current()
    catalogue.remove(name, resources.settings().imported_models)
    for model in store.models():
        if model.name == name:
            store.delete_model(model.model_id)
    resources.loaded().forget(name)
    left = tuple(n for n in choice.chosen if n != name)
    PAGE.change(chosen=left, model="", base=parent if choice.base == name else choice.base)
