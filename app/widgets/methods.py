"""Choosing attribution methods: grouped by what they read, the slow ones marked, those that cannot serve said why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.types import Ask
from app.boundary import plain
from app.session import PAGE, Choice
from app.widgets.knobs import knobs

if TYPE_CHECKING:
    from analysis.attribution.registry import AttributionMethod, AttributionRegistry
    from models.classifier import Classifier

_FIRST = (
    "gradcam",
    "layercam",
    "finercam",
    "eigencam",
    "guided_gradcam",
    "smoothgrad",
    "input_x_gradient",
    "gradcam++",
)
"""Quick, and they look for different things: a new page takes the first six that can serve."""

GROUPS = {
    "A layer's activations and gradients": ("gradients", "head", "noisy", "curvature", "joint", "guided"),
    "A layer's activations alone": ("activations", "attention"),
    "Masks over the image": ("masks", "ablation"),
    "The image's own gradient": ("input",),
}


def methods(choice: Choice, asked: Sequence[Classifier]) -> tuple[tuple[Ask, ...], bool]:
    """The methods to run, with the parameters that differ from their defaults; whether a new page has the same."""
    from analysis.attribution import METHODS

    given = {ask.method: dict(ask.params) for ask in choice.methods}
    against = {m.name: why for m in METHODS if (why := reason_against_all(m, asked))}
    usual = [n for n in _FIRST if n in METHODS and n not in against][:6]
    wanted = [n for n in given if n in METHODS and n not in against] or usual
    with st.popover("Choose methods", width="stretch", icon=":material/grid_view:"):
        st.caption(":material/hourglass_top: needs many passes and runs in the background.")
        chosen = [name for title in GROUPS for name in _group(title, wanted, METHODS, against)]
        _refused(METHODS, against)
    ordered = [n for n in dict.fromkeys([*wanted, *chosen]) if n in chosen]
    st.caption(plain(", ".join(METHODS[n].label for n in ordered)) or "No method is chosen.")
    params = _parameters(ordered, METHODS, given)
    return tuple(Ask(n, params[n]) for n in ordered), ordered == usual and not any(params.values())


def reason_against_all(method: AttributionMethod, asked: Sequence[Classifier]) -> str:
    """Why none of the classifiers can be served, at their default layers; empty where one can."""
    from analysis.attribution.runner import reason_against

    reasons = [reason_against(method, c, c.taps.get(c.default_tap or "")) for c in asked]
    return reasons[0] or "" if reasons and all(reasons) else ""


def _group(title: str, wanted: Sequence[str], registry: AttributionRegistry, against: Mapping[str, str]) -> list[str]:
    names = [m.name for m in registry if m.kind in GROUPS[title] and m.name not in against]
    if not names:
        return []

    def label(name: str) -> str:
        return plain(registry[name].label) + (" :material/hourglass_top:" if registry[name].slow else "")

    key, first = PAGE.start(".".join(["group", *names]), [n for n in wanted if n in names])
    return list(st.pills(title, names, default=first, key=key, selection_mode="multi", format_func=label))


def _refused(registry: AttributionRegistry, against: Mapping[str, str]) -> None:
    if against:
        st.markdown("**Not for this network**")
        st.caption("  \n".join(f"**{plain(registry[n].label)}**: {plain(why)}" for n, why in against.items()))


def _parameters(names: Sequence[str], registry: AttributionRegistry, given: Mapping[str, Mapping]) -> dict[str, tuple]:
    turnable = [registry[n] for n in names if registry[n].parameters]
    params: dict[str, tuple] = dict.fromkeys(names, ())
    if turnable:
        with st.expander("Parameters", icon=":material/tune:"):
            for method in turnable:
                st.markdown(f"**{plain(method.label)}**")
                params[method.name] = knobs(method, given.get(method.name, {}), "knob")
    return params
