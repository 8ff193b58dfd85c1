"""Optimal brain surgeon: exact in one step, the textbook over all steps, patterns, better than zeroing."""

import numpy as np
import pytest
import torch
from torch import Tensor

from analysis.pruning.methods.obs import obs

ROWS, COLUMNS = 6, 16


def problem(seed: int = 0, columns: int = COLUMNS, rows: int = ROWS) -> tuple[Tensor, Tensor, Tensor]:
    """Weights, correlated inputs (K, n), and 2 X X^T, float64."""
    generator = torch.Generator().manual_seed(seed)
    mixing = torch.randn(columns, columns, generator=generator, dtype=torch.float64)
    inputs = mixing @ torch.randn(columns, 200, generator=generator, dtype=torch.float64)
    weight = torch.randn(rows, columns, generator=generator, dtype=torch.float64)
    return weight, inputs, 2 * inputs @ inputs.T


def damped(hessian: Tensor, damping: float = 0.01) -> np.ndarray:
    return (hessian + damping * hessian.diagonal().mean() * torch.eye(len(hessian))).numpy()


def textbook(weight: Tensor, hessian: Tensor, gone: np.ndarray) -> np.ndarray:
    """Hassibi & Stork 1993, eq. 5, a column after the other, among the columns from there on, by dense inverses."""
    found, whole = weight.numpy().copy(), damped(hessian)
    for row in range(len(found)):
        for column in range(found.shape[1]):
            if gone[row, column]:
                inverse = np.linalg.inv(whole[column:, column:])
                found[row, column:] -= found[row, column] / inverse[0, 0] * inverse[0]
                found[row, column] = 0
    return found


def test_one_weight_is_the_surgeons_own_choice_and_update() -> None:
    """Sparsity 1 / K in one row: the weight of least w^2 / (2 [H^-1]_qq); here it stands first, so all may change."""
    weight, _, hessian = problem(3, rows=1)
    inverse = np.linalg.inv(damped(hessian))
    weight[0, 0] = 1e-3
    found = obs(weight, hessian, 1 / COLUMNS)
    saliency = weight.numpy()[0] ** 2 / (2 * inverse.diagonal())
    assert saliency.argmin() == 0
    expected = weight.numpy()[0] - weight.numpy()[0, 0] / inverse[0, 0] * inverse[0]
    expected[0] = 0
    np.testing.assert_allclose(found[0], expected, rtol=1e-9, atol=1e-12)


def test_the_update_is_the_least_squares_solution_for_one_row() -> None:
    """With the first half of the columns gone, the others are what minimises the damped squared error."""
    weight, _, hessian = problem(4, rows=1)
    weight[0, :8] = 1e-4 * weight[0, :8]  # so that they are chosen
    found = obs(weight, hessian, 0.5)
    assert bool((found[0, :8] == 0).all())
    whole = damped(hessian)
    original = weight.numpy()[0]
    solution = original[8:] + np.linalg.solve(whole[8:, 8:], whole[8:, :8] @ original[:8])
    np.testing.assert_allclose(found[0, 8:], solution, rtol=1e-8)


@pytest.mark.parametrize("block", [1, 4, 5, 16, 128])
@pytest.mark.parametrize("sparsity", [0.3, 0.5, 0.9])
def test_whatever_the_blocks_the_weights_are_the_textbooks(block: int, sparsity: float) -> None:
    weight, _, hessian = problem()
    found = obs(weight, hessian, sparsity, block=block)
    gone = (found == 0).numpy()
    assert gone.sum() == round(sparsity * weight.numel())
    np.testing.assert_allclose(found, textbook(weight, hessian, gone), rtol=1e-6, atol=1e-8)


def test_within_one_block_the_cheapest_go() -> None:
    """SparseGPT, algorithm 1: w^2 over the squared diagonal of the Cholesky factor of the inverse."""
    weight, _, hessian = problem(1)
    factor = np.linalg.cholesky(np.linalg.inv(damped(hessian))).T  # lower L with L L^T; its transpose is upper
    upper = torch.linalg.cholesky(torch.from_numpy(np.linalg.inv(damped(hessian))), upper=True).numpy()
    np.testing.assert_allclose(factor, upper, rtol=1e-9)
    costs = (weight.numpy() / upper.diagonal()) ** 2
    cheapest = np.argsort(costs, axis=None)[: weight.numel() // 2]
    gone = np.flatnonzero(obs(weight, hessian, 0.5) == 0)
    assert set(gone) == set(cheapest)


@pytest.mark.parametrize(("n", "m"), [(2, 4), (4, 8), (1, 4)])
@pytest.mark.parametrize("block", [3, 128])
def test_patterns(n: int, m: int, block: int) -> None:
    weight, _, hessian = problem()
    found = obs(weight, hessian, 0.0, (n, m), block=block)
    kept = (found != 0).unflatten(1, (-1, m)).sum(2)
    assert torch.equal(kept, torch.full_like(kept, n))
    np.testing.assert_allclose(found, textbook(weight, hessian, (found == 0).numpy()), rtol=1e-6, atol=1e-8)


def test_the_output_changes_less_than_when_weights_are_only_zeroed() -> None:
    weight, inputs, hessian = problem(5, columns=64, rows=12)

    def error(other: Tensor) -> float:
        return float(((weight - other) @ inputs).square().sum())

    found = obs(weight, hessian, 0.5)
    same_mask = weight.masked_fill(found == 0, 0.0)
    magnitude = weight * (weight.abs() > weight.abs().median())
    best = torch.zeros_like(weight)  # each row by least squares on what is left
    for row in range(len(weight)):
        left = found[row] != 0
        solved = torch.linalg.lstsq(inputs[left].T, weight[row] @ inputs).solution
        best[row, left] = solved
    assert error(best) * (1 - 1e-9) <= error(found) < 0.75 * error(same_mask)
    assert error(found) < 0.9 * error(magnitude)


def test_earlier_zeros_stay_and_count() -> None:
    weight, _, hessian = problem(6)
    earlier = torch.zeros_like(weight, dtype=torch.bool)
    earlier[:, ::4] = True
    found = obs(weight.masked_fill(earlier, 0.0), hessian, 0.5)
    assert not found[earlier].any()
    assert int((found == 0).sum()) == weight.numel() // 2


def test_inputs_that_are_always_zero_go_first_and_break_nothing() -> None:
    weight, inputs, _ = problem(7)
    inputs[3] = 0
    found = obs(weight, 2 * inputs @ inputs.T, 1 / COLUMNS)
    assert not found[:, 3].any()
    assert int((found == 0).sum()) == ROWS
    assert bool(torch.isfinite(obs(weight, torch.zeros(COLUMNS, COLUMNS), 0.5)).all())


def test_zeros_are_positive_and_the_input_is_left() -> None:
    weight, _, hessian = problem(8)
    before, hessian_before = weight.clone(), hessian.clone()
    found = obs(weight, hessian, 0.5)
    assert not torch.signbit(found[found == 0]).any()
    assert torch.equal(weight, before)
    assert torch.equal(hessian, hessian_before)
