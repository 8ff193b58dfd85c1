"""Projected gradient descent on a linear network, where the worst point is known."""

import pytest
import torch
from torch import nn

from models.preprocessing import Preprocessing
from models.recipes.adversary import Attack

PREPROCESSING = Preprocessing(size=(4, 4), resize=4, mean=(0.5, 0.4, 0.3), std=(0.2, 0.25, 0.3))


@pytest.fixture
def network() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.BatchNorm1d(48), nn.Linear(48, 2))


def pixels(batch: torch.Tensor) -> torch.Tensor:
    """Normalised -> 0-255."""
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (PREPROCESSING.mean, PREPROCESSING.std))
    return (batch * std + mean) * 255


def normalised(values: torch.Tensor) -> torch.Tensor:
    mean, std = (torch.tensor(v).view(1, 3, 1, 1) for v in (PREPROCESSING.mean, PREPROCESSING.std))
    return (values / 255 - mean) / std


def test_the_attack_reaches_the_worst_corner_of_the_ball(network: nn.Module) -> None:
    """Of a linear network every pixel moves by eps against the true class, whatever the start."""
    torch.manual_seed(1)
    values = torch.rand(6, 3, 4, 4) * 100 + 70
    targets = torch.tensor([0, 1, 0, 1, 0, 1])
    moved = Attack.on(PREPROCESSING, eps=5, step=2, steps=8)(network, normalised(values), targets)
    weight = network[2].weight  # type: ignore[index]
    towards_other = torch.stack([weight[1 - t] - weight[t] for t in targets]).sign().view(6, 3, 4, 4)
    torch.testing.assert_close(pixels(moved), values + 5 * towards_other, atol=0.01, rtol=0)


def test_it_stays_within_black_and_white(network: nn.Module) -> None:
    values = torch.rand(4, 3, 4, 4).round() * 255
    moved = pixels(
        Attack.on(PREPROCESSING, eps=20, step=10, steps=4)(network, normalised(values), torch.zeros(4).long())
    )
    assert -0.01 < moved.min() < moved.max() < 255.01
    assert (moved - values).abs().max() == pytest.approx(20, abs=0.01)


def test_the_network_is_left_as_it_came(network: nn.Module) -> None:
    before = {k: v.clone() for k, v in network.state_dict().items()}
    for training in (True, False):
        network.train(training)
        moved = Attack.on(PREPROCESSING, eps=4, step=2, steps=2)(
            network, torch.zeros(4, 3, 4, 4), torch.zeros(4).long()
        )
        assert network.training is training
        assert not moved.requires_grad
    assert all(torch.equal(before[k], v) for k, v in network.state_dict().items())
    assert all(p.grad is None for p in network.parameters())


def test_a_generator_makes_it_repeat(network: nn.Module) -> None:
    network.eval()
    attack, images, targets = (
        Attack.on(PREPROCESSING, eps=4, step=1, steps=1),
        torch.zeros(4, 3, 4, 4),
        torch.zeros(4).long(),
    )
    one, other = (attack(network, images, targets, generator=torch.Generator().manual_seed(3)) for _ in range(2))
    assert torch.equal(one, other)
    assert not torch.equal(one, attack(network, images, targets, generator=torch.Generator().manual_seed(4)))
