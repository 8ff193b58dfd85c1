"""Scores of whole outputs of a layer: as the registry wants them, and where a layer has none."""

from collections.abc import Mapping

from torch import Tensor


def expanded(values: Tensor, weight: Tensor) -> Tensor:
    """A value (O,) for each output -> the weight's shape (O, ...)."""
    return values.reshape(-1, *[1] * (weight.ndim - 1)).expand(weight.shape)


def filter_norms(weight: Tensor, order: float) -> Tensor:
    """The l-`order` norm of each output's weights: (O, ...) -> (O,) float64."""
    return weight.double().flatten(1).norm(p=order, dim=1)


def over_mean(values: Tensor) -> Tensor:
    """Over their mean, so that layers of different sizes can be compared; zeros stay zeros."""
    mean = values.mean()
    return values / mean if mean > 0 else values


def completed(weights: Mapping[str, Tensor], values: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Scores of all layers from values (O,) of some: the others go last, their smallest filters first.

    Convolutions that nothing can be said of, and the head, whose channels are the classes.
    """
    most = max((float(found.max()) for found in values.values()), default=1.0) or 1.0
    scores = {}
    for name, weight in weights.items():
        if name in values:
            scores[name] = expanded(values[name], weight)
        else:
            norms = filter_norms(weight, 2)
            scores[name] = expanded(most * (2 + norms / max(float(norms.max()), 1e-30)), weight).float()
    return scores
