"""Choosing what to explain: target, layers, options. Each is seeded from the choice and returns its part."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

import streamlit as st

from analysis.types import Fusion
from app.session import PAGE, Choice

if TYPE_CHECKING:
    from models.classifier import Classifier

PREDICTED, CLASSES, CONTRAST = "Predicted", "Classes", "A rather than B"
FUSIONS = {"none": "Keep them apart", "mean": "Mean", "max": "Maximum", "product": "Product"}


def class_options(asked: Sequence[Classifier]) -> dict[str, str]:
    """How a class is written in a request -> its name; by number where the name is not unique."""
    options: dict[str, str] = {}
    for classifier in asked:
        for index, name in enumerate(classifier.class_names):
            if name in options and len(asked) == 1:
                options[str(index)] = f"{name} ({index})"
            else:
                options[name] = name
    return options


def targets(choice: Choice, asked: Sequence[Classifier]) -> tuple[str, ...]:
    """The scores to explain."""
    options = class_options(asked)
    pair = next((t.split(":", 1) for t in choice.targets if ":" in t), None)
    single = [t for t in choice.targets if t in options]
    mode = CONTRAST if pair else CLASSES if single else PREDICTED
    modes = [PREDICTED, CLASSES, CONTRAST]
    chosen = st.segmented_control("Evidence for", modes, key=PAGE.seed("mode", mode), required=True, width="stretch")
    if chosen == CLASSES:
        key = PAGE.seed("classes", single)
        label = "Classes to explain"
        return tuple(st.multiselect(label, options, key=key, format_func=options.__getitem__, placeholder=label))
    if chosen == CONTRAST:
        return _contrast(options, pair or [])
    return ()


def _contrast(options: dict[str, str], pair: Sequence[str]) -> tuple[str, ...]:
    words = {"predicted": "the predicted class"} | options
    first = pair[0] if pair and pair[0] in words else "predicted"
    second = pair[1] if len(pair) > 1 and pair[1] in options else None
    a = st.selectbox("A", words, key=PAGE.seed("a", first), format_func=words.__getitem__)
    key = PAGE.seed("b", second)
    b = st.selectbox(
        "rather than B", options, key=key, format_func=options.__getitem__, index=None, placeholder="Choose a class"
    )
    if a is None or b is None or a == b:
        st.caption("Choose two different classes.")
        return ()
    return (f"{a}:{b}",)


def taps(choice: Choice, asked: Sequence[Classifier]) -> tuple[tuple[str, ...], Fusion]:
    """Where to read, and how the maps of several layers become one."""
    from models.stages import stages

    options = {"auto": "Default layer"}
    for classifier in asked:
        if len(asked) == 1 and classifier.default_tap:
            options["auto"] = f"Default: {_tap(classifier, classifier.default_tap)}"
        first = [tap.name for tap in stages(classifier.taps, classifier.default_tap)]
        every = [*first, *(name for name, tap in classifier.taps.items() if tap.spatial)]
        options |= {name: _tap(classifier, name) for name in every}
    wanted = [t for t in choice.taps if t in options] or ["auto"]
    key = PAGE.seed("taps", wanted)
    chosen = tuple(st.multiselect("Layers", options, key=key, format_func=options.__getitem__, placeholder="Default"))
    fusion: Fusion = "none"
    if len(chosen) > 1:
        key = PAGE.seed("fusion", choice.fusion)
        fusion = cast(
            "Fusion", st.selectbox("Maps of several layers", FUSIONS, key=key, format_func=FUSIONS.__getitem__)
        )
    return (() if chosen == ("auto",) else chosen), fusion


def _tap(classifier: Classifier, name: str) -> str:
    rows, columns = classifier.taps[name].grid
    return f"{name} · {rows} × {columns}"


def smoothing(choice: Choice) -> tuple[bool, bool]:
    """Average over augmented copies; first principal component."""
    key, first = PAGE.start("augment", choice.augment)
    augment = st.checkbox(
        "Average over mirrored and rescaled copies",
        first,
        key=key,
        help="Augmentation smoothing: steadier maps, six times the passes.",
    )
    key, first = PAGE.start("eigen", choice.eigen_smooth)
    eigen = st.checkbox(
        "First principal component",
        first,
        key=key,
        help="Eigen smoothing: the main direction of the weighted channels instead of their sum.",
    )
    return augment, eigen
