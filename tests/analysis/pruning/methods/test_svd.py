"""Low rank by SVD: against numpy, and what a full rank must leave as it is."""

import numpy as np
import pytest
import torch
from torch import nn

from analysis.pruning.factors import put_factors
from analysis.pruning.layers import prunable, weights_of
from models import catalogue
from models.low_rank import LowRank
from tests.analysis.pruning.making import change, images, logits, reopened


def product(pair: LowRank) -> np.ndarray:
    left, right = (pair[i].weight.detach().double().flatten(1).numpy() for i in (1, 0))
    return left @ right


@pytest.mark.parametrize("scope", ["layer", "global"])
@pytest.mark.parametrize("name", ["digits-cnn", "shapes-vit"])
def test_it_is_the_best_approximation_of_its_rank(name, scope):
    base = catalogue.load(name)
    network, structure = change(base, "svd", 0.5, scope=scope)
    assert structure["replaced"]
    for layer, replaced in structure["replaced"].items():
        weight = base.module.get_submodule(layer).weight.detach().double().flatten(1).numpy()
        u, s, v = np.linalg.svd(weight, full_matrices=False)
        rank = replaced["rank"]
        best = (u[:, :rank] * s[:rank]) @ v[:rank]
        np.testing.assert_allclose(product(network.get_submodule(layer)), best, atol=1e-5)


@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_the_share_of_weights_is_gone(share, scope):
    base = catalogue.load("shapes-cnn")
    network, _ = change(base, "svd", share, scope=scope)
    before, after = (sum(w.numel() for w in weights_of(prunable(n)).values()) for n in (base.module, network))
    assert 0 <= (1 - after / before) - share < 0.005  # no further than one rank


def test_the_full_rank_gives_the_same_logits():
    base = catalogue.load("digits-cnn")
    network, _ = change(base, "svd", 0.5)
    factors = {}
    for name in ("conv1", "conv2", "conv3"):
        u, s, v = torch.linalg.svd(base.module.get_submodule(name).weight.flatten(1), full_matrices=False)
        factors[name] = (u * s, v)
    whole = catalogue.load("digits-cnn").module
    put_factors(whole, factors, base)
    given = images(base)
    torch.testing.assert_close(logits(whole, given), logits(base.module, given), atol=1e-4, rtol=1e-4)
    assert not torch.allclose(logits(network, given), logits(base.module, given), atol=1e-2)


@pytest.mark.parametrize("name", ["resnet20-cifar10", "shapes-vit"])
def test_opened_again_it_gives_the_same_logits_bit_for_bit(name, tmp_path):
    base = catalogue.load(name)
    network, structure = change(base, "svd", 0.5)
    found = reopened(base, network, structure, tmp_path)
    given = images(base)
    assert torch.equal(logits(found.module, given), logits(network, given))
    assert found.head is not None
    assert found.default_tap is not None


def test_a_variant_of_a_variant(tmp_path):
    base = catalogue.load("resnet20-cifar10")
    narrow, structure = change(base, "structured", 0.5)
    small = reopened(base, narrow, structure, tmp_path)
    network, both = change(small, "svd", 0.5)
    assert both["modules"]
    assert both["replaced"]
    found = reopened(small, network, both, tmp_path / "second")
    given = images(base)
    assert torch.equal(logits(found.module, given), logits(network, given))
    assert isinstance(network.layer3[2].conv2, nn.Sequential)
