"""Layer after layer: what enters each, the exact number of zeros, groups, patterns, and a better network in the end."""

import copy
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import MethodError, NotApplicable
from analysis.pruning import PRUNERS, rebuilding
from analysis.pruning.allocation import masks
from analysis.pruning.layers import prunable, put, sparsity, weights_of
from analysis.pruning.rebuilding import LayerInputs, as_weight, columns, rebuilt
from analysis.types import silent
from tests.analysis.pruning.specimens import INPUT, assert_same_state, small, some_examples, state_of, wrapped

EXAMPLES = some_examples(40)


def pruned(share: float = 0.5, pattern: tuple[int, int] | None = None, **params: float) -> nn.Module:
    network = small()
    layers = prunable(network)
    shares = dict.fromkeys(layers, share)
    rebuilt(PRUNERS["obs"], params, network, layers, wrapped(small()), EXAMPLES, shares, pattern, silent)
    return network


def test_a_weight_goes_to_columns_and_back() -> None:
    for module in prunable(small()).values():
        groups = getattr(module, "groups", 1)
        weight = module.weight.detach()  # type: ignore[union-attr]
        assert torch.equal(as_weight(columns(weight, groups), weight), weight)


@pytest.mark.parametrize("widest", [4608, 5])
def test_hessians_are_of_what_each_layers_columns_meet(monkeypatch: pytest.MonkeyPatch, widest: int) -> None:
    """Columns times inputs are the layer's outputs; so a row's squared outputs are w H w^T / 2."""
    monkeypatch.setattr(rebuilding, "WIDEST", widest)
    network = small()
    layers = prunable(network)
    inputs = LayerInputs(network, EXAMPLES, INPUT)
    outputs: dict[str, Tensor] = {}
    images, _ = next(EXAMPLES.batches(40, INPUT))
    handles = [
        module.register_forward_hook(lambda _m, _i, o, name=name: outputs.update({name: o.clone()}))
        for name, module in layers.items()
    ]
    with torch.no_grad():
        network(images)
        for handle in handles:
            handle.remove()
        for name, module in layers.items():
            found = inputs.hessians(module, 1)
            groups = getattr(module, "groups", 1)
            matrix = columns(module.weight.double(), groups)  # type: ignore[operator]
            assert sum(h.shape[-1] for h in found) == matrix.shape[2]
            if len(found) > 1:
                continue
            squares = (matrix @ found[0] * matrix).sum(2).reshape(-1) / 2
            plain = outputs[name].double()
            if module.bias is not None:
                plain = plain - module.bias.double().reshape(-1, *[1] * (plain.ndim - 2))  # type: ignore[union-attr]
            expected = plain.movedim(1, 0).flatten(1).square().sum(1)
            np.testing.assert_allclose(squares, expected, rtol=1e-4)


@pytest.mark.parametrize("share", [0.1, 0.5, 0.83])
def test_the_share_is_reached_in_each_layer(share: float) -> None:
    network = pruned(share)
    for weight in weights_of(prunable(network)).values():
        assert int((weight == 0).sum()) == round(share * weight.numel())
        assert not torch.signbit(weight[weight == 0]).any()


def test_wide_layers_are_cut_into_runs_and_still_reach_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rebuilding, "WIDEST", 10)
    network = pruned(0.6)
    for weight in weights_of(prunable(network)).values():
        assert int((weight == 0).sum()) == round(0.6 * weight.numel())


def test_patterns_run_along_the_input_channels() -> None:
    network, whole = pruned(0.5, (2, 4)), small()
    found = weights_of(prunable(network))
    for name in ("conv2", "conv3", "fc1"):  # 4 a group, 12, 16 inputs
        blocks = (found[name] != 0).movedim(1, -1).unflatten(-1, (-1, 4)).sum(-1)
        assert torch.equal(blocks, torch.full_like(blocks, 2)), name
    for name in ("conv1", "fc2"):  # 3 and 10 inputs
        assert torch.equal(found[name], prunable(whole)[name].weight)


