"""The training loop: it learns, repeats, and can be stopped."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn

from models.architectures.cifar_resnet import CifarResNet
from models.preprocessing import CIFAR, Preprocessing
from models.recipes import RECIPES
from models.recipes.adversary import Attack
from models.recipes.evaluation import accuracy
from models.recipes.training import Settings, fit, inputs

GREY = Preprocessing(size=(8, 8), resize=8, mean=(0.5,), std=(0.25,))


def toy(count: int = 128, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Grey 8 x 8 noise, brighter in the half that is the class: images (N, 8, 8, 1), labels (N,) of 2."""
    rng = np.random.default_rng(seed)
    labels = np.arange(count) % 2
    images = rng.integers(0, 120, (count, 8, 8, 1))
    images[labels == 0, :4] += 100
    images[labels == 1, 4:] += 100
    return images.astype(np.uint8), labels


def linear() -> nn.Module:
    return nn.Sequential(nn.Flatten(), nn.Linear(64, 2))


PLAIN = Settings(epochs=3, batch=32, peak_lr=0.05, ema_decay=0.5, augmentation=(), autocast=False)


@pytest.mark.parametrize(
    "settings",
    [
        PLAIN,
        replace(PLAIN, optimiser="adamw"),
        replace(PLAIN, autocast=True, augmentation=("mirror", "nudge")),
        replace(PLAIN, attack=Attack.on(GREY, eps=8, step=4, steps=2)),
    ],
)
def test_it_learns_and_repeats(settings: Settings) -> None:
    images, labels = toy()
    one, other = (fit(linear, images, labels, settings, preprocessing=GREY) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    assert accuracy(one, *toy(seed=1), GREY) > 0.95
    assert not one.training
    another = fit(linear, images, labels, replace(settings, seed=1), preprocessing=GREY)
    assert any(not torch.equal(a, b) for a, b in zip(one.parameters(), another.parameters(), strict=True))


def test_a_second_cycle_starts_where_the_first_ended() -> None:
    images, labels = toy()
    said: list[float] = []
    at_once = fit(
        linear, images, labels, replace(PLAIN, again=2), preprocessing=GREY, report=lambda part, _: said.append(part)
    )
    first = fit(linear, images, labels, PLAIN, preprocessing=GREY)
    second = fit(lambda: first, images, labels, replace(PLAIN, epochs=2, seed=1), preprocessing=GREY)
    assert all(torch.equal(a, b) for a, b in zip(at_once.parameters(), second.parameters(), strict=True))
    assert said == sorted(said)
    assert said[-1] == 1


def test_one_step_goes_down_the_gradient_by_hand() -> None:
    """One batch, one step, no weight decay: all weights move against the gradient by one common factor."""
    images, labels = toy(32)
    settings = replace(PLAIN, epochs=1, peak_lr=0.1, weight_decay=0.0, ema_decay=0.0)
    found = fit(linear, images, labels, settings, preprocessing=GREY)
    torch.manual_seed(settings.seed)
    start = linear()
    x, y = (torch.from_numpy(images).permute(0, 3, 1, 2) / 255 - 0.5) / 0.25, torch.from_numpy(labels)
    loss = nn.functional.cross_entropy(start(x), y)
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, list(start.parameters()))])
    was, now = (nn.utils.parameters_to_vector(network.parameters()) for network in (start, found))
    factor = -((now - was) @ gradient / (gradient @ gradient)).detach()
    assert 0 < factor < 0.2
    torch.testing.assert_close(now, was - factor * gradient)


