"""What each weight of a convolution or linear map multiplies, for any stride, padding, dilation and groups.

Columns of a weight are ordered as its axes are: input channel of the group, then place in the kernel.
"""

from collections.abc import Iterator
from itertools import product

import torch
from torch import Tensor, nn
from torch.nn import functional as F

Convolution = nn.Conv1d | nn.Conv2d | nn.Conv3d
CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)


def patches(module: nn.Module, given: Tensor, output: Tensor) -> Tensor:
    """Inputs as columns: a layer's input (n, I, ...) and output -> (n, G, K, P): groups, columns, places.

    Linear maps read the last axis, so that theirs are (n, 1, I, P). P runs over the output's places in their order.
    """
    if isinstance(module, nn.Linear):
        return given.reshape(len(given), 1, -1, given.shape[-1]).transpose(2, 3)
    assert isinstance(module, CONVOLUTIONS)
    stacked = torch.stack(list(_shifted(module, given, output)), dim=2)  # (n, I, kernel places, *output places)
    return stacked.reshape(len(given), module.groups, -1, output[0, 0].numel())


def flattened(module: nn.Module, output: Tensor) -> Tensor:
    """Outputs, or their gradients, beside their patches: (n, O, ...) -> (n, G, O / G, P)."""
    if isinstance(module, nn.Linear):
        return output.reshape(len(output), 1, -1, output.shape[-1]).transpose(2, 3)
    assert isinstance(module, CONVOLUTIONS)
    return output.reshape(len(output), module.groups, -1, output[0, 0].numel())


def energies(module: nn.Module, given: Tensor, output: Tensor) -> Tensor:
    """The sum of squares of what each weight multiplies, over samples and places: of the weight's shape, float64."""
    if isinstance(module, nn.Linear):
        return given.reshape(-1, given.shape[-1]).double().square().sum(0).expand(module.weight.shape)
    assert isinstance(module, CONVOLUTIONS)
    squares = given.double().square().sum(0, keepdim=True)
    sums = [part.flatten(2).sum(2)[0] for part in _shifted(module, squares, output)]
    columns = torch.stack(sums, dim=1).reshape(module.groups, *module.weight.shape[1:])
    return columns.repeat_interleave(len(module.weight) // module.groups, dim=0)


def _shifted(module: Convolution, given: Tensor, output: Tensor) -> Iterator[Tensor]:
    """For each place in the kernel, the inputs that it meets: (n, I, *output places)."""
    padded = _padded(module, given, output.shape[2:])
    for offsets in product(*(range(size) for size in module.kernel_size)):
        spans = zip(offsets, module.dilation, module.stride, output.shape[2:], strict=True)
        yield padded[(..., *(slice(o * d, o * d + (count - 1) * s + 1, s) for o, d, s, count in spans))]


def _padded(module: Convolution, given: Tensor, places: torch.Size) -> Tensor:
    """As the layer pads; what is still lacking goes to both ends, as layers pad that choose it by the input's size."""
    mode = "constant" if module.padding_mode == "zeros" else module.padding_mode
    sides = [amount for both in reversed(_sides(module)) for amount in both]  # the last axis comes first
    padded = F.pad(given, sides, mode=mode) if any(sides) else given
    lacking: list[int] = []
    needs = zip(padded.shape[2:], places, module.kernel_size, module.stride, module.dilation, strict=True)
    for have, count, size, stride, dilation in needs:
        more = max((count - 1) * stride + (size - 1) * dilation + 1 - have, 0)
        lacking = [more // 2, more - more // 2, *lacking]
    return F.pad(padded, lacking) if any(lacking) else padded


def _sides(module: Convolution) -> list[tuple[int, int]]:
    """What is added before and after each axis."""
    if module.padding == "same":
        whole = [d * (size - 1) for d, size in zip(module.dilation, module.kernel_size, strict=True)]
        return [(more // 2, more - more // 2) for more in whole]
    if module.padding == "valid":
        return [(0, 0)] * len(module.kernel_size)
    return [(int(amount), int(amount)) for amount in module.padding]
