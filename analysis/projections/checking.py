"""What is looked at before a method is called, and after: rows that can be used, what N allows, what came back."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from analysis.embeddings import Placing
from analysis.errors import NotApplicable
from analysis.projections.filling import filled
from analysis.projections.limits import FEWEST, bound, needs_met, seen
from analysis.projections.prepared import blocks, evenly
from analysis.projections.registry import PROJECTIONS, Given, Placer, Projected, Projection

LARGEST = 1e15
UNUSABLE = "not finite, or too large to compare"


@dataclass(frozen=True, slots=True, eq=False)
class Usable:
    """Which of N samples can be laid."""

    rows: np.ndarray  # (N,) bool: all their features are finite, and of a size that can be compared
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Laid:
    """N samples laid out, those among them without usable features at NaN."""

    points: np.ndarray  # (N, dims) float32
    fitted: int  # that the method itself has laid; the rest were placed
    placing: Placing
    axes: tuple[str, ...]
    placer: Placer | None
    fitted_rows: np.ndarray  # (fitted,) int64, ascending
    remarks: tuple[str, ...]


def usable(features: np.ndarray) -> Usable:
    """Which rows can be compared. (N, D) -> Usable; NotApplicable where there is no picture in them."""
    if features.ndim != 2 or 0 in features.shape:
        shape = " x ".join(str(n) for n in features.shape)
        raise NotApplicable(f"A projection takes a table of samples and their features; got one of {shape}.")
    rows = np.concatenate([_comparable(block) for _, block in blocks(features)])
    count, lost = int(rows.sum()), int((~rows).sum())
    beside = f" ({lost:,} more have features that are {UNUSABLE})" if lost else ""
    if count < FEWEST:
        raise NotApplicable(
            f"A picture takes at least {FEWEST} samples, and there are {count}{beside}. Add samples to the dataset."
        )
    if not _differ(features, rows):
        raise NotApplicable(
            f"All {count:,} samples have the same features at this tap, so that there is nothing to lay out{beside}. "
            "Choose another tap."
        )
    said = f"{lost:,} of {len(rows):,} samples are not drawn: their features are {UNUSABLE}."
    return Usable(rows, (said,) * bool(lost))


def _comparable(block: np.ndarray) -> np.ndarray:
    """Rows of numbers whose squares single precision still holds. NaN is none."""
    return np.abs(block).max(axis=1) <= LARGEST


def _differ(features: np.ndarray, rows: np.ndarray) -> bool:
    first = np.asarray(features[int(rows.argmax())])
    return any((block[rows[place]] != first).any() for place, block in blocks(features))


def project(name: str, features: np.ndarray, given: Given, params: Mapping[str, Any] | None = None) -> Projected:
    """Samples laid out by one method, all features being finite. (N, D) -> Projected"""
    method = _method(name, "alone")
    _finite(usable(features))
    return _called(method, [features], given, params)[0]


def project_jointly(
    name: str, features: Sequence[np.ndarray], given: Given, params: Mapping[str, Any] | None = None
) -> list[Projected]:
    """Several sets of features of the same samples laid out together. [(N, D), (N, D') ...] -> one Projected each"""
    method = _method(name, "joint")
    _same_samples(features)
    for one in features:
        _finite(usable(one))
    return _called(method, list(features), given, params)


def laid_out(
    name: str, features: np.ndarray, given: Given, params: Mapping[str, Any] | None = None, most: int | None = None
) -> Laid:
    """The whole: rows that cannot be used left out, of more than `most` a part laid and the rest placed.

    features (N, D), given.labels (N,) -> Laid
    """
    return _laid(_method(name, "alone"), [features], given, params, most)[0]


def laid_out_jointly(
    name: str,
    features: Sequence[np.ndarray],
    given: Given,
    params: Mapping[str, Any] | None = None,
    most: int | None = None,
) -> list[Laid]:
    """The same by a joint method, of the samples that can be used in every set.

    features [(N, D), (N, D') ...] -> one Laid each
    """
    _same_samples(features)
    return _laid(_method(name, "joint"), list(features), given, params, most)


def _method(name: str, kind: str) -> Projection:
    method = PROJECTIONS[name]
    if method.kind != kind:
        one, several = "lays out one set of features", "lays out several sets of features together"
        raise NotApplicable(
            f"{method.label} {one if method.kind == 'alone' else several}; here is "
            f"{'one' if kind == 'alone' else 'more than one'}."
        )
    return method


def _called(
    method: Projection, features: list[np.ndarray], given: Given, params: Mapping[str, Any] | None
) -> list[Projected]:
    """The method on finite features, its result looked at."""
    samples = len(features[0])
    values, remarks = bound(method, samples, params)
    needs_met(method, given, samples)
    if method.kind == "alone":
        found = [method.function(features[0], given, **values)]
    else:
        found = method.function(features, given, **values)
    given.report(1.0, "laid out")
    return [replace(p, points=seen(p.points, method), remarks=(*remarks, *p.remarks)) for p in found]


def _laid(
    method: Projection, features: list[np.ndarray], given: Given, params: Mapping[str, Any] | None, most: int | None
) -> list[Laid]:
    looked = [usable(one) for one in features]
    rows = np.flatnonzero(np.logical_and.reduce([u.rows for u in looked]))
    if len(rows) < FEWEST:
        raise NotApplicable(
            f"A picture takes at least {FEWEST} samples that can be used in every set; there are {len(rows)}."
        )
    drawn = rows[evenly(len(rows), method.most if most is None else most, given.seed)]
    told = given.report if len(drawn) == len(rows) else (lambda done, words: given.report(0.9 * done, words))
    part = replace(given, report=told, labels=None if given.labels is None else np.asarray(given.labels)[drawn])
    found = _called(method, [_rows(one, drawn) for one in features], part, params)
    values = bound(method, len(drawn), params)[0]
    return [
        _whole(p, one, rows, drawn, given, str(values.get("metric", "euclidean")), u.remarks)
        for p, one, u in zip(found, features, looked, strict=True)
    ]


def _whole(
    projected: Projected,
    features: np.ndarray,
    rows: np.ndarray,
    drawn: np.ndarray,
    given: Given,
    metric: str,
    remarks: tuple[str, ...],
) -> Laid:
    """One picture of all samples: those that were laid, and the rest placed among them."""
    points = np.full((len(features), projected.points.shape[1]), np.nan, np.float32)
    points[drawn] = projected.points
    there = np.isfinite(projected.points).all(axis=1)
    if lost := int((~there).sum()):
        remarks = (*remarks, f"{lost:,} samples have no neighbour under this metric: they are not drawn.")
    fitted, rest = drawn[there], np.setdiff1d(rows, drawn, assume_unique=True)
    if len(rest):
        given.report(0.9, f"placing {len(rest):,} samples")
        points[rest] = filled(features, rest, fitted, points[fitted], projected.placer, given, metric)
        how = "by the same map" if projected.placer else "between their nearest neighbours"
        remarks = (*remarks, f"{len(fitted):,} samples, drawn evenly, were laid out; {len(rest):,} were placed {how}.")
    return Laid(
        points=points,
        fitted=len(fitted),
        placing="transform" if projected.placer else "neighbours",
        axes=projected.axes,
        placer=projected.placer,
        fitted_rows=fitted.astype(np.int64),
        remarks=(*remarks, *projected.remarks),
    )


def _rows(features: np.ndarray, rows: np.ndarray) -> np.ndarray:
    """These rows; all of them without a copy, which may not fit into memory."""
    return features if len(rows) == len(features) else np.asarray(features[rows])


def _finite(found: Usable) -> None:
    if lost := int((~found.rows).sum()):
        raise NotApplicable(
            f"{lost:,} of {len(found.rows):,} samples have features that are {UNUSABLE}: leave them out."
        )


def _same_samples(features: Sequence[np.ndarray]) -> None:
    if len({len(one) for one in features}) != 1:
        sizes = ", ".join(f"{len(one):,}" for one in features) or "none"
        raise NotApplicable(f"Features laid out together are of the same samples; their numbers are {sizes}.")