def test_resnet20_is_trained_as_it_was() -> None:
    """The bundled CIFAR network's loop, written out as its first recipe had it."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (64, 32, 32, 3)).astype(np.uint8), np.arange(64) % 10
    settings = replace(RECIPES["resnet20-cifar10"].settings, epochs=1, batch=32, autocast=False)
    found = fit(lambda: CifarResNet(20, 10), images, labels, settings, preprocessing=CIFAR)
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    network = CifarResNet(20, 10).to(memory_format=torch.channels_last)
    shadow = {k: v.clone() for k, v in network.state_dict().items()}
    decayed, plain = ([p for p in network.parameters() if (p.ndim > 1) is many] for many in (True, False))
    groups = [{"params": decayed, "weight_decay": 5e-4}, {"params": plain, "weight_decay": 0.0}]
    optimiser = torch.optim.SGD(groups, lr=0.4, momentum=0.9, nesterov=True)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimiser, 0.4, epochs=1, steps_per_epoch=2, pct_start=0.2)
    for number, index in enumerate(torch.randperm(64, generator=generator).split(32)):
        batch = inputs(images, CIFAR)[index]
        mirrored = torch.rand(32, generator=generator) < 0.5
        batch = torch.stack([b.flip(-1) if m else b for b, m in zip(batch, mirrored, strict=True)])
        top, left = (torch.randint(0, 9, (32, 1), generator=generator).flatten().tolist() for _ in range(2))
        padded = nn.functional.pad(batch, (4, 4, 4, 4))
        batch = torch.stack([p[:, t : t + 32, s : s + 32] for p, t, s in zip(padded, top, left, strict=True)])
        batch = batch.contiguous(memory_format=torch.channels_last)
        optimiser.zero_grad()
        nn.functional.cross_entropy(network(batch), torch.from_numpy(labels)[index]).backward()
        optimiser.step()
        schedule.step()
        for key, value in network.state_dict().items():
            shadow[key] = value.clone() if number == 0 else shadow[key] + (value - shadow[key]) * (1 - 0.998)
    for key, value in found.state_dict().items():
        if value.is_floating_point():  # not the counts of batches
            torch.testing.assert_close(value, shadow[key], rtol=1e-3, atol=1e-4, msg=key)


def test_each_step_is_watched_and_may_be_altered() -> None:
    """What is set after every step is averaged as it was set."""
    images, labels = toy()
    seen: list[tuple[int, int]] = []

    def watch(network: nn.Module, step: int, steps: int) -> None:
        seen.append((step, steps))
        with torch.no_grad():
            network[1].weight[:, :32] = 0.0  # type: ignore[index]

    found = fit(linear, images, labels, PLAIN, preprocessing=GREY, watch=watch)
    assert seen == [(step, 12) for step in range(1, 13)]
    assert (found[1].weight[:, :32] == 0).all()  # type: ignore[index]
    assert (found[1].weight[:, 32:] != 0).all()  # type: ignore[index]


def test_what_wants_no_gradient_stays() -> None:
    images, labels = toy()
    network = linear()
    network[1].bias.requires_grad_(False)  # type: ignore[index]
    before = nn.utils.parameters_to_vector(network.parameters()).detach().clone()
    found = fit(lambda: network, images, labels, PLAIN, preprocessing=GREY)
    after = nn.utils.parameters_to_vector(found.parameters())
    assert torch.equal(after[-2:], before[-2:])
    assert (after[:-2] != before[:-2]).all()


def test_a_teacher_without_labels_that_help_is_learnt_from() -> None:
    """Random labels teach nothing; a network that knows the classes does."""
    images, labels = toy()
    teacher = fit(linear, images, labels, PLAIN, preprocessing=GREY)
    random = np.random.default_rng(5).permutation(labels)
    alone, taught = (fit(linear, images, random, PLAIN, preprocessing=GREY, teacher=each) for each in (None, teacher))
    right = [accuracy(network, *toy(seed=1), GREY) for network in (alone, taught)]
    assert right[1] > max(0.9, right[0] + 0.2)


def test_progress_rises_to_the_end_and_stops_it() -> None:
    said: list[float] = []
    images, labels = toy()
    fit(linear, images, labels, PLAIN, preprocessing=GREY, report=lambda fraction, _: said.append(fraction))
    assert said == sorted(said)
    assert said[-1] == 1

    class Stopped(Exception):
        pass

    def stop(fraction: float, _message: str) -> None:
        if fraction > 0.5:
            raise Stopped

    before = torch.random.get_rng_state()
    with pytest.raises(Stopped):
        fit(linear, images, labels, PLAIN, preprocessing=GREY, report=stop)
    assert torch.equal(torch.random.get_rng_state(), before)


def test_a_network_of_fewer_images_than_a_batch_is_trained() -> None:
    images, labels = toy(10)
    start = fit(linear, images, labels, replace(PLAIN, epochs=1, peak_lr=1e-12), preprocessing=GREY)
    found = fit(linear, images, labels, replace(PLAIN, epochs=20), preprocessing=GREY)
    assert accuracy(found, images, labels, GREY) >= accuracy(start, images, labels, GREY)
    assert any(not torch.equal(a, b) for a, b in zip(start.parameters(), found.parameters(), strict=True))


def test_accuracy_counts_what_is_right() -> None:
    images, labels = toy(500)
    network = linear()
    with torch.no_grad():
        network[1].weight.copy_(torch.cat([torch.ones(1, 32), -torch.ones(1, 32)], 1) * torch.tensor([[1.0], [-1.0]]))  # type: ignore[index]
    wrong = np.where(np.arange(500) < 125, 1 - labels, labels)
    assert accuracy(network, images, wrong, GREY) == 0.75
