"""Lottery tickets: what stays goes back to what it was."""

import copy

import pytest
import torch
from torch import nn

from analysis.errors import BadParameter
from analysis.pruning.layers import sparsity
from analysis.pruning.methods.lth import lth
from analysis.pruning.training import TrainTask
from tests.analysis.pruning.tasks import STEPS, Stopped, positive_zeros, same, task, weights, zeros


class Seen:
    """What each training started from and what came of it; of the first, the network after every step too."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.starts: list[nn.Module] = []
        self.ends: list[nn.Module] = []
        self.steps: list[nn.Module] = []
        trained = TrainTask.trained

        def watched(own: TrainTask, network, masks=None, *, watch=None, **more):  # type: ignore[no-untyped-def]
            self.starts.append(copy.deepcopy(network))

            def both(n, step, steps) -> None:  # type: ignore[no-untyped-def]
                self.steps.append(copy.deepcopy(n))
                watch(n, step, steps)

            found = trained(own, network, masks, watch=both if watch else None, **more)
            self.ends.append(copy.deepcopy(found))
            return found

        monkeypatch.setattr(TrainTask, "trained", watched)


def test_what_stays_goes_back_to_step_k(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each start is the network after k steps with the smallest of the last trained weights gone."""
    seen = Seen(monkeypatch)
    own = task(0.5, 0.8, epochs=3)
    networks = list(lth(own, rewind_epochs=1.0))
    assert [sparsity(weights(n)) for n in networks] == pytest.approx([0.5, 0.8], abs=1e-3)
    assert same(seen.starts[0], own.fresh())
    kept = seen.steps[STEPS - 1]
    for start, end, level in zip(seen.starts[1:], seen.ends, own.levels, strict=False):
        flat = torch.cat([w.abs().flatten() for w in weights(end).values()])
        threshold = flat.kthvalue(round(level * len(flat))).values
        for name, weight in weights(start).items():
            stays = weights(end)[name].abs() > threshold
            assert torch.equal(weight, torch.where(stays, weights(kept)[name], 0.0))
        layers = {f"{name}.weight" for name in weights(kept)}
        rest = {k: v for k, v in kept.state_dict().items() if k not in layers}
        assert all(torch.equal(start.state_dict()[k], v) for k, v in rest.items())
    assert all(positive_zeros(n) for n in networks)


def test_rewinding_to_the_very_start(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = Seen(monkeypatch)
    own = task(0.5)
    (found,) = lth(own, rewind_epochs=0.0)
    initial, gone = weights(own.fresh()), zeros(seen.starts[1])
    assert all(torch.equal(w, torch.where(gone[n], 0.0, initial[n])) for n, w in weights(seen.starts[1]).items())
    assert all(torch.equal(zeros(found)[n], gone[n]) for n in gone)


def test_the_first_levels_do_not_depend_on_the_later_ones() -> None:
    first, _ = lth(task(0.5, 0.8))
    assert same(first, next(lth(task(0.5))))
    assert not same(first, next(lth(task(0.5, seed=1))))


def test_rewinding_past_the_end_is_refused() -> None:
    with pytest.raises(BadParameter, match="go back to 2 epochs, and a round has 2"):
        next(lth(task(0.5, epochs=2), rewind_epochs=2.0))


def test_it_can_be_stopped_while_the_dense_network_is_trained() -> None:
    said: list[str] = []

    def report(fraction: float, message: str) -> None:
        said.append(message)
        if fraction > 0.2:
            raise Stopped

    with pytest.raises(Stopped):
        next(lth(task(0.5, 0.8, epochs=5, report=report)))
    assert said[-1].startswith("round 1 of 3")
