"""Counting what a network is made of: zeros exactly, multiply-accumulates in one forward pass of one image."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from typing import Any

import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models import codebooks
from models.classifier import Classifier
from models.profiles import LayerProfile, Profile
from models.quantised import Int8Layer
from models.sparse_files import stored_bytes

LAYERS = (nn.Conv1d, nn.Conv2d, nn.Conv3d, nn.Linear, Int8Layer)


def profile(classifier: Classifier, structure: Mapping[str, Any] | None = None) -> Profile:
    """Count a classifier's weights: layers in the order of execution, zeros exactly, one forward pass of one image.

    Multiply-accumulates of a layer are its outputs times what each sums over; those of the whole network are as
    `facts` says, so they also have the matrix products of attention, which are no layer's. Sizes are those of a file
    with all that the network keeps, its running means too, without the file's header of a few kilobytes.
    structure: the card's, which says of some weights that the file keeps them as places in a table.
    """
    with classifier.exclusive() as module:
        weights = {name: (type(layer).__name__, weight) for name, layer, weight in _weights(module)}
        shape = (1, classifier.preprocessing.channels, *classifier.preprocessing.size)
        macs, total = _run(module, {name: weight for name, (_, weight) in weights.items()}, shape)
        order = [*(n for n in macs if n in weights), *(n for n in weights if n not in macs)]
        layers = [_layer(name, *weights[name], macs.get(name, 0)) for name in order]
        everything = [*parameters(module)]
        state = module.state_dict()
        kept = codebooks.packed((structure or {}).get("codebooks", {}), state)
        return Profile(
            parameters=sum(t.numel() for t in everything),
            nonzeros=sum(_nonzeros(t) for t in everything),
            weights=sum(layer.weights for layer in layers),
            zeros=sum(layer.zeros for layer in layers),
            macs=total,
            size_dense=sum(t.numel() * t.element_size() for t in state.values()),
            size_sparse=sum(stored_bytes(t.detach()) for t in kept.values()),
            layers=tuple(layers),
        )


def _layer(name: str, kind: str, weight: Tensor, macs: int) -> LayerProfile:
    return LayerProfile(name, kind, tuple(weight.shape), weight.numel(), weight.numel() - _nonzeros(weight), macs)


def _weights(network: nn.Module) -> Iterator[tuple[str, nn.Module, Tensor]]:
    """Layers with weights, each weight once: those that can be pruned, and those in whole numbers."""
    seen: set[int] = set()
    for name, module in network.named_modules():
        if isinstance(module, LAYERS):
            weight = module.codes if isinstance(module, Int8Layer) else module.weight
            if id(weight) not in seen:
                seen.add(id(weight))
                yield name, module, weight.detach()


def parameters(network: nn.Module) -> Iterator[Tensor]:
    """All of them; layers in whole numbers keep theirs as buffers."""
    yield from network.parameters()
    for module in network.modules():
        if isinstance(module, Int8Layer):
            yield module.codes
            if module.bias is not None:
                yield module.bias


def _nonzeros(tensor: Tensor) -> int:
    return int(torch.count_nonzero(tensor.detach()))


def _run(network: nn.Module, weights: Mapping[str, Tensor], shape: tuple[int, ...]) -> tuple[dict[str, int], int]:
    """Multiply-accumulates by layer in the order of their first use, and of all as torch's counter sees them."""
    macs: dict[str, int] = {}
    known = next((t for t in network.parameters()), torch.zeros(()))
    image = torch.zeros(shape, device=known.device, dtype=known.dtype)
    counter = FlopCounterMode(display=False)
    with ExitStack() as stack:
        for name, module in network.named_modules():
            if name in weights:
                stack.callback(module.register_forward_hook(_taken(macs, name, weights[name][0].numel())).remove)
            elif isinstance(module, nn.MultiheadAttention):  # its last map is used without being called
                inner = f"{name}.out_proj".lstrip(".")
                stack.callback(module.register_forward_hook(_taken(macs, inner, module.embed_dim)).remove)
        # with a gradient: else torch's attention takes a path that is not counted, and whole numbers are not either
        stack.enter_context(torch.enable_grad())
        stack.enter_context(counter)
        network(image.requires_grad_())
    return macs, counter.get_total_flops() // 2


def _taken(macs: dict[str, int], name: str, each: int) -> Callable[..., None]:
    """A hook that counts a layer's outputs, `each` of which sums over so many products."""

    def hook(module: nn.Module, inputs: Any, output: Any) -> None:
        made = output[0] if isinstance(output, tuple) else output
        macs[name] = macs.get(name, 0) + made.numel() * each

    return hook
