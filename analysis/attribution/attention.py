"""Reading attention matrices off a transformer while it runs.

timm's attention modules compute the matrix only where `fused_attn` is off; it then passes through
`attn_drop`. torch.nn.MultiheadAttention returns it only where it is asked to.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import Tensor, nn

from models.classifier import Classifier, Tap


def attention_modules(network: nn.Module) -> list[nn.Module]:
    """The modules whose matrices can be read, in the order of definition."""
    return [m for m in network.modules() if isinstance(m, nn.MultiheadAttention) or _timm_style(m)]


def _timm_style(module: nn.Module) -> bool:
    return isinstance(getattr(module, "fused_attn", None), bool) and isinstance(
        getattr(module, "attn_drop", None), nn.Module
    )


@contextmanager
def recording(network: nn.Module) -> Iterator[list[Tensor]]:
    """A list that fills, layer by layer, with the (N, heads, T, T) of a forward pass made inside the block."""
    found: list[Tensor] = []
    modules = attention_modules(network)
    fused = [(m, m.fused_attn) for m in modules if not isinstance(m, nn.MultiheadAttention)]
    handles = []
    try:
        for module in modules:
            if isinstance(module, nn.MultiheadAttention):
                handles.append(module.register_forward_pre_hook(_ask_for_weights, with_kwargs=True))
                handles.append(module.register_forward_hook(lambda _m, _i, output: found.append(output[1].detach())))
            else:
                vars(module)["fused_attn"] = False
                drop = module.get_submodule("attn_drop")
                handles.append(drop.register_forward_hook(lambda _m, _i, output: found.append(output.detach())))
        yield found
    finally:
        for handle in handles:
            handle.remove()
        for module, was in fused:
            vars(module)["fused_attn"] = was


def _ask_for_weights(_module: nn.Module, args: Any, kwargs: dict[str, Any]) -> tuple[Any, dict[str, Any]]:
    return args, {**kwargs, "need_weights": True, "average_attn_weights": False}


def readable_attention(classifier: Classifier, tap: Tap | None) -> str | None:
    """Why attention cannot be followed from the tokens of the last layer to places in the image."""
    return classifier.remembered(_unreadable)


def _unreadable(classifier: Classifier) -> str | None:
    with classifier.exclusive() as network, torch.no_grad():
        modules = attention_modules(network)
        if not modules:
            return "This network has no attention whose matrix can be read."
        some = next(network.parameters())
        shape = (1, classifier.preprocessing.channels, *classifier.preprocessing.size)
        with recording(network) as found:
            network(torch.zeros(shape, device=some.device, dtype=some.dtype))
    shapes = {tuple(each.shape) for each in found}
    lengths = {s[-1] for s in shapes}
    if len(found) < len(modules) or len(lengths) != 1:
        return "Attention cannot be followed through the layers: their matrices differ in size or cannot be read."
    (length,) = lengths
    if any(len(s) != 4 or s[0] != 1 or s[2] != length for s in shapes):
        return "Attention cannot be followed through the layers: it acts within windows or groups of tokens."
    if not any(t.prefix + t.grid[0] * t.grid[1] == length for t in classifier.taps.values() if t.layout == "tokens"):
        return f"Attention is between {length} tokens, which are not the places of any layer's map."
    return None
