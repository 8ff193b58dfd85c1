"""What a method is given and gives back: parameters that so many samples allow, what it needs, and places for all."""

from collections.abc import Mapping
from typing import Any

import numpy as np

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.registry import Given, Projection
from analysis.registry import Scalar

FEWEST = 4  # samples that make a picture


def bound(
    method: Projection, samples: int, params: Mapping[str, Any] | None
) -> tuple[dict[str, Scalar], tuple[str, ...]]:
    """All parameters, fit for so many samples, and what was changed.

    A default that is too large for so few samples is lowered; what was asked on purpose is refused.
    """
    values, remarks = method.bound(params), []
    limits = {"n_neighbors": samples - 1, "perplexity": (samples - 1) // 3}
    for parameter in method.parameters:
        asked, limit = values[parameter.name], limits.get(parameter.name)
        if limit is None or float(asked) <= limit:
            continue
        if asked != parameter.default:
            raise BadParameter(
                f"{method.name}: '{parameter.name}' is {asked:g}, and {samples:,} samples allow at most {limit}. "
                "Ask for less, or for more samples."
            )
        values[parameter.name] = parameter.type(limit)
        remarks.append(f"'{parameter.name}' is {limit}, not {asked:g}: {samples:,} samples allow no more.")
    return values, tuple(remarks)


def needs_met(method: Projection, given: Given, samples: int) -> None:
    if "labels" in method.needs and (given.labels is None or not (np.asarray(given.labels) >= 0).any()):
        raise NotApplicable(
            f"{method.label} needs the classes of the samples, and none of them has one. Use PCA or UMAP."
        )
    if given.labels is not None and len(given.labels) != samples:
        raise BadParameter(f"{method.name}: there are {samples:,} samples and {len(given.labels):,} labels.")
    if "head" in method.needs and given.weight is None:
        raise NotApplicable(
            f"{method.label} needs a model whose last layer is linear, and the features that it reads (tap "
            "'penultimate'). Use PCA or UMAP."
        )


def seen(points: np.ndarray, method: Projection) -> np.ndarray:
    """As float32; rows that the method could not lay are NaN throughout."""
    points = np.ascontiguousarray(points, dtype=np.float32)
    lost = ~np.isfinite(points).all(axis=1)
    if len(points) - lost.sum() < FEWEST:
        raise NotApplicable(
            f"{method.label} found no place for {int(lost.sum()):,} of {len(points):,} samples with these parameters. "
            "Try another metric, more neighbours, or PCA."
        )
    if lost.any():
        points[lost] = np.nan
    return points
