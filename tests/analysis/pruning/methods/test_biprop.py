"""Multi-prize tickets: binary weights and the number that scales them."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from analysis.pruning.layers import sparsity
from analysis.pruning.methods.biprop import binary, biprop
from analysis.pruning.untrained import Popup
from tests.analysis.pruning.tasks import positive_zeros, same, task, weights


def test_the_scale_by_hand() -> None:
    """Diffenderfer & Kailkhura 2021, algorithm 1: a = |M * W|_1 / |M|_1."""
    weight = torch.tensor([[0.5, -1.0, 3.0], [-2.0, 0.25, -0.5]])
    mask = torch.tensor([[1.0, 0.0, 1.0], [1.0, 1.0, 0.0]])
    value, slope = binary(weight, mask)
    scale = (0.5 + 3.0 + 2.0 + 0.25) / 4
    assert torch.equal(value * mask, torch.tensor([[scale, 0.0, scale], [-scale, scale, 0.0]]))
    assert torch.equal(slope, weight)


def test_the_gradient_of_the_scores_goes_through_the_real_weight() -> None:
    torch.manual_seed(0)
    made = nn.Linear(6, 4, bias=False).double().requires_grad_(False)
    weight = made.weight.detach().clone()
    own = Popup(made.weight, 0.75, binary)
    parametrize.register_parametrization(made, "weight", own)
    x, y = torch.randn(5, 6, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    F.mse_loss(made(x), y).backward()
    used = own.scores.abs() >= own.scores.abs().flatten().sort(descending=True).values[5]
    effective = torch.where(used, weight.sign() * weight[used].abs().mean(), torch.zeros_like(weight))
    assert torch.equal(made.weight.detach(), effective)
    effective.requires_grad_(True)
    (outer,) = torch.autograd.grad(F.mse_loss(x @ effective.T, y), effective)
    assert own.scores.grad is not None
    torch.testing.assert_close(own.scores.grad, outer * weight * own.scores.detach().sign())


def test_sparsity_is_the_fraction_of_zeros_and_one_bit_says_the_rest() -> None:
    (found,) = biprop(task(0.8, epochs=3, learning_rate=0.5, scope="layer"))
    assert sparsity(weights(found)) == pytest.approx(0.8, abs=1e-3)
    for weight in weights(found).values():
        low, zero, high = weight.unique().tolist()
        assert zero == 0.0
        assert low == -high
        assert int((weight == 0).sum()) == round(0.8 * weight.numel())
    assert positive_zeros(found)


def test_the_first_levels_do_not_depend_on_the_later_ones() -> None:
    first, _ = biprop(task(0.5, 0.8))
    assert same(first, next(biprop(task(0.5))))
    assert not same(first, next(biprop(task(0.5, seed=1))))
