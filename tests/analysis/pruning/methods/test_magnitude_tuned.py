"""One cut, then training: every level from the base."""

import pytest
import torch

from analysis.pruning.layers import sparsity
from analysis.pruning.methods.magnitude_tuned import magnitude_tuned
from tests.analysis.pruning.tasks import Stopped, base, positive_zeros, same, stop_after, task, weights, zeros


def test_the_smallest_weights_of_the_base_are_gone_and_the_others_trained() -> None:
    (found,) = magnitude_tuned(task(0.8))
    assert sparsity(weights(found)) == pytest.approx(0.8, abs=1e-3)
    dense = weights(base().module)
    threshold = torch.cat([w.abs().flatten() for w in dense.values()]).quantile(0.8)
    assert all(torch.equal(gone, dense[name].abs() <= threshold) for name, gone in zeros(found).items())
    assert any(not torch.equal(weights(found)[n][~zeros(found)[n]], w[~zeros(found)[n]]) for n, w in dense.items())
    assert positive_zeros(found)


def test_the_first_levels_do_not_depend_on_the_later_ones() -> None:
    first, _ = magnitude_tuned(task(0.5, 0.8))
    assert same(first, next(magnitude_tuned(task(0.5))))


def test_distilling_reads_the_base() -> None:
    plain, taught = (next(magnitude_tuned(task(0.8, distil=distil))) for distil in (False, True))
    assert not same(plain, taught)
    assert same(taught, next(magnitude_tuned(task(0.8, distil=True))))


def test_it_can_be_stopped() -> None:
    before = weights(base().module)
    with pytest.raises(Stopped):
        list(magnitude_tuned(task(0.8, epochs=30, report=stop_after(2))))
    assert all(torch.equal(before[n], w) for n, w in weights(base().module).items())
