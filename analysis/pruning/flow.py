"""Pruning in many small rounds by what flows through the network, without any image (SynFlow).

The copy that is asked is linear for inputs without negative values: weights and other parameters are absolute,
biases zero, BatchNorm is the identity (the authors' code takes absolute values of its statistics too, which are then
no statistics of anything). All in float64: in float32 a deep network's flow overflows.
"""

import copy
from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.allocation import masks
from analysis.pruning.granularity import grouping, pattern
from analysis.pruning.layers import prunable, put
from analysis.pruning.schedules import levels
from analysis.registry import Scalar
from analysis.types import Report
from models.classifier import Classifier
from models.preprocessing import Preprocessing
from models.variant import Granularity

_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def scores(
    function: Callable[..., dict[str, Tensor]],
    params: Mapping[str, Scalar],
    network: nn.Module,
    preprocessing: Preprocessing,
    sparsity: float,
    *,
    granularity: Granularity,
    report: Report,
) -> dict[str, Tensor]:
    """Ask, prune a little, ask again: after round k of n, (1 - sparsity)^(k / n) of the weights are left.

    The last round's scores are returned, before its pruning: what went earlier scores zero. Over their maximum, so
    that they fit float32. Patterns (n of m) are chosen at once, from one round.
    """
    rounds = 1 if pattern(granularity) else int(params["rounds"])
    straight, image = linear(network), ones(preprocessing)
    layers = prunable(straight)
    image = image.to(next(straight.parameters()).device)
    groups = grouping(straight, layers, granularity)
    found: dict[str, Tensor] = {}
    for number, level in enumerate(levels(sparsity, rounds)):
        report(number / rounds, f"Round {number + 1} of {rounds}")
        found = _relative(function(straight, list(layers), image, **params))
        if number + 1 < rounds:
            put(layers, masks(found, [level], scope="global", groups=groups)[0])
    return found


def linear(network: nn.Module) -> nn.Module:
    """A copy that adds up absolute weights along every path."""
    with torch.inference_mode(False), torch.no_grad():
        straight = copy.deepcopy(network).eval().double().requires_grad_(False)
        for module in straight.modules():
            if isinstance(module, _NORMS):
                _pass_through(module)
            elif isinstance(bias := getattr(module, "bias", None), Tensor):
                bias.zero_()
        for parameter in straight.parameters():
            parameter.abs_()
    return straight


def ones(preprocessing: Preprocessing) -> Tensor:
    """The image that is asked with: (1, C, H, W) float64."""
    return torch.ones(1, preprocessing.channels, *preprocessing.size, dtype=torch.float64)


def reason_against(classifier: Classifier) -> str | None:
    """Why flow cannot be measured in a network: twice the input must give twice the output, and some."""
    return classifier.remembered(_measured)


def _measured(classifier: Classifier) -> str | None:
    with classifier.exclusive() as network, torch.inference_mode(False), torch.no_grad():
        straight, image = linear(network), ones(classifier.preprocessing)
        image = image.to(next(straight.parameters()).device)
        once, twice = straight(image), straight(2 * image)
    if not bool(torch.isfinite(twice).all()) or not bool(once.any()):
        return "Nothing that can be measured flows through this network: its absolute weights give zero or infinity."
    if not torch.allclose(twice, 2 * once, rtol=1e-6, atol=0):
        return (
            "Flow is measured in networks of convolutions, linear maps, BatchNorm, ReLU and pooling. This one has "
            "other parts (attention, LayerNorm, gates, smooth activations): its output does not double with its input."
        )
    return None


def _pass_through(norm: nn.BatchNorm1d | nn.BatchNorm2d | nn.BatchNorm3d) -> None:
    """Make a BatchNorm the identity; what a subclass does after it stays. One that has no statistics stays one."""
    if norm.running_var is None:
        return
    for name, value in (("weight", 1.0), ("running_var", 1.0), ("bias", 0.0), ("running_mean", 0.0)):
        if isinstance(tensor := getattr(norm, name, None), Tensor):
            tensor.fill_(value)
    norm.eps = 0.0


def _relative(found: dict[str, Tensor]) -> dict[str, Tensor]:
    most = max(float(score.max()) for score in found.values())
    if not 0 < most < float("inf"):
        raise NotApplicable(
            "Nothing flows through this network any more, or too much to be counted; choose a lower sparsity or "
            "another method."
        )
    return {name: score / most for name, score in found.items()}
