"""Orders of the evaluation table: families, columns up and down, neighbours that are alike."""

from dataclasses import replace

import numpy as np
import pytest

from analysis.sweeps import VALUES, Grouped, Member
from app.evaluation import Evaluation, evaluated
from app.evaluation_order import by_family, clustered, order
from tests import sweeps
from tests.app.test_evaluation import cells_of

SWEEP = sweeps.record(3, 2, samples=10)


@pytest.fixture
def found() -> Evaluation:
    accuracy = np.full((3, len(SWEEP.conditions)), 0.5)
    accuracy[:, 6:11] = [[0.3], [np.nan], [0.9]]
    return evaluated(SWEEP, (0, 1, 2), 0, "accuracy", cells_of(SWEEP, accuracy))


@pytest.mark.parametrize(
    ("sort", "rows"),
    [
        ("shot_noise", (0, 2, 1)),
        ("-shot_noise", (2, 0, 1)),  # what has no number is last, both ways
        ("name", (0, 2, 1)),
        ("-name", (1, 2, 0)),
        ("", (0, 1, 2)),
        ("nonsense", (0, 1, 2)),
        ("mce", (2, 1, 0)),
    ],
)
def test_rows_are_sorted(found: Evaluation, sort: str, rows: tuple[int, ...]) -> None:
    made = order(SWEEP, found, sort, None, {"mce": np.array([3.0, 2.0, 1.0])})
    assert made.rows == rows
    assert made.columns == (0, 1, 2)


def test_families_stand_together_the_reference_first_decks_last() -> None:
    def member(name: str, method: str, sparsity: float | None, kind: str = "model") -> Member:
        return Member(name, name, kind, method=method, sparsity=sparsity)  # pyright: ignore[reportArgumentType]

    members = (
        member("deck", "", None, "deck"), member("x-90", "snip", 0.9), member("y-50", "lrr", 0.5),
        member("x-50", "snip", 0.5), member("other", "", None), member("base", "", None),
    )  # fmt: skip
    sweep = replace(SWEEP, members=members, reference="base")
    assert [members[i].name for i in by_family(sweep, range(6))] == ["base", "other", "x-50", "x-90", "y-50", "deck"]


def test_rows_and_columns_alike_become_neighbours() -> None:
    sweep = sweeps.record(6, 4, samples=10)
    members, conditions = 6, len(sweep.conditions)
    kind = np.array([0, 1, 0, 1, 0, 1])[:, None]  # of members
    harm = np.array([0.0, *np.repeat([0, 1, 0, 1], 5)])[None]  # of conditions
    margin = 4.0 * kind + 2.0 * harm + 0.01 * np.random.default_rng(0).normal(size=(members, conditions))
    nothing = np.full((members, conditions), np.nan)
    grouped = Grouped(
        np.full((members, conditions), 10), np.full((members, conditions), 5),
        {n: margin if n == "margin" else nothing for n in VALUES}, {},
    )  # fmt: skip
    found = evaluated(sweep, range(members), 0, "accuracy", cells_of(sweep, np.full((members, conditions), 0.5)))
    rows, columns = clustered(found, grouped)
    assert {frozenset(rows[:3]), frozenset(rows[3:])} == {frozenset({0, 2, 4}), frozenset({1, 3, 5})}
    assert columns[0] == 0  # clean stays
    assert {frozenset(columns[1:3]), frozenset(columns[3:])} == {frozenset({1, 3}), frozenset({2, 4})}


def test_one_variant_without_a_linear_head_can_be_clustered() -> None:
    sweep = sweeps.record(1, 2, linear=False)
    shape = (1, len(sweep.conditions))
    nothing = np.full(shape, np.nan)
    grouped = Grouped(np.full(shape, 10), np.full(shape, 5), dict.fromkeys(VALUES, nothing), {})
    found = evaluated(sweep, (0,), 0, "accuracy", cells_of(sweep, np.full(shape, 0.5)))
    assert clustered(found, grouped) == ((0,), (0, 1, 2))
