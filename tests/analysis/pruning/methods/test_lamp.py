"""LAMP against its formula, and what it promises of layers."""

import numpy as np
import torch

from analysis.pruning.allocation import masks
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.methods.lamp import lamp
from tests.analysis.pruning.specimens import small

WEIGHTS = weights_of(prunable(small()))


def test_the_formula() -> None:
    """Lee et al. 2021, eq. 4: w_i^2 over the sum of w_j^2 with |w_j| >= |w_i|; here by a loop over all pairs."""
    found = lamp(WEIGHTS)
    for name, weight in WEIGHTS.items():
        squares = weight.double().reshape(-1).square().numpy()
        expected = np.array([value / squares[squares >= value].sum() for value in squares])
        np.testing.assert_allclose(found[name].reshape(-1), expected, rtol=1e-5)


def test_numbers_by_hand() -> None:
    found = lamp({"a": torch.tensor([[3.0, -1.0], [2.0, 0.0]])})["a"]
    torch.testing.assert_close(found, torch.tensor([[1.0, 1 / 14], [4 / 13, 0.0]]))


def test_within_a_layer_the_order_is_that_of_sizes() -> None:
    for name, score in lamp(WEIGHTS).items():
        assert torch.equal(score.reshape(-1).argsort(), WEIGHTS[name].abs().reshape(-1).argsort())


def test_the_scale_of_a_layer_does_not_matter() -> None:
    other = {name: weight * (100 if name == "conv1" else 1) for name, weight in WEIGHTS.items()}
    for name, score in lamp(other).items():
        torch.testing.assert_close(score, lamp(WEIGHTS)[name])


def test_no_layer_is_emptied_before_each_is_down_to_one_weight() -> None:
    total = sum(w.numel() for w in WEIGHTS.values())
    (found,) = masks(lamp(WEIGHTS), [1 - len(WEIGHTS) / total])
    assert [int(mask.sum()) for mask in found.values()] == [1] * len(WEIGHTS)


def test_an_empty_layer_scores_zero() -> None:
    assert not lamp({"a": torch.zeros(3, 3)})["a"].any()
