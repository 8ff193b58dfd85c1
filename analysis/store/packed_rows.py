"""Rows of a sweep at a byte a number, in Parquet files that ship or travel: how they are written and read.

An angle or a length is one of 255 steps between the least and the most of its member, a margin keeps its sign and is
the finer the nearer it is to zero, a loss is within 3 %; the confidence of a right answer is read from its loss. brier,
max_logit and energy are not kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import numpy as np

Scales = Mapping[str, Sequence[float]]
"""angle_low, angle_step, length_low, length_step, margin_most: a number for each member."""

RIGHT = 255  # in the place of a prediction that is right
MISSING = 255  # in the place of an angle or a length
NO_MARGIN = -128
_STEPS = 254
_LEAST_LOSS, _OCTAVE = 1e-4, 12.0  # codes an octave
_CONFIDENCE = 250.0
_MARGIN = 127.0


def packed(values: Mapping[str, np.ndarray]) -> tuple[dict[str, np.ndarray], Scales]:
    """Columns of one byte a number, and what reads them again.

    values: prediction, correct, confidence, loss, angle, length and margin, (M, C, S) each as `Sweeps.values` gives
    them; at most 255 classes.
    """
    right = values["correct"] == 1
    codes: dict[str, np.ndarray] = {"prediction_code": np.where(right, RIGHT, values["prediction"]).astype(np.uint8)}
    loss = np.clip(np.log2(np.maximum(values["loss"], _LEAST_LOSS) / _LEAST_LOSS) * _OCTAVE, 0, 255)
    codes["loss_code"] = np.round(loss).astype(np.uint8)
    confidence = np.where(right, 0, np.round(values["confidence"] * _CONFIDENCE))
    codes["confidence_code"] = confidence.astype(np.uint8)
    scales: dict[str, list[float]] = {}
    for name in ("angle", "length"):  # a deck has none, features that are all zero have no angle
        low = _each_member(np.nanmin, values[name], 0.0)
        step = (_each_member(np.nanmax, values[name], 1.0) - low) / _STEPS
        step[step == 0] = 1.0
        code = (np.nan_to_num(values[name]) - low[:, None, None]) / step[:, None, None]
        codes[f"{name}_code"] = np.round(np.where(np.isnan(values[name]), MISSING, code)).astype(np.uint8)
        scales |= {f"{name}_low": low.tolist(), f"{name}_step": step.tolist()}
    margin = np.nan_to_num(values["margin"])
    most = np.abs(margin).max(axis=(1, 2))
    most[most == 0] = 1.0
    code = np.sign(margin) * np.maximum(np.round(_MARGIN * np.sqrt(np.abs(margin) / most[:, None, None])), 1)
    codes["margin_code"] = np.where(np.isnan(values["margin"]), NO_MARGIN, code).astype(np.int8)
    return codes, scales | {"margin_most": most.tolist()}


def expressions(scales: Scales) -> str:
    """SQL of the columns of `sweep_result`, over member, condition, sample, truth and the codes."""
    own = {name: _of_member(numbers) for name, numbers in scales.items()}
    loss = f"{_LEAST_LOSS}::DOUBLE * pow(2, loss_code / {_OCTAVE}::DOUBLE)"
    surely = f"exp(-({loss}))"
    margin = f"sign(margin_code) * pow(margin_code / {_MARGIN}::DOUBLE, 2) * {own['margin_most']}"
    read = {
        "prediction": ("SMALLINT", f"CASE WHEN prediction_code = {RIGHT} THEN truth ELSE prediction_code END"),
        "correct": ("BOOLEAN", f"prediction_code = {RIGHT}"),
        "loss": ("FLOAT", loss),
        "confidence": (
            "FLOAT",
            f"CASE WHEN prediction_code = {RIGHT} THEN {surely} ELSE confidence_code / {_CONFIDENCE}::DOUBLE END",
        ),
        "margin": ("FLOAT", f"CASE WHEN margin_code = {NO_MARGIN} THEN NULL ELSE {margin} END"),
    }
    for name in ("angle", "length"):
        number = f"{own[f'{name}_low']} + {own[f'{name}_step']} * {name}_code"
        read[name] = ("FLOAT", f"CASE WHEN {name}_code = {MISSING} THEN NULL ELSE {number} END")
    return ", ".join(
        ["member, condition, sample", *(f"({sql})::{kind} AS {name}" for name, (kind, sql) in read.items())]
    )


def _each_member(reduced: Callable[..., np.ndarray], values: np.ndarray, empty: float) -> np.ndarray:
    """(M, C, S) -> (M,) float64; `empty` where a member has no numbers."""
    some = ~np.isnan(values).all(axis=(1, 2))
    found = np.full(len(values), empty)
    found[some] = reduced(values[some], axis=(1, 2))
    return found


def _of_member(numbers: Sequence[float]) -> str:
    """SQL of the number of a row's member."""
    return f"([{', '.join(repr(float(v)) for v in numbers)}]::DOUBLE[])[member + 1]"
