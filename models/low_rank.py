"""A layer of small rank: one convolution or linear map as two, with few channels between them."""

from typing import cast

from torch import Tensor, nn


class LowRank(nn.Sequential):
    """`0`: what the layer read -> `rank` channels, without bias; `1`: those -> the layer's outputs, 1 x 1."""


def low_rank(layer: nn.Module, rank: int) -> LowRank:
    """Two maps in the place of a layer (`fits` says which can be had), with weights yet to be given."""
    if isinstance(layer, nn.Linear):
        first = nn.Linear(layer.in_features, rank, bias=False)
        second = nn.Linear(rank, layer.out_features, bias=layer.bias is not None)
    else:
        conv = cast(nn.Conv2d, layer)
        size, stride = cast(tuple[int, int], conv.kernel_size), cast(tuple[int, int], conv.stride)
        padding, dilation = cast(tuple[int, int], conv.padding), cast(tuple[int, int], conv.dilation)
        first = nn.Conv2d(
            conv.in_channels, rank, size, stride, padding, dilation, bias=False, padding_mode=conv.padding_mode
        )
        second = nn.Conv2d(rank, conv.out_channels, 1, bias=conv.bias is not None)
    pair = LowRank(first, second)
    weight = cast(Tensor, layer.weight)
    return pair.to(weight.device, weight.dtype).train(layer.training)


def fits(layer: nn.Module) -> bool:
    """Whether a layer is one matrix over patches or features: no groups, no subclass that computes otherwise."""
    return type(layer) is nn.Linear or (type(layer) is nn.Conv2d and layer.groups == 1)
