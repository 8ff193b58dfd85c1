"""Ranks: within the budget, and those that are wanted most."""

import pytest
import torch
from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.factors import budget_for, cost, factorable, ranks
from models import catalogue, low_rank


def test_a_rank_costs_both_sides_and_never_more_than_the_layer():
    assert cost((10, 20), 3) == 90
    assert cost((10, 20), 7) == 200


def test_equal_shares_and_equal_energies():
    shapes = {"a": (10, 10), "b": (10, 10)}
    values = {"a": torch.tensor([3.0, *[0.0] * 9]), "b": torch.ones(10)}
    assert ranks(values, shapes, 120, "share") == {"a": 3, "b": 3}
    assert ranks(values, shapes, 100, "energy") == {"a": 1, "b": 4}
    assert ranks(values, shapes, 130, "energy") == {"a": 1, "b": 10}  # at rank 5 a pair is no smaller than the layer
    assert ranks(values, shapes, 39, "energy") == {}


def test_the_head_and_layers_with_groups_stay():
    base = catalogue.load("digits-cnn")
    assert list(factorable(base.module, base)) == ["conv1", "conv2", "conv3"]
    pair = nn.Sequential(low_rank.low_rank(nn.Conv2d(1, 4, 3), 2), nn.Conv2d(4, 4, 3, groups=2), nn.Conv2d(4, 4, 3))
    assert list(factorable(pair, base)) == ["2"]


def test_more_than_ranks_can_take_is_refused():
    base = catalogue.load("digits-cnn")
    layers = factorable(base.module, base)
    with pytest.raises(
        NotApplicable, match=r"99.9% of the weights are to go, and lower ranks can take 9\d\.\d% at most"
    ):
        budget_for(base.module, layers, 0.999, "digits-cnn")
