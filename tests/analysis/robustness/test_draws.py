"""Chance by hashed counters."""

import numpy as np
import pytest
import torch
from scipy import stats

from analysis.robustness.draws import Draws

COUNT = 3072


def _draws(number: int = 200, name: str = "a", seed: int = 0) -> Draws:
    return Draws(seed, name, np.arange(number))


def test_depends_on_seed_name_place_and_number():
    first = _draws()
    one, two = first.uniform(4), first.uniform(4)
    assert torch.equal(one, _draws().uniform(4))
    assert not torch.isclose(one, two).any()
    assert not torch.isclose(one, _draws(seed=1).uniform(4)).any()
    assert not torch.isclose(one, _draws(name="b").uniform(4)).any()
    assert len(one.unique()) == one.numel()


def test_does_not_depend_on_the_batch():
    places = np.array([5, 3, 99])
    together = Draws(0, "a", places)
    alone = [Draws(0, "a", places[i : i + 1]) for i in range(3)]
    for draw in (lambda d: d.uniform(3, 5), lambda d: d.normal(7), lambda d: d.integers(0, 9, 2)):
        assert torch.equal(draw(together), torch.cat([draw(d) for d in alone]))


def test_shape_decides_nothing_but_the_shape():
    assert torch.equal(_draws().uniform(2, 3, 4).flatten(1), _draws().uniform(24))
    assert _draws(3).uniform().shape == (3,)


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_uniform(seed: int):
    found = _draws(seed=seed).uniform(COUNT)
    assert found.dtype == torch.float32
    assert float(found.min()) >= 0
    assert float(found.max()) < 1
    counts = np.histogram(found.numpy(), 256, (0, 1))[0]
    assert stats.chisquare(counts).pvalue > 1e-3
    low = (found.double().numpy() * 2**24).astype(np.int64) % 256  # the lowest bits that are kept
    assert stats.chisquare(np.bincount(low.ravel(), minlength=256)).pvalue > 1e-3


def test_pairs_of_neighbours_are_uniform():
    found = _draws().uniform(COUNT).numpy()
    for first, second in ((found[:, :-1], found[:, 1:]), (found[:-1], found[1:]), (found[:, :-32], found[:, 32:])):
        counts = np.histogram2d(first.ravel(), second.ravel(), 16, ((0, 1), (0, 1)))[0]
        assert stats.chisquare(counts.ravel()).pvalue > 1e-3


def test_images_positions_and_draws_are_independent():
    draws = _draws()
    one, two = (draws.uniform(COUNT).double().numpy() - 0.5 for _ in range(2))
    scale = 12 * np.sqrt(COUNT)
    images = scale / COUNT * (one @ one.T)[np.triu_indices(len(one), 1)]
    assert images.std() == pytest.approx(1, abs=0.03)
    assert np.abs(images).max() < 6
    positions = 12 / np.sqrt(len(one)) * (one.T @ one)[np.triu_indices(COUNT, 1)]
    assert positions.std() == pytest.approx(1, abs=0.03)
    assert np.abs(scale / COUNT * (one * two).sum(1)).max() < 5


def test_normal():
    found = _draws().normal(COUNT).numpy().ravel()
    assert stats.kstest(found[:100_000], "norm").pvalue > 1e-3
    assert found.mean() == pytest.approx(0, abs=5e-3)
    assert found.var() == pytest.approx(1, abs=1e-2)
    assert stats.kurtosis(found) == pytest.approx(0, abs=2e-2)
    assert np.abs(found).max() > 4


def test_halves_of_normal_pairs_are_independent():
    found = _draws().normal(2, 500).double().numpy()
    assert abs(np.corrcoef(found[:, 0].ravel(), found[:, 1].ravel())[0, 1]) < 0.02
    assert abs(np.corrcoef(found[:, 0].ravel() ** 2, found[:, 1].ravel() ** 2)[0, 1]) < 0.02
    assert _draws(2).normal(5).shape == (2, 5)  # an odd count


def test_integers():
    found = _draws().integers(-2, 3, 1000)
    assert found.dtype == torch.int64
    assert set(found.unique().tolist()) == {-2, -1, 0, 1, 2}
    assert stats.chisquare(np.bincount(found.numpy().ravel() + 2)).pvalue > 1e-3


@pytest.mark.gpu
def test_same_on_a_gpu():
    here, there = _draws(), Draws(0, "a", np.arange(200), "cuda")
    assert torch.equal(here.uniform(COUNT), there.uniform(COUNT).cpu())
    assert torch.equal(here.integers(0, 1000, COUNT), there.integers(0, 1000, COUNT).cpu())
    torch.testing.assert_close(here.normal(COUNT), there.normal(COUNT).cpu(), rtol=0, atol=1e-5)
