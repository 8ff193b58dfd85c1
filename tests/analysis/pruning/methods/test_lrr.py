"""Learning-rate rewinding: rounds of cutting and training that go on from one another."""

from itertools import pairwise

import pytest
import torch

from analysis.pruning.layers import prunable, put, sparsity
from analysis.pruning.methods.lrr import lrr
from analysis.pruning.training import tune
from tests.analysis.pruning.tasks import (
    Stopped,
    base,
    examples,
    positive_zeros,
    same,
    stop_after,
    task,
    weights,
    zeros,
)


def test_each_round_cuts_and_trains_what_the_last_one_left() -> None:
    """Written out: cut the base, train, cut what came of it, train with the next seed and the cycle from its start."""
    own = task(0.5, 0.8, 0.9, epochs=2, seed=5)
    networks = list(lrr(own))
    assert [sparsity(weights(n)) for n in networks] == pytest.approx([0.5, 0.8, 0.9], abs=1e-3)
    assert all((zeros(a)[n] <= zeros(b)[n]).all() for a, b in pairwise(networks) for n in zeros(a))
    assert all(positive_zeros(n) for n in networks)
    network = own.copy()
    for number, (level, found) in enumerate(zip(own.levels, networks, strict=True)):
        flat = torch.cat([w.abs().flatten() for w in weights(network).values()])
        threshold = flat.kthvalue(round(level * len(flat))).values
        masks = {n: w.abs() > threshold for n, w in weights(network).items()}
        put(prunable(network), masks)
        network = tune(
            network,
            examples(),
            base().preprocessing,
            own.recipe.tuning,
            masks=masks,
            seed=5 + number,
            augmentation=("nudge",),
        )
        assert same(found, network)


def test_the_first_levels_do_not_depend_on_the_later_ones() -> None:
    assert all(same(a, b) for a, b in zip(lrr(task(0.5, 0.8)), lrr(task(0.5, 0.8, 0.9)), strict=False))


def test_it_can_be_stopped_in_its_second_round() -> None:
    """The first network is there by then; nothing of the second is."""
    said: list[str] = []

    def report(fraction: float, message: str) -> None:
        said.append(message)
        if fraction > 0.7:
            raise Stopped

    rounds = lrr(task(0.5, 0.8, epochs=4, report=report))
    assert sparsity(weights(next(rounds))) == pytest.approx(0.5, abs=1e-3)
    with pytest.raises(Stopped):
        next(rounds)
    assert "round 2 of 2, epoch 2 of 4" in said[-1]
    with pytest.raises(Stopped):
        next(lrr(task(0.5, report=stop_after(0))))
