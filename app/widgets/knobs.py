"""Controls for a method's parameters, made from its signature."""

from collections.abc import Callable, Mapping
from typing import Any

import streamlit as st

from analysis.errors import BadParameter
from analysis.registry import Method, Parameter, Scalar
from app import session
from app.boundary import plain

Start = Callable[[str, Any], tuple[str, Any]]
"""A name and a value to the key and the default of a widget: a page's own, see `session.PAGE.start`."""


def knobs(
    method: Method, given: Mapping[str, Any], key: str, start: Start = session.PAGE.start, columns: int = 1
) -> tuple[tuple[str, Scalar], ...]:
    """One control per parameter, seeded with what is given; the parameters that differ from their defaults."""
    values = {}
    places = st.columns(columns) if columns > 1 else [st.container()]
    for place, p in enumerate(method.parameters):
        try:
            first = p.checked(given.get(p.name, p.default), method.label)
        except BadParameter as error:  # from an address that somebody wrote by hand
            st.caption(plain(str(error)))
            first = p.default
        with places[place % columns]:
            values[p.name] = _knob(p, *start(f"{key}.{method.name}.{p.name}", first))
    return tuple((p.name, values[p.name]) for p in method.parameters if values[p.name] != p.default)


def _knob(parameter: Parameter, key: str, first: Any) -> Scalar:
    label = parameter.name.replace("_", " ").capitalize()
    if parameter.type is bool:
        return st.checkbox(label, bool(first), key=key)
    if parameter.choices:
        return st.selectbox(label, parameter.choices, parameter.choices.index(first), key=key)
    if parameter.type is str:
        return st.text_input(label, str(first), key=key)
    low, high = (parameter.range.low, parameter.range.high) if parameter.range else (None, None)
    if parameter.type is int:
        whole = [None if end is None else int(end) for end in (low, high)]
        shown: Scalar | None = st.number_input(label, whole[0], whole[1], int(first), 1, key=key)
    else:
        real = [None if end is None else float(end) for end in (low, high)]
        shown = st.number_input(label, real[0], real[1], float(first), format="%g", key=key)
    return parameter.default if shown is None else parameter.type(shown)
