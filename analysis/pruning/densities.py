"""How much of each layer stays, where scores are not compared between layers."""

import math
from collections.abc import Mapping, Sequence

from analysis.errors import BadParameter
from models.variant import Scope

HEAD_KEEPS = 0.2
"""Gale et al. 2019 leave this much of the last layer."""

Shapes = Mapping[str, Sequence[int]]


def sparsities(shapes: Shapes, sparsity: float, scope: Scope) -> dict[str, float]:
    """Layer -> its fraction of zeros; all of them make `sparsity` of all weights.

    layer: the same in each. uniform_plus (Gale et al. 2019): the first layer stays whole, the last keeps a fifth or
    more, the others share the rest alike. erk (Evci et al. 2020, "Erdos-Renyi-Kernel"): what stays is proportional to
    the sum of the shape's numbers over their product; what would be above one is one. BadParameter where they cannot.
    """
    if scope == "erk":
        return _erk(shapes, sparsity)
    if scope == "uniform_plus":
        return _uniform_plus(shapes, sparsity)
    return dict.fromkeys(shapes, sparsity)


def _uniform_plus(shapes: Shapes, sparsity: float) -> dict[str, float]:
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    names = list(sizes)
    if len(names) < 3:
        raise BadParameter("uniform_plus treats the first and the last layer apart: it takes three layers or more.")
    first, last = names[0], names[-1]
    fixed = {first: 0.0, last: min(sparsity, 1 - HEAD_KEEPS)}
    zeros = sparsity * sum(sizes.values()) - sum(share * sizes[name] for name, share in fixed.items())
    others = sum(size for name, size in sizes.items() if name not in fixed)
    if zeros > others:
        most = (others + fixed[last] * sizes[last]) / sum(sizes.values())
        raise BadParameter(
            f"uniform_plus keeps the first layer and a fifth of the last: {most:.2%} is the most; got {sparsity:.2%}."
        )
    return {name: fixed.get(name, zeros / others) for name in names}


def _erk(shapes: Shapes, sparsity: float) -> dict[str, float]:
    sizes = {name: math.prod(shape) for name, shape in shapes.items()}
    raw = {name: sum(shape) / math.prod(shape) for name, shape in shapes.items()}
    whole: set[str] = set()
    while True:
        left = (1 - sparsity) * sum(sizes.values()) - sum(sizes[name] for name in whole)
        scale = left / sum(raw[name] * sizes[name] for name in raw if name not in whole)
        above = {name for name in raw if name not in whole and raw[name] * scale > 1}
        if not above:
            return {name: 0.0 if name in whole else 1 - raw[name] * scale for name in raw}
        whole |= above
