"""A filter that is gone says nothing: its BatchNorm's shift goes with it, as when the channel is removed."""

from collections.abc import Mapping

import torch
from torch import nn

from analysis.pruning.followers import followers
from analysis.pruning.layers import BATCH_NORMS, weight_of
from models.preprocessing import Preprocessing


def silence(network: nn.Module, layers: Mapping[str, nn.Module], preprocessing: Preprocessing) -> None:
    """Set a layer's bias and the scale and shift of its BatchNorm to zero where a filter has no weight left; in place.

    Else the channel would give its bias, or beta - gamma mean / std, everywhere. A BatchNorm that does not follow a
    layer directly keeps its values; the last layer, whose channels are the classes, is left alone.
    """
    norms = {m.weight.data_ptr(): m for m in network.modules() if isinstance(m, BATCH_NORMS) and m.affine}
    scales = followers(network, layers, preprocessing).scales
    with torch.no_grad():
        for name, layer in list(layers.items())[:-1]:
            gone = ~weight_of(layer).flatten(1).any(1)
            norm = norms.get(scales[name].data_ptr()) if name in scales else None
            if isinstance(layer.bias, torch.Tensor):
                layer.bias[gone] = 0.0
            if norm is not None:
                norm.weight[gone] = 0.0
                norm.bias[gone] = 0.0
