"""Tuning under masks, and what methods that train are given."""

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn import functional as F

from analysis.errors import BadParameter
from analysis.pruning.layers import prunable, put, sparsity
from analysis.pruning.training import augmentation, tune
from models import catalogue
from models.preprocessing import Preprocessing
from models.recipes.training import distillation
from models.variant import Tuning
from tests.analysis.pruning.tasks import base, examples, positive_zeros, same, task, weights, zeros

GREY = Preprocessing(size=(8, 8), resize=8, mean=(0.5,), std=(0.25,))
TUNING = Tuning(epochs=2, learning_rate=0.1, batch=32)


def random_masks(network: nn.Module, seed: int = 0) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return {name: torch.rand(weight.shape, generator=generator) < 0.3 for name, weight in weights(network).items()}


def test_masked_weights_stay_positive_zero_and_the_others_are_learnt() -> None:
    """Those that were not zero before are cut at the first step; none comes back by momentum or by averaging."""
    network = task(0.5).copy()
    masks, seen = random_masks(network), []
    found = tune(network, examples(), GREY, TUNING, masks=masks, watch=lambda n, *_: seen.append(zeros(n)))
    assert len(seen) == 6
    for gone in [*seen, zeros(found)]:
        assert all(torch.equal(gone[name], ~mask) for name, mask in masks.items())
    assert positive_zeros(found)
    assert all((weights(found)[n][m] != weights(network)[n][m]).float().mean() > 0.99 for n, m in masks.items())
    assert not found.training


def test_the_same_seed_gives_the_same_bits_and_the_network_given_is_left_alone() -> None:
    network = task(0.5).copy()
    before = task(0.5).copy()
    one, two, other = (tune(network, examples(), GREY, TUNING, seed=seed) for seed in (4, 4, 5))
    assert same(one, two)
    assert not same(one, other)
    assert same(network, before)
    assert same(base().module, before)


def test_a_frozen_network_is_tuned_as_a_free_one() -> None:
    """The catalogue hands networks out frozen."""
    free, frozen = task(0.5).copy(), task(0.5).copy().requires_grad_(False)
    assert same(*(tune(n, examples(), GREY, TUNING) for n in (free, frozen)))


def test_no_epochs_is_a_copy() -> None:
    network = task(0.5).copy()
    found = tune(network, examples(), GREY, Tuning())
    assert found is not network
    assert same(found, network)


def test_distillation_by_hand() -> None:
    """T^2 sum_c p_c (log p_c - log q_c) with both softened by T = 4, in float64."""
    rng = np.random.default_rng(0)
    ours, theirs = rng.normal(0, 5, (2, 6, 10))
    p, q = (np.exp(z / 4) / np.exp(z / 4).sum(1, keepdims=True) for z in (theirs, ours))
    expected = 16 * (p * np.log(p / q)).sum(1).mean()
    assert distillation(torch.from_numpy(ours), torch.from_numpy(theirs)).item() == pytest.approx(expected, rel=1e-12)


def test_one_step_learns_half_from_the_labels_and_half_from_the_teacher() -> None:
    """Plain gradient descent: the step's direction is that of the mixed loss."""
    torch.manual_seed(0)
    network, teacher = (nn.Sequential(nn.Flatten(), nn.Linear(64, 10)) for _ in range(2))
    few = examples().some(32, 0)
    settings = Tuning(epochs=1, learning_rate=0.01, batch=32, distil=True)
    found = tune(network, few, GREY, settings, teacher=teacher, augmentation=(), weight_decay=0.0)
    batch, labels = next(few.batches(32, GREY))
    logits = network(batch)
    loss = 0.5 * F.cross_entropy(logits, labels) + 0.5 * distillation(logits, teacher(batch).detach())
    gradient = torch.cat([g.flatten() for g in torch.autograd.grad(loss, [*network.parameters()])])
    was, now = (nn.utils.parameters_to_vector(n.parameters()).detach() for n in (network, found))
    factor = -((now - was) @ gradient / (gradient @ gradient))
    assert 0 < factor < 0.02
    torch.testing.assert_close(now, was - factor * gradient, rtol=1e-4, atol=1e-6)


def test_distilling_without_a_teacher_is_refused() -> None:
    with pytest.raises(BadParameter, match="teacher"):
        tune(task(0.5).copy(), examples(), GREY, Tuning(epochs=1, distil=True))


def test_a_copy_is_free_to_be_trained_and_the_base_is_not() -> None:
    copied = task(0.5).copy()
    assert all(p.requires_grad for p in copied.parameters())
    assert not any(p.requires_grad for p in base().module.parameters())
    assert same(copied, base().module)


@pytest.mark.parametrize("scope", ["global", "layer"])
def test_masks_are_by_magnitude_and_what_is_gone_stays_gone(scope: str) -> None:
    own = task(0.4, 0.7, scope=scope)
    network = own.copy()
    first = own.masks(network, 0.4)
    put(prunable(network), first)
    second = own.masks(network, 0.7)
    assert all((second[name] <= first[name]).all() for name in first)
    put(prunable(network), second)
    assert sparsity(weights(network)) == pytest.approx(0.7, abs=1e-3)
    if scope == "global":
        dense = torch.cat([w.abs().flatten() for w in weights(base().module).values()])
        threshold = dense.kthvalue(round(0.4 * len(dense))).values
        assert all(torch.equal(first[n], w.abs() > threshold) for n, w in weights(base().module).items())


def test_a_pattern_is_kept_while_training() -> None:
    own = task(0.5, granularity="2:4")
    network = own.copy()
    masks = own.masks(network, 0.5)
    found = own.trained(network, masks)
    blocks = weights(found)["conv3"].movedim(1, -1).unflatten(-1, (-1, 4))
    assert ((blocks != 0).sum(-1) == 2).all()


def test_augmentation_is_that_of_the_bundled_recipe() -> None:
    assert augmentation(base()) == ("nudge",)
    assert augmentation(catalogue.load("shapes-cnn-shortcut")) == ("nudge",)
    assert augmentation(catalogue.load("shapes-cnn")) == ("mirror", "turn")
    assert augmentation(catalogue.wrap(nn.Sequential(nn.Flatten(), nn.Linear(64, 2)), preprocessing=GREY)) is None
