"""A network while it is measured: in evaluation mode, only what is asked for differentiable, then as it came."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager

import torch
from torch import Tensor, nn


@contextmanager
def borrowed(network: nn.Module, weights: Iterable[Tensor] = ()) -> Iterator[None]:
    """Evaluation mode; of all parameters, gradients for these weights alone. Flags are as before afterwards."""
    training = {module: module.training for module in network.modules()}
    wanted = {id(weight) for weight in weights}
    flags = [(parameter, parameter.requires_grad) for parameter in network.parameters()]
    network.eval()
    try:
        with torch.inference_mode(False):
            for parameter, _ in flags:
                parameter.requires_grad_(id(parameter) in wanted)
            yield
    finally:
        for module, flag in training.items():
            module.training = flag
        for parameter, flag in flags:
            parameter.requires_grad_(flag)


@contextmanager
def hooked(modules: Iterable[tuple[nn.Module, Callable]]) -> Iterator[None]:
    """Forward hooks, gone afterwards."""
    handles = [module.register_forward_hook(hook) for module, hook in modules]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def projections_called(network: nn.Module) -> Iterator[None]:
    """Let torch's attention call its output map: it reads the map's weights past the map, where no hook sees them."""
    attentions = [m for m in network.modules() if isinstance(m, nn.MultiheadAttention)]
    real = [attention.out_proj for attention in attentions]
    with hooked((a, _projecting(out)) for a, out in zip(attentions, real, strict=True)):
        try:
            for attention, out in zip(attentions, real, strict=True):
                attention.out_proj = _identity(out)  # type: ignore[assignment]
            yield
        finally:
            for attention, out in zip(attentions, real, strict=True):
                attention.out_proj = out


def _projecting(out: nn.Module) -> Callable:
    def hook(_module: nn.Module, _inputs: object, output: tuple[Tensor, Tensor | None]) -> tuple:
        return out(output[0]), *output[1:]

    return hook


def _identity(out: nn.Linear) -> nn.Linear:
    """A map of the same width that changes nothing; with a bias, which torch's fast path insists on."""
    same = nn.Linear(out.in_features, out.in_features, device=out.weight.device, dtype=out.weight.dtype)
    nn.init.eye_(same.weight)
    nn.init.zeros_(same.bias)
    return same.requires_grad_(False)
