"""Shared weights: few values, the nearest ones, and a file that is as small as they allow."""

import numpy as np
import pytest
import torch
from sklearn.cluster import KMeans

from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.methods.codebook import alike, shared
from models import cards, catalogue
from tests.analysis.pruning.making import change, images, logits, reopened


@pytest.fixture(scope="module")
def base():
    return catalogue.load("digits-cnn")


@pytest.mark.parametrize("bits", [2, 4, 8])
def test_every_weight_is_one_of_few_values_and_the_file_keeps_which(base, bits, tmp_path):
    network, structure = change(base, "codebook", bits=bits)
    for weight in weights_of(prunable(network)).values():
        assert len(weight.unique()) <= 2**bits
    found = reopened(base, network, structure, tmp_path)
    given = images(base)
    assert torch.equal(logits(found.module, given), logits(network, given))
    assert found.fingerprint != base.fingerprint
    weights = sum(w.numel() for w in weights_of(prunable(network)).values())
    others = sum(v.numel() for v in network.state_dict().values()) - weights
    size = cards.weights_of(tmp_path / "v.json").stat().st_size
    tables = 4 * len(structure["codebooks"]) * 2**bits
    assert size < weights * bits / 8 + 4 * others + tables + 3000  # the last: names in the file's header
    assert size < 4 * weights * (bits + 2) / 32 + 4 * others + 6000


def test_values_are_where_k_means_puts_them_and_weights_take_the_nearest():
    weights = np.random.default_rng(0).normal(size=(4, 200)).astype(np.float32)
    rounded = shared(weights, 3, seed=5)
    centres = np.sort(KMeans(8, n_init=4, random_state=5).fit(_shuffled(weights, 5)).cluster_centers_[:, 0])
    np.testing.assert_allclose(np.unique(rounded), centres, rtol=1e-5)
    nearest = centres[np.abs(weights[..., None] - centres).argmin(-1)]
    np.testing.assert_allclose(rounded, nearest, rtol=1e-5)
    for value in np.unique(rounded):  # and each value is the mean of its own, as Lloyd's algorithm ends
        assert weights[rounded == value].mean() == pytest.approx(value, abs=2e-3)


def _shuffled(weights: np.ndarray, seed: int) -> np.ndarray:
    return np.random.default_rng(seed).permutation(weights.reshape(-1).astype(np.float64))[:, None]


def test_zeros_stay_zeros_and_cost_one_value():
    weights = np.random.default_rng(0).normal(size=(4, 100)).astype(np.float32)
    weights[:, ::2] = 0
    rounded = shared(weights, 2, seed=0)
    assert ((rounded == 0) == (weights == 0)).all()
    assert len(np.unique(rounded)) == 4


def test_few_values_are_left_as_they_are():
    weights = np.array([[1.0, 2.0, 2.0, 0.0]], dtype=np.float32)
    assert (shared(weights, 2, seed=0) == weights).all()
    assert (shared(np.zeros((2, 3), np.float32), 2, seed=0) == 0).all()


def test_neurons_that_are_alike_share_a_table():
    rng = np.random.default_rng(0)
    rows = rng.normal(size=(12, 400)).astype(np.float32)
    rows[1::2] *= 100
    found = alike(rows, 2, seed=0)
    assert len(set(found[::2])) == len(set(found[1::2])) == 1
    assert found[0] != found[1]
    assert (alike(np.ones((3, 4), np.float32), 2, seed=0) == 0).all()


def test_more_tables_at_equal_bits_are_nearer():
    base = catalogue.load("resnet20-cifar10")

    def error(groups: int) -> float:
        network, structure = change(base, "codebook", bits=3, groups=groups)
        assert max(structure["codebooks"]["layer3.2.conv2.weight"]["groups"]) == groups - 1
        own, other = (weights_of(prunable(n)) for n in (network, base.module))
        return sum(float((own[k] - other[k]).square().sum()) for k in own)

    assert error(4) < error(1)


def test_the_seed_decides(base):
    one, same, other = (change(base, "codebook", bits=3, seed=s)[0].state_dict() for s in (0, 0, 1))
    assert all(torch.equal(one[k], same[k]) for k in one)
    assert not all(torch.equal(one[k], other[k]) for k in one)
