"""Networks whose random weights stay as they are: what is learnt is a score for each, and so which of them are used.

Shared by edge-popup and multi-prize tickets, which differ in what a used weight is worth. As in the public code of
both, the absolute score counts, each layer keeps the same fraction, and the scores are drawn like PyTorch's weights.
"""

import math
from collections.abc import Callable, Iterator

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from analysis.pruning.layers import prunable, put, weights_of
from analysis.pruning.training import TrainTask

Worth = Callable[[Tensor, Tensor], tuple[Tensor, Tensor]]
"""Weights as drawn (Kaiming normal) and a mask of those used -> what each is worth where it is used, and its change
with the score in the backward pass (straight-through estimate); all of one shape."""

_DECAY = 1e-4  # of the scores
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


class Popup(nn.Module):
    """A parametrisation: the weight of a layer from its frozen weights and the scores, the best of which are used."""

    def __init__(self, weight: Tensor, sparsity: float, worth: Worth) -> None:
        super().__init__()
        self.scores = nn.Parameter(torch.empty_like(weight))
        nn.init.kaiming_uniform_(self.scores, a=math.sqrt(5))
        self.kept = weight.numel() - round(sparsity * weight.numel())
        self.worth = worth

    def mask(self) -> Tensor:
        """Those of the largest |score|: 1, the others 0."""
        flat = self.scores.detach().abs().flatten()
        return torch.zeros_like(flat).scatter_(0, flat.topk(self.kept, sorted=False).indices, 1.0).view_as(self.scores)

    def forward(self, weight: Tensor) -> Tensor:
        mask, size = self.mask(), self.scores.abs()
        value, slope = self.worth(weight, mask)
        return value * mask + slope * (size - size.detach())  # the second is zero, and carries the gradient


def subnetworks(task: TrainTask, worth: Worth, *, learn_norms: bool) -> Iterator[nn.Module]:
    """Learn the scores, and make the used weights the network's own. Every level starts from the same random weights.

    task -> a network for each of its levels, in eval mode: biases 0, BatchNorm without scale and shift unless they
    are learnt, the same fraction of zeros in every layer.
    """
    for number, level in enumerate(task.levels):
        network = _scored(task, level, worth, learn_norms)
        trained = task.trained(network, number=number, weight_decay=_DECAY, average=False)
        yield _baked(trained)


def _scored(task: TrainTask, level: float, worth: Worth, learn_norms: bool) -> nn.Module:
    network = task.fresh().requires_grad_(False)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(task.recipe.seed)
        for module in prunable(network, task.classifier.name).values():
            weight, bias = module.weight, module.bias
            assert isinstance(weight, Tensor)
            nn.init.kaiming_normal_(weight)
            if isinstance(bias, Tensor):
                nn.init.zeros_(bias)
            parametrize.register_parametrization(module, "weight", Popup(weight, level, worth))
    for module in network.modules():
        if learn_norms and isinstance(module, _NORMS):
            module.requires_grad_(True)
    return network


def _baked(network: nn.Module) -> nn.Module:
    """The parametrisation's weights as plain ones, their zeros +0; in place."""
    layers = [m for m in network.modules() if parametrize.is_parametrized(m, "weight")]
    for module in layers:
        parametrize.remove_parametrizations(module, "weight", leave_parametrized=True)
    put(own := prunable(network), {name: weight != 0 for name, weight in weights_of(own).items()})
    return network
