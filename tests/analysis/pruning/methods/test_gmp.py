"""Gradual magnitude: the schedule, and what it does while the network learns."""

import pytest

from analysis.pruning.layers import sparsity
from analysis.pruning.methods.gmp import cubic, gmp
from analysis.pruning.training import TrainTask
from tests.analysis.pruning.tasks import base, positive_zeros, same, task, weights, zeros


@pytest.mark.parametrize(("part", "expected"), [(0.0, 0.1), (0.5, 0.8), (0.25, 0.9 - 0.8 * 27 / 64), (1.0, 0.9)])
def test_the_cubic_schedule(part: float, expected: float) -> None:
    """Zhu & Gupta 2017, eq. 1, from 10 % to 90 %: s_f + (s_i - s_f)(1 - t)^3."""
    assert cubic(part, 0.1, 0.9) == pytest.approx(expected)


def test_the_sparsity_follows_the_schedule_to_the_tail(monkeypatch: pytest.MonkeyPatch) -> None:
    """12 steps, cut after every second one up to the ninth, which is the last of the cutting."""
    reached: list[float] = []
    trained = TrainTask.trained

    def watched(self: TrainTask, network, *args, watch, **more):  # type: ignore[no-untyped-def]
        def both(n, step, steps) -> None:  # type: ignore[no-untyped-def]
            watch(n, step, steps)
            reached.append(sparsity(weights(n)))

        return trained(self, network, *args, watch=both, **more)

    monkeypatch.setattr(TrainTask, "trained", watched)
    (found,) = gmp(task(0.9, epochs=4), tail=0.25, every=2)
    cuts = [0.9 * (1 - (1 - step / 9) ** 3) for step in (2, 4, 6, 8)]
    expected = [0.0, *(level for level in cuts for _ in range(2))][:8] + [0.9] * 4
    assert reached == pytest.approx([0.0, *[c for c in cuts for _ in (0, 1)][:7], 0.9, 0.9, 0.9, 0.9], abs=1e-3)
    assert reached == pytest.approx(expected, abs=1e-3)
    assert sparsity(weights(found)) == pytest.approx(0.9, abs=1e-3)
    assert positive_zeros(found)


def test_what_is_cut_stays_cut_over_the_levels() -> None:
    low, high = gmp(task(0.5, 0.9, epochs=2), every=1)
    assert [sparsity(weights(n)) for n in (low, high)] == pytest.approx([0.5, 0.9], abs=1e-3)
    assert all((zeros(low)[n] <= zeros(high)[n]).all() for n in zeros(low))


def test_the_first_levels_do_not_depend_on_the_later_ones_and_the_base_is_left_alone() -> None:
    before = weights(base().module)
    first, _ = gmp(task(0.5, 0.9), every=1)
    assert same(first, next(gmp(task(0.5), every=1)))
    assert all((before[n] == w).all() for n, w in weights(base().module).items())
