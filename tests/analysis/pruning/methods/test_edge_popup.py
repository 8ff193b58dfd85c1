"""Edge-popup: scores are learnt, weights are not."""

import copy
import math

import pytest
import torch
from torch import nn
from torch.nn import functional as F
from torch.nn.utils import parametrize

from analysis.pruning.layers import sparsity
from analysis.pruning.methods.edge_popup import edge_popup, signed_constant
from analysis.pruning.untrained import Popup
from tests.analysis.pruning.tasks import Stopped, base, positive_zeros, same, stop_after, task, weights, zeros


def layer(worth=signed_constant, sparsity: float = 0.5) -> nn.Linear:  # type: ignore[no-untyped-def]
    torch.manual_seed(0)
    made = nn.Linear(6, 4, bias=False).double().requires_grad_(False)
    parametrize.register_parametrization(made, "weight", Popup(made.weight, sparsity, worth))
    return made


def popup(made: nn.Linear) -> tuple[Popup, torch.Tensor]:
    parts = made.parametrizations["weight"]
    return parts[0], parts.original  # type: ignore[return-value, index]


def test_the_forward_pass_by_hand() -> None:
    """12 of 24 weights, those of the largest |score|, each sign(w) sqrt(2 / (0.5 x 6))."""
    made = layer()
    scores, weight = popup(made)[0].scores.detach(), popup(made)[1]
    used = scores.abs() >= scores.abs().flatten().sort(descending=True).values[11]
    assert int(used.sum()) == 12
    expected = torch.where(used, weight.sign() * math.sqrt(2 / 3), torch.zeros_like(weight))
    torch.testing.assert_close(made.weight.detach(), expected, rtol=0, atol=1e-15)


def test_the_gradient_of_the_scores_by_hand() -> None:
    """Ramanujan et al. 2020, eq. 5: dL/ds_uv = dL/dI_v w_uv Z_u, used or not; times the sign of s for |s|."""
    made = layer()
    x, y = torch.randn(5, 6, dtype=torch.float64), torch.randn(5, 4, dtype=torch.float64)
    F.mse_loss(made(x), y).backward()
    scores, weight = popup(made)[0].scores, popup(made)[1]
    effective = made.weight.detach().requires_grad_(True)
    outputs = x @ effective.T
    (inner,) = torch.autograd.grad(F.mse_loss(outputs, y), outputs)
    constant = weight.sign() * math.sqrt(2 / 3)
    expected = torch.einsum("nv,nu->vu", inner, x) * constant * scores.detach().sign()
    assert scores.grad is not None
    torch.testing.assert_close(scores.grad, expected)
    assert weight.grad is None


def test_the_network_is_one_of_unlearnt_weights() -> None:
    (found,) = edge_popup(task(0.5, epochs=3, learning_rate=0.5, scope="layer"))
    for weight in weights(found).values():
        size = math.sqrt(2 / (0.5 * weight[0].numel()))
        assert weight.unique().tolist() == pytest.approx([-size, 0.0, size], rel=1e-3)
        assert (weight == 0).float().mean() == pytest.approx(0.5, abs=1e-3)
    assert sparsity(weights(found)) == pytest.approx(0.5, abs=1e-3)
    assert positive_zeros(found)
    norms = [m for m in found.modules() if isinstance(m, nn.BatchNorm2d)]
    assert all((n.weight == 1).all() and (n.bias == 0).all() for n in norms)
    assert any((n.running_mean != 0).any() for n in norms if n.running_mean is not None)
    assert (found.fc.bias == 0).all()  # type: ignore[union-attr]
    assert found.state_dict().keys() == base().module.state_dict().keys()


def test_learning_changes_which_weights_are_used_and_not_their_signs() -> None:
    little, much = (next(edge_popup(task(0.5, epochs=4, learning_rate=lr))) for lr in (1e-6, 1.0))
    changed = {n: zeros(little)[n] != zeros(much)[n] for n in zeros(little)}
    assert sum(int(c.sum()) for c in changed.values()) > 100
    assert all((w * weights(much)[n] >= 0).all() for n, w in weights(little).items())


def test_norms_are_learnt_where_asked() -> None:
    (found,) = edge_popup(task(0.5, learning_rate=0.5), learn_norms=True)
    assert (found.bn1.weight != 1).any()  # type: ignore[union-attr]


def test_the_first_levels_do_not_depend_on_the_later_ones() -> None:
    first, second = edge_popup(task(0.5, 0.8))
    assert same(first, next(edge_popup(task(0.5))))
    assert sparsity(weights(second)) == pytest.approx(0.8, abs=1e-3)


def test_it_can_be_stopped() -> None:
    before = copy.deepcopy(base().module)
    with pytest.raises(Stopped):
        next(edge_popup(task(0.5, epochs=30, report=stop_after(2))))
    assert same(base().module, before)
