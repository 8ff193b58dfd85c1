"""What passes through layers: how large their inputs are, how often their ReLUs are silent."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager

import torch
from torch import Tensor, nn

from analysis.pruning.borrowing import hooked
from analysis.pruning.followers import Followers
from analysis.pruning.layers import weight_of
from analysis.pruning.patches import energies


class InputNorms:
    """Collects, while hooked, the l2 norm over samples and places of what each weight multiplies."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self._layers = layers
        self._sums: dict[str, Tensor] = {}

    def hooks(self) -> AbstractContextManager[None]:
        return hooked((module, self._hook(name)) for name, module in self._layers.items())

    def taken(self) -> dict[str, Tensor]:
        """In the weights' shapes, float32; zeros for layers that were never called."""
        none = {name: torch.zeros_like(weight_of(module)) for name, module in self._layers.items()}
        return none | {name: self._sums[name].sqrt().float() for name in none if name in self._sums}

    def _hook(self, name: str) -> Callable:
        @torch.no_grad()
        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            energy = energies(module, inputs[0].detach(), output)
            self._sums[name] = self._sums[name] + energy if name in self._sums else energy

        return hook


class Zeros:
    """Counts, while `followers` is entered, the zeros that the ReLU after each layer gives."""

    def __init__(self, layers: Mapping[str, nn.Module]) -> None:
        self.followers = Followers(layers, self._saw)
        self._layers = layers
        self._zeros: dict[str, Tensor] = {}
        self._all: dict[str, int] = {}

    def taken(self) -> dict[str, Tensor]:
        """Fractions (O,) float32, of the layers that have such a ReLU."""
        return {name: (self._zeros[name] / self._all[name]).float() for name in self._layers if name in self._zeros}

    def _saw(self, name: str, output: Tensor) -> None:
        channel = output.ndim - 1 if isinstance(self._layers[name], nn.Linear) else 1
        silent = (output == 0).movedim(channel, 0).flatten(1).sum(1).double()
        self._zeros[name] = self._zeros.get(name, torch.zeros_like(silent)) + silent
        self._all[name] = self._all.get(name, 0) + output.numel() // len(silent)
