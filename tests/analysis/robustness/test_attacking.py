"""Attacks: within their balls, up the loss, and as strong as published."""

from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import BadParameter, NotApplicable
from analysis.robustness import CORRUPTIONS
from analysis.robustness.attacking import attacked, pixel_network
from analysis.robustness.corruptions.attack_apgd import _checkpoints, difference_of_logits_ratio
from analysis.robustness.draws import Draws
from analysis.robustness.perturbing import EPSILONS, gradient, started
from models import catalogue

ATTACKS = [c.name for c in CORRUPTIONS if c.kind == "attack"]
PLACES = np.arange(12)


class Wave(nn.Module):
    """Curved enough that one step is not the best."""

    def forward(self, images: Tensor) -> Tensor:
        return torch.sin(6 * images)


@pytest.fixture(scope="module")
def network() -> nn.Module:
    """A small network of chance weights."""
    torch.manual_seed(2)
    layers = (nn.Conv2d(3, 8, 3, padding=1), Wave(), nn.Conv2d(8, 8, 3, stride=2), Wave(), nn.Flatten())
    return nn.Sequential(*layers, nn.Linear(8 * 5 * 5, 4)).eval()


@pytest.fixture
def images() -> Tensor:
    found = torch.rand(12, 3, 12, 12, generator=torch.Generator().manual_seed(1))
    found[:, :, :3] = 0.0  # at the bounds, so that cutting off matters
    found[:, :, -3:] = 1.0
    return found


def labels_of(network: nn.Module, images: Tensor) -> Tensor:
    with torch.no_grad():
        return network(images).argmax(dim=1)


def losses(network: nn.Module, images: Tensor, labels: Tensor) -> Tensor:
    with torch.no_grad():
        return F.cross_entropy(network(images), labels, reduction="none")


def test_there_are_three_for_each_norm():
    assert sorted(ATTACKS) == ["apgd", "apgd_l2", "fgsm", "fgsm_l2", "pgd", "pgd_l2"]


@pytest.mark.parametrize("name", ATTACKS)
@pytest.mark.parametrize("severity", [1, 5])
def test_it_stays_in_the_ball_and_raises_the_loss(network, images, name, severity):
    labels = labels_of(network, images)
    before = images.clone()
    found = attacked(network, images, labels, PLACES, name, severity)
    assert torch.equal(images, before)
    assert found.dtype == torch.float32
    assert not found.requires_grad
    assert found.min() >= 0
    assert found.max() <= 1
    change = (found - images).flatten(1)
    norm = "l2" if name.endswith("l2") else "linf"
    radius = EPSILONS[norm]["cifar"][severity - 1]
    sizes = change.norm(dim=1) if norm == "l2" else change.abs().amax(dim=1)
    assert sizes.max() <= radius * (1 + 1e-4)
    assert sizes.min() > 0.3 * radius
    assert (losses(network, found, labels) > losses(network, images, labels)).all()


@pytest.mark.parametrize(("norm", "epsilon"), [("", 0.02), ("_l2", 0.2)])
def test_more_steps_find_more(network, norm, epsilon):
    many = torch.rand(200, 3, 12, 12, generator=torch.Generator().manual_seed(5))
    labels = labels_of(network, many)
    found = {
        name: attacked(network, many, labels, np.arange(200), name + norm, 5, params={"epsilon": epsilon})
        for name in ("fgsm", "pgd", "apgd")
    }
    left = {name: int((labels_of(network, images) == labels).sum()) for name, images in found.items()}
    assert left["apgd"] <= left["pgd"] <= left["fgsm"] < 100
    assert losses(network, found["pgd"], labels).mean() > losses(network, found["fgsm"], labels).mean()


def test_fgsm_by_hand():
    weight = torch.tensor([[1.0, -2.0, 0.5], [-1.0, 1.0, 0.0]])
    image = torch.tensor([0.5, 0.5, 0.995]).view(1, 3, 1, 1)

    def linear(images: Tensor) -> Tensor:
        return images.flatten(1) @ weight.T

    found = attacked(linear, image, torch.tensor([0]), np.zeros(1), "fgsm", 5, params={"epsilon": 0.02})
    assert found.flatten().tolist() == pytest.approx([0.48, 0.52, 0.975])
    found = attacked(linear, image, torch.tensor([1]), np.zeros(1), "fgsm", 5, params={"epsilon": 0.02})
    assert found.flatten().tolist() == pytest.approx([0.52, 0.48, 1.0])
    straight = torch.tensor([-2.0, 3.0, -0.5])  # of the loss of class 0, up to a factor
    found = attacked(linear, image, torch.tensor([0]), np.zeros(1), "fgsm_l2", 5, params={"epsilon": 0.1})
    assert torch.allclose(found.flatten() - image.flatten(), 0.1 * straight / straight.norm(), atol=1e-5)


def test_pgd_by_hand_walks_until_the_ball_ends():
    def linear(images: Tensor) -> Tensor:
        return torch.cat((images.flatten(1), torch.zeros(len(images), 1)), dim=1)

    image = torch.full((1, 1, 1, 1), 0.5)
    asked = {"random_start": False, "epsilon": 0.25, "step": 0.1}
    ways = [
        float(attacked(linear, image, torch.tensor([0]), np.zeros(1), "pgd", 1, params={**asked, "steps": steps}))
        for steps in (1, 2, 3, 9)
    ]
    assert ways == pytest.approx([0.4, 0.3, 0.25, 0.25])


