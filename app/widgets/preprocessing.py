"""Preprocessing by hand, for a file whose own says nothing."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

import streamlit as st

if TYPE_CHECKING:
    from models.preprocessing import Preprocessing


def preprocessing(architecture: str) -> Preprocessing | None:
    """Draw the controls; None leaves it to the architecture."""
    if not st.checkbox("Set by hand; else as is usual for the architecture", key="add.by-hand"):
        return None
    from models.preprocessing import CIFAR, IMAGENET, Interpolation, Preprocessing

    usual = CIFAR if architecture.endswith("_cifar") else IMAGENET
    key = f"add.{architecture}"
    columns = st.columns(3)
    rows = columns[0].number_input("Rows", 8, 1024, usual.size[0], key=f"{key}.rows")
    across = columns[1].number_input("Columns", 8, 1024, usual.size[1], key=f"{key}.columns")
    help_text = "The shorter side before the centre is cut out; 0 squeezes the whole picture in."
    resize = columns[2].number_input("Resize", 0, 1536, usual.resize or 0, key=f"{key}.resize", help=help_text)
    kinds: list[Interpolation] = list(get_args(Interpolation))
    interpolation = st.selectbox(
        "Interpolation", kinds, index=kinds.index(usual.interpolation), key=f"{key}.interpolation"
    )
    mean = _triple("Mean of red, green, blue", usual.mean, f"{key}.mean")
    std = _triple("Standard deviation", usual.std, f"{key}.std")
    return Preprocessing((rows, across), resize or None, interpolation, mean, std)


def _triple(label: str, usual: tuple[float, ...], key: str) -> tuple[float, ...]:
    st.caption(label)
    columns = st.columns(len(usual))
    names = ("red", "green", "blue")
    return tuple(
        column.number_input(
            f"{label}, {name}", 0.0, 255.0, value, 0.001, "%.4f", key=f"{key}.{name}", label_visibility="collapsed"
        )
        for column, name, value in zip(columns, names, usual, strict=False)
    )
