"""How numbers of the evaluation table are said and where they stand on its ramp of colours."""

from __future__ import annotations

import numpy as np

from app.evaluation import SHARES, Summary


def said(value: float, score: str, *, brief: bool = False) -> str:
    """A score as people read it; "" for nan. brief: without its unit, in a narrow cell."""
    if not np.isfinite(value):
        return ""
    if score in SHARES:
        number = f"{100 * value:.0f}" if brief else f"{100 * value:.1f}"
        sign = "+" if score == "gap" and float(number) > 0 else ""
        number = number.removeprefix("-") if float(number) == 0 else number
        return (sign + number).replace("-", "−") + ("" if brief else " %")
    return (f"{value:.2g}" if brief else f"{value:.3g}").replace("-", "−")


def summary_said(value: float, summary: Summary, *, brief: bool = False) -> str:
    """A number over all corruptions; "" for nan."""
    if not np.isfinite(value):
        return ""
    text = f"{value:.0f}" if brief else f"{value:.1f}"
    text = text.removeprefix("-") if float(text) == 0 else text
    sign = "+" if summary.points and not summary.worse and float(text) > 0 else ""
    unit = "" if brief else " points" if summary.points else " %"
    return (sign + text).replace("-", "−") + unit


def share(value: float, span: tuple[float, float]) -> float | None:
    """0 to 1 of the ramp; None for nan."""
    return round((value - span[0]) / (span[1] - span[0]), 3) if np.isfinite(value) else None