@pytest.mark.parametrize("name", ["pgd", "apgd_l2"])
def test_an_image_is_attacked_alike_in_any_company(network, images, name):
    labels = labels_of(network, images)
    whole = attacked(network, images, labels, PLACES, name, 4, seed=3)
    parts = [
        attacked(network, images[part], labels[part], PLACES[part], name, 4, seed=3)
        for part in (slice(0, 5), slice(5, 12))
    ]
    assert torch.allclose(torch.cat(parts), whole, atol=1e-5)
    assert not torch.allclose(attacked(network, images, labels, PLACES, name, 4, seed=4), whole, atol=1e-4)


def test_starts_fill_the_ball_evenly():
    middle = torch.full((4000, 1, 2, 2), 0.5)
    draws = Draws(0, "pgd_l2", np.arange(4000))
    away = (started(middle, 0.4, "l2", draws) - middle).flatten(1)
    radii = away.norm(dim=1) / 0.4
    assert radii.max() <= 1 + 1e-5
    assert (radii**4).mean() == pytest.approx(0.5, abs=0.02)  # evenly spread volume in four dimensions
    assert away.mean(dim=0).abs().max() < 0.02
    square = started(middle, 0.4, "linf", Draws(0, "pgd", np.arange(4000))) - middle
    assert square.std() == pytest.approx(0.8 / 12**0.5, rel=0.02)


def test_where_the_truth_is_unknown_the_networks_answer_is_attacked(network, images):
    labels = labels_of(network, images)
    unknown = torch.full_like(labels, -1)
    known, found = (attacked(network, images, y, PLACES, "fgsm", 5) for y in (labels, unknown))
    assert torch.equal(known, found)


def test_it_works_in_the_midst_of_inference(network, images):
    labels = labels_of(network, images)
    expected = attacked(network, images, labels, PLACES, "fgsm", 3)
    with torch.inference_mode():
        found = attacked(network, images + 0, labels + 0, PLACES, "fgsm", 3)
    assert torch.equal(found, expected)


def test_no_gradient_is_left_in_the_network(network, images):
    attacked(network, images, labels_of(network, images), PLACES, "pgd", 1)
    assert all(p.grad is None for p in network.parameters())


@pytest.mark.parametrize(
    ("name", "severity", "params", "error"),
    [
        ("fog", 3, {}, NotApplicable),
        ("fgsm", 6, {}, BadParameter),
        ("pgd", 3, {"steps": 0}, BadParameter),
    ],
)
def test_what_cannot_be_done_is_said(network, images, name, severity, params, error):
    name = name if name in CORRUPTIONS else "rotation"
    with pytest.raises(error):
        attacked(network, images, torch.zeros(12, dtype=torch.long), PLACES, name, severity, params=params)


def test_a_network_without_gradients_is_said(network, images):
    with pytest.raises(NotApplicable, match="no gradient"):
        attacked(lambda x: network(x.detach()).detach(), images, torch.zeros(12).long(), PLACES, "fgsm", 1)


def test_the_ratio_of_differences_by_hand():
    logits = torch.tensor([[4.0, 1.0, 2.0, 0.0], [1.0, 3.0, 2.0, 0.0]])
    found = difference_of_logits_ratio(logits, torch.tensor([0, 0]))
    assert found.tolist() == pytest.approx([-2 / 3, 2 / 2])
    assert difference_of_logits_ratio(torch.tensor([[1.0, 3.0]]), torch.tensor([0])).item() == 2


def test_checkpoints_of_a_hundred_steps_are_those_of_the_paper():
    assert sorted(_checkpoints(100)) == [22, 41, 57, 70, 80, 87, 93, 99, 105]


def test_the_gradient_is_the_pictures_own(network, images):
    labels = labels_of(network, images)
    whole, _, _ = gradient(network, images, labels)
    one, _, _ = gradient(network, images[4:5], labels[4:5])
    assert torch.allclose(whole[4:5], one, atol=1e-6)


def test_the_public_lenet_falls_to_pgd_altogether(shared: Path):
    classifier = catalogue.from_file(shared / "mnist_lenet5_clntrained.pt", "lenet5_mnist")
    with np.load(shared / "mnist_test.npz") as digits:
        images = torch.from_numpy(digits["x"][:200, None] / 255).float()
        labels = torch.from_numpy(digits["y"][:200]).long()
    classifier.module.train()
    with pixel_network(classifier) as network:
        assert not classifier.module.training
        with torch.no_grad():
            clean = (network(images).argmax(dim=1) == labels).float().mean()
        asked = {"epsilon": 0.3, "steps": 40, "step": 0.01, "random_start": False}
        found = attacked(network, images, labels, np.arange(200), "pgd", 5, params=asked)
        with torch.no_grad():
            left = (network(found).argmax(dim=1) == labels).float().mean()
    assert classifier.module.training
    assert clean > 0.98
    assert left == 0
    assert (found - images).abs().max() < 0.3 + 1e-6


def test_pixels_reach_the_network_as_its_preprocessing_makes_them():
    classifier = catalogue.load("resnet20-cifar10")
    pixels = torch.rand(2, 3, 32, 32)
    mean, std = (torch.tensor(v).view(3, 1, 1) for v in (classifier.preprocessing.mean, classifier.preprocessing.std))
    with pixel_network(classifier) as network, torch.no_grad():
        assert torch.allclose(network(pixels), classifier.module((pixels - mean) / std), atol=1e-5)
