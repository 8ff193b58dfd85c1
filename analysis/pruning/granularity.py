"""What goes together: single weights, kernels, channels, attention heads, or n of every m.

A grouping numbers the groups of the whole network. A group's score is the mean of its weights' scores: what it is
worth for each weight that it costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from analysis.errors import BadParameter, NotApplicable
from analysis.pruning.layers import weight_of
from models.variant import Granularity


@dataclass(frozen=True, slots=True, eq=False)
class Grouping:
    """Weights that stay or go together. Layers without groups are left out, and stay as they are."""

    numbers: Mapping[str, Tensor]  # layer -> the number of each weight's group: the weight's shape, int64, from 0
    sizes: Tensor  # (G,) int64, weights of each group
    owners: Tensor  # (G,) int64, the place among `numbers` of the first layer that has it
    total: int  # weights that a sparsity is a fraction of

    def pooled(self, scores: Mapping[str, Tensor]) -> Tensor:
        """Scores (G,) float32 of the groups: the means of their weights'."""
        total = torch.zeros(len(self.sizes), dtype=torch.float64)
        for name, numbers in self.numbers.items():
            total.index_add_(0, numbers.reshape(-1), scores[name].double().reshape(-1))
        return (total / self.sizes).float()

    def masks(self, stays: Tensor) -> dict[str, Tensor]:
        """Of each layer's weights, from (G,) bool of the groups."""
        return {name: stays[numbers] for name, numbers in self.numbers.items()}


def grouping(network: nn.Module, layers: Mapping[str, nn.Module], granularity: Granularity) -> Grouping | None:
    """The groups of a granularity; None where every weight is its own, as for n:m patterns.

    Channels of the last layer are its classes, and stay. NotApplicable for heads in a network whose attention is not
    of separate `qkv` and `proj` maps, as timm writes it.
    """
    if granularity == "head":
        return _grouping(_heads(network, layers))
    axes = {"channel": 1, "kernel": 2}.get(granularity)
    if axes is None:
        return None
    numbers, start = {}, 0
    for name, module in list(layers.items())[: -1 if granularity == "channel" else None]:
        numbers[name] = _numbered(weight_of(module).shape, axes, start)
        start += weight_of(module).shape[:axes].numel()
    if not numbers:
        raise NotApplicable("This network has one layer, and its channels are the classes: none of them can go.")
    return _grouping(numbers, sum(weight_of(m).numel() for m in layers.values()))


def _grouping(numbers: Mapping[str, Tensor], total: int | None = None) -> Grouping:
    """total None: only of the weights that are in groups."""
    count = 1 + max(int(n.max()) for n in numbers.values())
    sizes, owners = torch.zeros(count, dtype=torch.int64), torch.full((count,), len(numbers))
    for place, each in enumerate(numbers.values()):
        flat = each.reshape(-1)
        sizes += torch.bincount(flat, minlength=count)
        owners[flat.unique()] = owners[flat.unique()].clamp_max(place)
    return Grouping(numbers, sizes, owners, int(sizes.sum()) if total is None else total)


def pattern(granularity: Granularity) -> tuple[int, int] | None:
    """(n, m) where n of every m weights stay; None for the others."""
    n, colon, m = granularity.partition(":")
    return (int(n), int(m)) if colon else None


def pattern_masks(scores: Mapping[str, Tensor], n: int, m: int) -> dict[str, Tensor]:
    """The n best of every m consecutive inputs of an output stay (Mishra et al. 2021); bool, the scores' shapes.

    Convolutions are cut along their input channels, at every place of the kernel by itself. Layers whose inputs
    are no multiple of m stay as they are, and are left out.
    """
    found = {}
    for name, score in scores.items():
        if score.shape[1] % m:
            continue
        blocks = score.movedim(1, -1).unflatten(-1, (-1, m))
        best = blocks.argsort(dim=-1, descending=True, stable=True)[..., :n]
        mask = torch.zeros_like(blocks, dtype=torch.bool).scatter_(-1, best, True)
        found[name] = mask.flatten(-2).movedim(-1, 1).contiguous()
    return found


def check(sparsity: float, granularity: Granularity) -> None:
    """BadParameter where a pattern decides the sparsity and another is asked for."""
    if (found := pattern(granularity)) is not None:
        n, m = found
        if abs(sparsity - (1 - n / m)) > 1e-6:
            raise BadParameter(
                f"{granularity} keeps {n} of every {m} weights, so its sparsity is {1 - n / m:.0%}; got {sparsity:.0%}."
            )


def _numbered(shape: torch.Size, axes: int, start: int) -> Tensor:
    """Each place of the first axes is a group."""
    own = torch.arange(start, start + shape[:axes].numel())
    return own.reshape(*shape[:axes], *[1] * (len(shape) - axes)).expand(shape)


def _heads(network: nn.Module, layers: Mapping[str, nn.Module]) -> dict[str, Tensor]:
    """Queries, keys and values of a head: rows of `qkv`; and the columns of `proj` that read them."""
    found: dict[str, Tensor] = {}
    start = 0
    for name, module in network.named_modules():
        qkv, proj, heads = f"{name}.qkv", f"{name}.proj", getattr(module, "num_heads", None)
        if qkv not in layers or proj not in layers or not isinstance(heads, int):
            continue
        rows, inputs = weight_of(layers[qkv]).shape
        outputs, width = weight_of(layers[proj]).shape
        row = torch.arange(rows) % (rows // 3) // (rows // 3 // heads)
        column = torch.arange(width) // (width // heads)
        found[qkv] = (start + row)[:, None].expand(rows, inputs)
        found[proj] = (start + column)[None, :].expand(outputs, width)
        start += heads
    if not found:
        raise NotApplicable(
            "This network has no attention heads that can be pruned: that takes blocks with `qkv` and `proj` maps and "
            "a number of heads, as timm's vision transformers have."
        )
    return found