def test_it_computes_what_the_base_does_more_nearly_than_zeroing() -> None:
    network, base = pruned(0.5), small()
    zeroed = copy.deepcopy(base)
    layers = prunable(zeroed)
    (kept,) = masks({n: w.abs() for n, w in weights_of(layers).items()}, [0.5], scope="layer")
    put(layers, kept)
    assert sparsity(weights_of(layers)) == pytest.approx(sparsity(weights_of(prunable(network))), abs=0.01)
    images, _ = next(EXAMPLES.batches(40, INPUT))
    with torch.no_grad():
        wanted = base(images)
        assert F.mse_loss(network(images), wanted) < 0.5 * F.mse_loss(zeroed(images), wanted)


def test_later_layers_are_fed_by_the_pruned_ones() -> None:
    """The second layer's inputs are those that the pruned first gives: here none."""
    network = small()
    layers = prunable(network)
    seen: list[Tensor] = []

    def watching(weight: Tensor, hessian: Tensor, share: float, pattern: object, **_: float) -> Tensor:
        seen.append(hessian.clone())
        return torch.zeros_like(weight)

    method = replace(PRUNERS["obs"], function=watching)
    shares = dict.fromkeys(layers, 0.5)
    rebuilt(method, {}, network, layers, wrapped(small()), EXAMPLES, shares, None, silent)
    alone = small()
    with torch.no_grad():
        alone.conv1.weight.zero_()
    expected = LayerInputs(alone.requires_grad_(False), EXAMPLES, INPUT).hessians(alone.conv2, 1)[0]
    torch.testing.assert_close(seen[1], expected[0])


class Again(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.same = nn.Conv2d(3, 3, 3, padding=1)
        self.head = nn.Linear(192, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(F.relu(self.same(F.relu(self.same(x)))).flatten(1))


class Unused(Again):
    def __init__(self) -> None:
        super().__init__()
        self.spare = nn.Linear(5, 5)


def run(make: Callable[[], nn.Module]) -> nn.Module:
    torch.manual_seed(0)
    network = make().eval()
    layers = prunable(network)
    shares = dict.fromkeys(layers, 0.5)
    rebuilt(PRUNERS["obs"], {}, network, layers, wrapped(network), EXAMPLES, shares, None, silent)
    return network


def test_a_layer_that_is_used_twice_sees_both() -> None:
    network = run(Again)
    torch.manual_seed(0)
    base = Again().eval()
    calls: list[Tensor] = []
    base.same.register_forward_pre_hook(lambda _m, inputs: calls.append(inputs[0]))
    images, _ = next(EXAMPLES.batches(40, INPUT))
    with torch.no_grad():
        base(images)
        found = LayerInputs(base, EXAMPLES, INPUT).hessians(base.same, 2)[0][0]
    unfolded = [F.unfold(c, 3, padding=1).movedim(1, 2).flatten(0, 1).double() for c in calls[:2]]
    own = 2 * sum(u.T @ u for u in unfolded)
    assert isinstance(own, Tensor)
    order = torch.arange(27).reshape(3, 9).T.reshape(-1)  # places first, then channels
    torch.testing.assert_close(found, own[order][:, order], rtol=1e-4, atol=1e-3)
    assert sparsity(weights_of(prunable(network))) == pytest.approx(0.5, abs=0.01)


def test_a_layer_that_is_never_used_is_named() -> None:
    with pytest.raises(NotApplicable, match="'spare' of this network is never used"):
        run(Unused)


def test_flags_and_hooks_are_as_before() -> None:
    network = small().train()
    network.conv2.weight.requires_grad_(False)
    before = state_of(network)
    layers = prunable(network)
    shares = dict.fromkeys(layers, 0.0)
    rebuilt(PRUNERS["obs"], {}, network, layers, wrapped(small()), EXAMPLES, shares, None, silent)
    assert_same_state(before, state_of(network))


def test_what_cannot_be_asked() -> None:
    network = small()
    layers = prunable(network)
    given = (network, layers, wrapped(network))
    with pytest.raises(NotApplicable, match="reads images, and none were given"):
        rebuilt(PRUNERS["obs"], {}, *given, None, dict.fromkeys(layers, 0.5), None, silent)
    with pytest.raises(MethodError, match="sets no weights anew"):
        rebuilt(PRUNERS["snip"], {}, *given, EXAMPLES, dict.fromkeys(layers, 0.5), None, silent)
