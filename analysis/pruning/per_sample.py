"""Squares of each sample's own gradient, from the one backward pass that serves the whole batch.

A weight's gradient for one sample is what it multiplies there times the gradient of its output, summed over places
(Goodfellow 2015 for linear maps; Rochette et al. 2019 for convolutions). That holds for layers that do nothing else
with their weight and whose inputs have one row a sample. Layers for which it does not are found by comparing the sum
over samples with autograd's gradient, and by the shape of their inputs.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from analysis.pruning.borrowing import hooked
from analysis.pruning.layers import weight_of
from analysis.pruning.patches import flattened, patches

_AT_ONCE = 16_000_000  # numbers held for one layer
_CLOSE = 1e-4

_Use = tuple[Tensor, Tensor]
"""A layer's input and the gradient of its output, in one call."""


class SquaredGradients:
    """Collects while hooked; `squares` are sums over samples, `odd` the layers that must be asked in another way."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self.squares = {name: torch.zeros_like(weight_of(m), dtype=torch.float64) for name, m in layers.items()}
        self.odd: set[str] = set()
        self._layers = layers
        self._samples = 0
        self._calls: Counter[str] = Counter()
        self._uses: dict[str, list[_Use]] = {}
        self._sums: dict[str, Tensor] = {}
        self._own: dict[str, Tensor] = {}

    def hooks(self) -> AbstractContextManager[None]:
        return hooked((module, self._hook(name)) for name, module in self._layers.items())

    def start(self, samples: int) -> None:
        """Before a batch of so many."""
        self._samples = samples
        for kept in (self._calls, self._uses, self._sums, self._own):
            kept.clear()

    def finish(self, gradients: Mapping[str, Tensor]) -> None:
        """After its backward pass, with the sums over the batch that autograd gave."""
        for name in list(self._uses):  # calls whose output nobody read leave others waiting
            self._add(name)
        for name, gradient in gradients.items():
            if name in self.odd:
                continue
            if name not in self._sums:
                self.odd |= {name} if bool(gradient.any()) else set()
                continue
            size = (self._samples * self._own[name].sum()).sqrt()
            if float((self._sums[name] - gradient).norm()) > _CLOSE * float(size):
                self.odd.add(name)
            else:
                self.squares[name] += self._own[name]

    def _hook(self, name: str) -> Callable:
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            if name in self.odd or not output.requires_grad:
                return
            given = inputs[0].detach()
            if len(given) != self._samples or (given.ndim == 3 and given.shape[1] == self._samples):
                self.odd.add(name)  # windows or tokens come first, or may
                return
            self._calls[name] += 1
            output.register_hook(lambda gradient: self._arrived(name, given, gradient))

        return hook

    def _arrived(self, name: str, given: Tensor, gradient: Tensor) -> None:
        uses = self._uses.setdefault(name, [])
        uses.append((given, gradient.detach()))
        if len(uses) == self._calls[name]:
            self._add(name)

    @torch.no_grad()
    def _add(self, name: str) -> None:
        module, uses = self._layers[name], self._uses.pop(name)
        weight = weight_of(module)
        shape = weight.shape
        total, squares = (torch.zeros(shape.numel(), dtype=torch.float64, device=weight.device) for _ in range(2))
        given, gradient = uses[0]
        columns = shape[1:].numel()
        places = max(gradient[0].numel() // shape[0], 1)
        step = max(_AT_ONCE // (columns * places + shape.numel()), 1)
        for start in range(0, len(given), step):
            part = slice(start, start + step)
            own = sum(_gradients(module, x[part], g[part]) for x, g in uses)
            assert isinstance(own, Tensor)
            total += own.sum(0)
            squares += own.square_().sum(0)
        self._sums[name], self._own[name] = total.reshape(shape), squares.reshape(shape)


def _gradients(module: nn.Module, given: Tensor, gradient: Tensor) -> Tensor:
    """Each sample's gradient of the weight, flat: (n, weights)."""
    columns = patches(module, given, gradient)
    return (flattened(module, gradient) @ columns.transpose(2, 3)).flatten(1)
