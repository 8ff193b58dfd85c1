"""Angles between features and the weights of chosen classes.

The geometry that a linear head decides by: its logit is |f| |w| cos(angle) + bias (as in Li et al., "Understanding
Robustness Lottery", 2024, whose angle this is for the true class).
"""

import difflib

import numpy as np

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.prepared import blocks
from analysis.projections.registry import PROJECTIONS, Given, Placer, Projected


@PROJECTIONS.register(
    "alone",
    "class_directions",
    label="Class directions",
    paper="Li et al. 2024, Understanding Robustness Lottery, IEEE TVCG (angle to a class weight)",
    reads="Each axis is the angle between a sample's features and what the head looks for in one class: the smaller, "
    "the more it looks like that class; 90° is no relation.",
    fails="Only the chosen classes are seen, and neither length nor the head's bias is: a sample may be predicted as "
    "another class than the one it is nearest to here.",
    differs="Without a choice, the axes are the classes that most samples point to.",
    needs=("head",),
    seeded=False,
    quick=True,
    most=10_000_000,
)
def class_directions(features: np.ndarray, given: Given, *, x: str = "", y: str = "", z: str = "") -> Projected:
    """See samples between the classes that the head tells apart.

    features (N, D), given.weight (L, D) -> points (N, dims), degrees from 0 to 180. x, y, z: a class's name or number.
    """
    weight = np.asarray(given.weight, dtype=np.float64)
    _refuse(features, weight, given.dims)
    asked = [_index(text, axis, weight, given.head_classes) for axis, text in zip("xyz", (x, y, z), strict=True)]
    chosen = _filled(asked[: given.dims], features, weight)
    placer = Placer("angles", np.zeros(weight.shape[1]), weight[chosen].T)
    points, without = angles(features, placer)
    remark = f"{without:,} samples have features of length zero, which point nowhere: they are put at 90°."
    axes = tuple(f"angle to {_name(i, given.head_classes)} (degrees)" for i in chosen)
    return Projected(points, axes, placer, (remark,) * bool(without))


def angles(features: np.ndarray, placer: Placer) -> tuple[np.ndarray, int]:
    """Degrees between f - mean and each column. (N, D) -> (N, dims) float32, and how many have no length (90°)"""
    points, without = np.empty((len(features), placer.matrix.shape[1]), np.float32), 0
    columns = placer.matrix / _length(placer.matrix, axis=0)
    for rows, block in blocks(features):
        moved = block - placer.mean
        lengths = np.linalg.norm(moved, axis=1, keepdims=True)
        cosines = moved @ columns / np.where(lengths > 0, lengths, 1)
        points[rows] = np.degrees(np.arccos(cosines.clip(-1, 1)))
        without += int((lengths == 0).sum())
    return points, without


def _length(vectors: np.ndarray, axis: int) -> np.ndarray:
    """Lengths that may be divided by: 1 for a vector of zeros."""
    lengths = np.linalg.norm(vectors, axis=axis, keepdims=True)
    return np.where(lengths > 0, lengths, 1)


def _refuse(features: np.ndarray, weight: np.ndarray, dims: int) -> None:
    if weight.ndim != 2 or features.shape[1] != weight.shape[1]:
        raise NotApplicable(
            f"The head reads {weight.shape[-1]:,} numbers a sample, and the features have {features.shape[1]:,}: class "
            "directions are for the features that the head itself reads (tap 'penultimate')."
        )
    if len(weight) < dims:
        raise NotApplicable(f"{dims} axes take {dims} classes, and the head has {len(weight)}. Use fewer dimensions.")


def _index(text: str, axis: str, weight: np.ndarray, names: tuple[str, ...]) -> int | None:
    """The class that is meant by a name or a number; None where nothing is."""
    text = text.strip()
    if not text:
        return None
    lowered = {name.lower(): i for i, name in reversed([*enumerate(names)])}
    if text.lower() in lowered:
        return lowered[text.lower()]
    if text.isdecimal() and int(text) < len(weight):
        return int(text)
    near = difflib.get_close_matches(text, names, n=5, cutoff=0.4) or list(names[:8])
    listed = f" Near it are: {', '.join(near)}." if near else ""
    raise BadParameter(
        f"class_directions: '{axis}' takes one of the head's {len(weight):,} classes, by name or by a number from 0 to "
        f"{len(weight) - 1}, got '{text}'.{listed}"
    )


def _filled(asked: list[int | None], features: np.ndarray, weight: np.ndarray) -> list[int]:
    """What was asked, and for the rest the classes that most samples point to."""
    given = [i for i in asked if i is not None]
    if len(set(given)) < len(given):
        raise BadParameter("class_directions: each axis takes another class; one is named twice.")
    if len(given) == len(asked):
        return given
    columns = (weight / _length(weight, axis=1)).T
    counts = sum(np.bincount((b @ columns).argmax(axis=1), minlength=len(weight)) for _, b in blocks(features))
    others = iter([int(i) for i in np.argsort(-np.asarray(counts), kind="stable") if i not in given])
    return [next(others) if i is None else i for i in asked]


def _name(index: int, names: tuple[str, ...]) -> str:
    return names[index] if index < len(names) else f"class {index}"
