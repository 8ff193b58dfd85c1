"""Methods that set the remaining weights anew: layer after layer, each fed by those before it as they are by then."""

from collections import Counter
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial

import torch
from torch import Tensor, nn

from analysis.errors import MethodError, NotApplicable
from analysis.pruning.borrowing import borrowed, hooked, projections_called
from analysis.pruning.examples import Examples
from analysis.pruning.layers import weight_of
from analysis.pruning.patches import patches
from analysis.pruning.registry import PruningMethod
from analysis.pruning.scoring import refusal
from analysis.registry import Scalar
from analysis.types import Report
from models.classifier import Classifier
from models.preprocessing import Preprocessing

BATCH = 32
WIDEST = 4608
"""Columns that are treated together: wider layers are cut into runs of equal width, as if their inputs were
uncorrelated across runs (the blocks of WoodFisher, Singh & Alistarh 2020). 512 channels of 3 x 3 fit."""


def rebuilt(
    method: PruningMethod,
    params: Mapping[str, Scalar],
    network: nn.Module,
    layers: Mapping[str, nn.Module],
    classifier: Classifier,
    examples: Examples | None,
    sparsities: Mapping[str, float],
    pattern: tuple[int, int] | None,
    report: Report,
) -> None:
    """Prune the network in place: of each layer the fraction in `sparsities` goes, and the rest is set anew.

    Earlier zeros stay zeros. `pattern` (n, m) keeps n of every m consecutive input channels instead, at every place
    of a kernel by itself, in layers whose input channels are a multiple of m; others stay as they are.
    """
    if method.kind != "rebuild":
        raise MethodError(f"{method.label} sets no weights anew; it is a method of kind '{method.kind}'.")
    if (reason := refusal(method, classifier, examples)) is not None:
        raise NotApplicable(reason)
    assert examples is not None  # for a method that needs data
    bound = method.bound(params)
    with borrowed(network), projections_called(network), torch.no_grad():
        inputs = LayerInputs(network, examples, classifier.preprocessing)
        calls = inputs.calls(layers)
        for number, (name, module) in enumerate(layers.items()):
            report(number / len(layers), f"Layer {number + 1} of {len(layers)}: {name}")
            weight = weight_of(module)
            share = sparsities.get(name, 0.0)
            stays = share <= 0 if pattern is None else bool(weight.shape[1] % pattern[1])
            if stays:
                continue
            if not calls[name]:
                raise NotApplicable(
                    f"{method.label} reads what enters each layer, and layer '{name}' of this network is never used."
                )
            hessians = inputs.hessians(module, calls[name])
            weight.copy_(_set_anew(partial(method.function, **bound), weight, hessians, share, pattern))


def _set_anew(
    function: Callable[..., Tensor],
    weight: Tensor,
    hessians: list[Tensor],
    sparsity: float,
    pattern: tuple[int, int] | None,
) -> Tensor:
    """A layer's weight after the method, group by group and run by run; the zeros add up to one weight exactly."""
    groups = len(hessians[0])
    matrix, zeros, seen = columns(weight, groups), 0, 0
    for group in range(groups):
        start = 0
        for run in hessians:
            part = matrix[group, :, start : start + run.shape[-1]]
            start, seen = start + run.shape[-1], seen + part.numel()
            wanted = round(sparsity * seen) - zeros
            zeros += wanted
            part.copy_(function(part, run[group], wanted / part.numel(), pattern))
    return as_weight(matrix, weight)


def columns(weight: Tensor, groups: int) -> Tensor:
    """A weight (O, I / G, ...) as (G, O / G, K), K running over places of the kernel, then over input channels."""
    return weight.reshape(groups, len(weight) // groups, weight.shape[1], -1).transpose(2, 3).flatten(2).clone()


def as_weight(matrix: Tensor, like: Tensor) -> Tensor:
    """The way back from `columns`."""
    return matrix.unflatten(2, (-1, like.shape[1])).transpose(2, 3).reshape(like.shape).to(like.dtype)


class _Reached(Exception):
    """The layer has been fed; the rest of the network need not run."""


class LayerInputs:
    """What enters a network's layers when the examples do."""

    def __init__(self, network: nn.Module, examples: Examples, preprocessing: Preprocessing) -> None:
        self._network = network
        self._examples = examples
        self._preprocessing = preprocessing

    def calls(self, layers: Mapping[str, nn.Module]) -> Counter[str]:
        """How often each layer runs for one batch."""
        found: Counter[str] = Counter()

        def counting(name: str) -> Callable:
            return lambda *_: found.update([name])

        with hooked((module, counting(name)) for name, module in layers.items()):
            images, _ = next(self._examples.batches(1, self._preprocessing, self._device))
            self._network(images)
        return found

    def hessians(self, module: nn.Module, calls: int) -> list[Tensor]:
        """2 X X^T over all samples and places, float64: for each run of columns (G, k, k)."""
        found: list[Tensor] = []
        done = 0

        def hook(module: nn.Module, inputs: tuple[Tensor, ...], output: Tensor) -> None:
            nonlocal done
            for place, run in enumerate(_columns_of(module, inputs[0], output).split(WIDEST, dim=1)):
                product = 2 * (run @ run.transpose(1, 2)).double()
                found[place : place + 1] = [found[place] + product if place < len(found) else product]
            done += 1
            if done == calls:
                raise _Reached

        with hooked([(module, hook)]):
            for images, _ in self._examples.batches(BATCH, self._preprocessing, self._device):
                done = 0
                with suppress(_Reached):
                    self._network(images)
        return found

    @property
    def _device(self) -> torch.device:
        return next(self._network.parameters()).device


def _columns_of(module: nn.Module, given: Tensor, output: Tensor) -> Tensor:
    """A layer's inputs (G, K, n P), K as in `columns`."""
    found = patches(module, given, output)
    weight = weight_of(module)
    ordered = found.unflatten(2, (weight.shape[1], -1)).transpose(2, 3).flatten(2, 3)
    return ordered.permute(1, 2, 0, 3).flatten(2)
