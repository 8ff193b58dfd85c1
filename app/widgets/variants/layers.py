"""Layers: what is left of each, which have collapsed, and how large the weights of one are."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, cast, get_args

import streamlit as st

from app import counted, families, resources
from app.boundary import guarded, plain
from app.figures.layer_profile import by_name, collapses, layer_profile, left, matched, ordered, share
from app.figures.variant_colours import colours
from app.variants_choice import PAGE, Choice, Show
from app.widgets.progress import watch
from app.widgets.variants import sources

if TYPE_CHECKING:
    import numpy as np

    from analysis.pipelines.variants import Member
    from models.profiles import Profile

MOST_SAID = 6
"""Collapsed layers of one variant that are named."""


def section(choice: Choice) -> Choice:
    """Draw the profile, the warnings, the numbers, the histogram; the choice that they show."""
    known = families.by_name(sources.known())
    names = [n for n in choice.chosen if n in known] or [choice.base]
    base = known.get(choice.base)
    wanted = [known[n] for n in dict.fromkeys([*names, choice.base]) if n in known]
    if (job := counted.wanted(wanted)) is not None:
        watch(resources.loading(), [job.key], stoppable=False)
    shown = {n: p for n in names if (p := known[n].profile) is not None}
    if not shown:
        st.info("The weights of these models are not counted yet.", icon=":material/info:")
        return choice
    whole = base.profile if base else None
    choice = _profile(shown, whole, choice)
    _warnings(shown, whole)
    _numbers(shown, whole)
    return _weights([known[n] for n in dict.fromkeys([choice.base, *names]) if n in known], shown, whole, choice)


def _profile(shown: Mapping[str, Profile], whole: Profile | None, choice: Choice) -> Choice:
    row = st.container(horizontal=True, vertical_alignment="center")
    row.markdown("#### What is left of each layer", width="stretch")
    key = PAGE.seed("show", choice.show)
    words = {"density": "Share left", "weights": "Weights left", "removed": "Weights gone"}
    show = row.segmented_control(
        "Show", get_args(Show), format_func=words.__getitem__, key=key, required=True, label_visibility="collapsed"
    )
    choice = replace(choice, show=cast("Show", show or "density"))
    figure = layer_profile(shown, whole, colours(choice.chosen, choice.base), show=choice.show, chosen=choice.layer)
    key, _ = PAGE.start("profile", None)
    config = _config("cutaway-layers")
    st.plotly_chart(figure, key=key, on_select=guarded(_clicked), selection_mode="points", config=config)
    return choice


def _config(name: str) -> dict:
    """The figure as a file is all that the bar offers."""
    options = {"format": "png", "filename": name, "scale": 2}
    return {"displaylogo": False, "modeBarButtons": [["toImage"]], "toImageButtonOptions": options}


def _clicked() -> None:
    """A point: its layer's weights are shown below."""
    key, _ = PAGE.start("profile", None)
    points = ((st.session_state.get(key) or {}).get("selection") or {}).get("points") or []
    if points:
        PAGE.keep(replace(PAGE.current(), layer=points[0]["customdata"][0]))
        PAGE.anew("layer", "profile")


def _warnings(shown: Mapping[str, Profile], whole: Profile | None) -> None:
    """Layers that are empty or nearly so, in words."""
    told = []
    for name, profile in shown.items():
        found = collapses(profile, whole)
        if found:
            more = f"; and {len(found) - MOST_SAID} more" if len(found) > MOST_SAID else ""
            told.append(f"- **{plain(name)}**: {plain('; '.join(found[:MOST_SAID]) + more)}.")
    if told:
        st.warning("\n".join(["**Collapsed layers**", *told]), icon=":material/warning:")


def _numbers(shown: Mapping[str, Profile], whole: Profile | None) -> None:
    """A row a variant; and each layer's numbers as a file."""
    import pandas

    layers = by_name(whole)
    emptiest = {
        n: min(matched(p, whole).layers, key=lambda e: share(e, layers), default=None) for n, p in shown.items()
    }
    table = {
        "Model": list(shown),
        "Weights": [p.weights for p in shown.values()],
        "Left": [p.weights - p.zeros for p in shown.values()],
        "Sparsity": [100 * p.sparsity for p in shown.values()],
        "Emptiest layer": [e.name if e else "" for e in emptiest.values()],
        "Left in it": [100 * share(e, layers) if e else None for e in emptiest.values()],
        "Parameters that are not zero": [p.nonzeros for p in shown.values()],
    }
    percent, count = st.column_config.NumberColumn(format="%.2f %%"), st.column_config.NumberColumn(format="localized")
    config = {"Sparsity": percent, "Left in it": percent, "Weights": count, "Left": count}
    config["Parameters that are not zero"] = count
    st.dataframe(pandas.DataFrame(table), hide_index=True, column_config=config)
    st.download_button(
        "All layers (CSV)", layers_csv(shown, whole), "cutaway-layers.csv", "text/csv",
        icon=":material/download:", on_click="ignore",
    )  # fmt: skip


def layers_csv(shown: Mapping[str, Profile], whole: Profile | None) -> str:
    """A row a layer of a model, with plain numbers."""
    import pandas

    layers = by_name(whole)
    rows = [
        {
            "model": name,
            "layer": layer.name,
            "kind": layer.kind,
            "shape": " x ".join(map(str, layer.shape)),
            "weights": layer.weights,
            "left": left(layer),
            "share_of_base": share(layer, layers),
            "macs": layer.macs,
        }
        for name, profile in shown.items()
        for layer in profile.layers
    ]
    return pandas.DataFrame(rows).to_csv(index=False)


def _weights(members: Sequence[Member], shown: Mapping[str, Profile], whole: Profile | None, choice: Choice) -> Choice:
    """The histogram of one layer."""
    from app.figures.weight_histogram import weight_histogram

    st.markdown("#### How large the weights of a layer are")
    layers = ordered([whole, *shown.values()] if whole else list(shown.values()))
    key = PAGE.seed("layer", choice.layer if choice.layer in layers else layers[0], layers)
    layer = st.selectbox("Layer", layers, key=key, width=360, on_change=guarded(PAGE.anew), args=("profile",))
    layer = layer or layers[0]
    found = {m.name: values for m in members if (values := _read(m, layer)) is not None}
    if found:
        figure = weight_histogram(found, colours(choice.chosen, choice.base), base=choice.base)
        st.plotly_chart(figure, key="variants.weights", config=_config(f"cutaway-weights-{layer}"))
        st.caption("Weights that are zero are left out. The axis of counts is logarithmic.")
    lacking = [m.name for m in members if m.name not in found]
    if lacking:
        st.caption(plain(f"No floating-point weights of this layer in {', '.join(lacking)}."))
    return replace(choice, layer=layer)


def _read(member: Member, layer: str) -> np.ndarray | None:
    """A layer's weights from the model's file, and nothing else of it."""
    from models.single_weights import layer_weights

    return layer_weights(member.name, layer, resources.settings().imported_models)
