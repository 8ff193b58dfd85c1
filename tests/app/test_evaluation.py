"""The evaluation table as numbers: means over severities, gaps, selections, cells that are missing or failed."""

from pathlib import Path

import numpy as np
import pytest

from analysis.pipelines.sweep_summary import scores
from analysis.store import Store
from analysis.sweeps import Cell, Score, SweepRecord
from app.evaluation import Counted, columns, evaluated, every_cell, offered, ordered
from app.evaluation_rows import table
from tests import sweeps

SWEEP = sweeps.record(3, 3, samples=50)


def cells_of(sweep: SweepRecord, accuracy: np.ndarray) -> dict[tuple[int, int], Cell]:
    """accuracy (M, C), nan where a cell is not there."""
    return {
        (m, c): Cell(m, c, "done", "", sweep.samples, {"accuracy": Score(accuracy[m, c], accuracy[m, c] - 0.1, 1.0)})
        for m, c in np.ndindex(accuracy.shape)
        if np.isfinite(accuracy[m, c])
    }


@pytest.fixture
def accuracy() -> np.ndarray:
    return np.random.default_rng(0).uniform(0.2, 0.9, (3, len(SWEEP.conditions)))


def test_a_column_is_the_mean_over_severities_or_one_of_them(accuracy: np.ndarray) -> None:
    cells = cells_of(SWEEP, accuracy)
    found = evaluated(SWEEP, (0, 2), 0, "accuracy", cells)
    assert [c.corruption for c in found.columns] == ["clean", "gaussian_noise", "shot_noise", "impulse_noise"]
    np.testing.assert_allclose(found.values[:, 0], accuracy[[0, 2], 0])
    np.testing.assert_allclose(found.values[:, 2], accuracy[[0, 2], 6:11].mean(axis=1))
    assert np.isfinite(found.low[:, 0]).all()
    assert np.isnan(found.low[:, 1:]).all()  # a mean of intervals is none
    one = evaluated(SWEEP, (0, 2), 4, "accuracy", cells)
    np.testing.assert_allclose(one.values[:, 2], accuracy[[0, 2], 9])
    np.testing.assert_allclose(one.low[:, 2], accuracy[[0, 2], 9] - 0.1)
    np.testing.assert_allclose(one.mean, accuracy[[0, 2]][:, [4, 9, 14]].mean(axis=1))
    np.testing.assert_allclose(one.levels[1, 2], accuracy[2, 6:11])


def test_what_a_click_means_is_severity_three_where_the_mean_is_shown() -> None:
    assert [c.shows for c in columns(SWEEP, 0)] == [0, 3, 8, 13]
    assert [c.shows for c in columns(SWEEP, 5)] == [0, 5, 10, 15]


def test_error_turns_its_interval_and_a_gap_is_to_the_reference(accuracy: np.ndarray) -> None:
    cells = cells_of(SWEEP, accuracy)
    error = evaluated(SWEEP, (1,), 1, "error", cells)
    np.testing.assert_allclose(error.values[0, 1], 1 - accuracy[1, 1])
    assert error.low[0, 1] <= error.values[0, 1] <= error.high[0, 1]
    gap = evaluated(SWEEP, (0, 1), 1, "gap", cells)
    assert (gap.values[0] == 0).all()
    np.testing.assert_allclose(gap.values[1, 1], accuracy[1, 1] - accuracy[0, 1])


def test_cells_that_lack_or_failed_are_told_apart(accuracy: np.ndarray) -> None:
    accuracy[1, 3], accuracy[2, 6:11] = np.nan, np.nan
    cells = cells_of(SWEEP, accuracy) | {(2, 6): Cell(2, 6, "failed", "out of memory")}
    found = evaluated(SWEEP, (0, 1, 2), 0, "accuracy", cells)
    assert found.states[0] == ("done", "done", "done", "done")
    assert found.states[1] == ("done", "part", "done", "done")
    assert found.states[2] == ("done", "done", "failed", "done")
    assert found.messages == {(2, 2): "out of memory"}
    np.testing.assert_allclose(found.values[1, 1], np.nanmean(accuracy[1, 1:6]))
    assert np.isnan(found.values[2, 2])
    assert np.isnan(found.mean[2])
    empty = evaluated(SWEEP, (0, 1), 0, "accuracy", {})
    assert np.isnan(empty.values).all()
    assert set(empty.states[0]) == {"missing"}


def test_a_selection_is_counted_over_its_samples(tmp_path: Path) -> None:
    with Store.open(tmp_path / "w") as store:
        sweep = sweeps.kept(store, tmp_path / "parts", SWEEP)
        cells = {(c.member, c.condition): c for c in store.sweeps.cells(sweep.sweep_id)}
        chosen = np.array([3, 11, 40])
        accuracy = scores(store, sweep, "accuracy", samples=chosen)[0]
        spread = scores(store, sweep, "var_angle", samples=chosen)[0]
    found = evaluated(sweep, (1,), 2, "accuracy", cells, Counted(accuracy, 3))
    rows = sweeps.rows(sweep, 1, sweep.condition("shot_noise/2") or 0)
    assert found.values[0, 2] == pytest.approx(rows["correct"][chosen].mean())
    assert (found.samples == 3).all()
    values, _, _ = every_cell(sweep, "var_angle", cells, Counted(spread, 3))
    assert values[1, sweep.condition("shot_noise/2") or 0] == pytest.approx(rows["angle"][chosen].var(), rel=1e-5)


def test_corruptions_stand_in_groups_and_strangers_last() -> None:
    names = ["saturate", "fog", "mine", "gaussian_noise", "speckle_noise", "jpeg_compression", "zoom_blur"]
    assert ordered(names) == [
        "gaussian_noise", "zoom_blur", "fog", "jpeg_compression", "speckle_noise", "saturate", "mine",
    ]  # fmt: skip


def test_only_scores_that_cells_have_are_offered(accuracy: np.ndarray) -> None:
    assert offered(cells_of(SWEEP, accuracy)) == ["accuracy", "error", "gap"]
    assert "ece" in offered({(0, 0): Cell(0, 0, scores={"ece": Score(0.1)})})


def test_cells_become_a_table(accuracy: np.ndarray) -> None:
    cells = cells_of(SWEEP, accuracy) | {(2, 6): Cell(2, 6, "failed", "out of memory")}
    found = table(SWEEP, cells, (0, 2)).to_pylist()
    assert len(found) == 2 * len(SWEEP.conditions)
    first = found[0]
    assert (first["model"], first["corruption"], first["severity"]) == ("net", "clean", 0)
    assert first["accuracy"] == pytest.approx(accuracy[0, 0])
    bad = next(row for row in found if row["state"] == "failed")
    assert (bad["model"], bad["corruption"], bad["message"]) == (
        "net-global-magnitude-50",
        "shot_noise",
        "out of memory",
    )
    assert bad["accuracy"] is None
