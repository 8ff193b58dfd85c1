import torch

from analysis.attribution import METHODS
from analysis.attribution.methods.random_map import random_map


def test_noise_of_the_layer_s_size_that_knows_neither_image_nor_batch() -> None:
    activations = torch.zeros(3, 5, 6, 4)
    maps = random_map(activations, seed=2)
    assert maps.shape == (3, 6, 4)
    assert torch.equal(maps[0], maps[2])
    assert torch.equal(maps[:1], random_map(activations[:1] + 9, seed=2))
    assert not torch.equal(maps, random_map(activations, seed=3))
    assert METHODS["random_map"].class_agnostic


def test_random_numbers_of_others_are_not_touched() -> None:
    before = torch.get_rng_state()
    random_map(torch.zeros(1, 1, 2, 2))
    assert torch.equal(before, torch.get_rng_state())
