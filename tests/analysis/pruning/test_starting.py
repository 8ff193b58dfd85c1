"""Random weights to start from."""

import pytest
import torch
from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.starting import fresh
from models import catalogue
from models.preprocessing import Preprocessing
from tests.analysis.pruning.tasks import base, same, task

GREY = Preprocessing(size=(8, 8), resize=8, mean=(0.5,), std=(0.25,))


def test_a_fresh_network_is_the_architectures_own_start() -> None:
    one, two, other = task(0.5).fresh(), task(0.5).fresh(), task(0.5, seed=1).fresh()
    assert same(one, two)
    assert not same(one, other)
    torch.manual_seed(0)
    assert same(one, type(base().module)(10))  # the class draws its weights itself


def test_a_fresh_network_of_no_known_architecture_is_drawn_layer_by_layer() -> None:
    torch.manual_seed(3)
    network = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    own = catalogue.wrap(network, preprocessing=GREY)
    found = fresh(own, 7)
    torch.manual_seed(7)
    expected = nn.Sequential(nn.Conv2d(1, 4, 3), nn.BatchNorm2d(4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    assert same(found, expected)


def test_what_cannot_be_drawn_is_said() -> None:
    class Odd(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(64, 2)
            self.scale = nn.Parameter(torch.ones(2))

        def forward(self, x: torch.Tensor) -> torch.Tensor:
            return self.fc(x.flatten(1)) * self.scale

    own = catalogue.wrap(Odd(), name="odd", preprocessing=GREY)
    with pytest.raises(NotApplicable, match=r"odd cannot be started .* 'scale'"):
        fresh(own, 0)


def test_the_callers_random_numbers_go_on_as_they_would_have() -> None:
    before = torch.random.get_rng_state()
    fresh(base(), 3)
    assert torch.equal(torch.random.get_rng_state(), before)
