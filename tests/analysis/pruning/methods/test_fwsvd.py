"""Fisher-weighted SVD: better where the loss looks, worse where it does not."""

import numpy as np
import pytest
import torch

from analysis.errors import NotApplicable
from analysis.pruning.examples import Examples
from analysis.pruning.methods.fwsvd import importances
from analysis.pruning.statistics import collect
from models import catalogue
from tests.analysis.pruning.making import change, images, logits, reopened


@pytest.fixture(scope="module")
def base():
    return catalogue.load("digits-cnn")


@pytest.fixture(scope="module")
def examples() -> Examples:
    rng = np.random.default_rng(0)
    return Examples(rng.integers(0, 256, (48, 8, 8, 1), dtype=np.uint8), rng.integers(0, 10, 48))


def product(network, name: str) -> torch.Tensor:
    pair = network.get_submodule(name)
    return pair[1].weight.double().flatten(1) @ pair[0].weight.double().flatten(1)


@pytest.mark.parametrize("side", ["inputs", "outputs"])
def test_at_equal_rank_the_weighted_error_is_smaller_and_the_plain_one_larger(base, examples, side):
    plain, of_plain = change(base, "svd", 0.6, scope="layer")
    weighted, of_weighted = change(base, "fwsvd", 0.6, scope="layer", examples=examples, side=side)
    assert of_plain == of_weighted  # the same layers, of the same ranks
    layers = {name: base.module.get_submodule(name) for name in of_plain["replaced"]}
    squares = collect(base.module, layers, examples, base.preprocessing, {"squares"}).squares
    for name, layer in layers.items():
        weight, scale = layer.weight.double().flatten(1), importances(squares[name].flatten(1), side)
        errors = [(weight - product(network, name)) for network in (plain, weighted)]
        assert errors[1].norm() > errors[0].norm()
        assert (errors[1] * scale).norm() < (errors[0] * scale).norm()


def test_it_is_the_best_of_its_rank_under_the_weights(base, examples):
    network, structure = change(base, "fwsvd", 0.6, examples=examples)
    name, change_ = next(iter(structure["replaced"].items()))
    layer = base.module.get_submodule(name)
    squares = collect(base.module, {name: layer}, examples, base.preprocessing, {"squares"}).squares[name]
    weight = layer.weight.detach().double().flatten(1).numpy()
    fisher = np.sqrt(squares.double().flatten(1).numpy().sum(0))  # (K,): of the inputs
    fisher = np.maximum(fisher, 1e-3 * fisher.mean())
    u, s, v = np.linalg.svd(weight * fisher, full_matrices=False)
    rank = change_["rank"]
    best = (u[:, :rank] * s[:rank]) @ v[:rank] / fisher
    np.testing.assert_allclose(product(network, name).detach().numpy(), best, atol=1e-5)


def test_opened_again_it_gives_the_same_logits_bit_for_bit(base, examples, tmp_path):
    network, structure = change(base, "fwsvd", 0.5, examples=examples)
    given = images(base)
    found = reopened(base, network, structure, tmp_path)
    assert torch.equal(logits(found.module, given), logits(network, given))


def test_inputs_that_no_gradient_reaches_can_be_scaled_back():
    squares = torch.zeros(3, 4)
    assert torch.equal(importances(squares, "inputs"), torch.ones(1, 4, dtype=torch.float64))
    squares[0, 0] = 4.0
    assert float(importances(squares, "inputs").min()) > 0
    assert importances(squares, "outputs").shape == (3, 1)


def test_it_needs_images(base):
    with pytest.raises(NotApplicable, match="reads labelled images"):
        change(base, "fwsvd", 0.5)
