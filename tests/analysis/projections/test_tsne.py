from typing import Any

import numpy as np
import pytest
from openTSNE import TSNE

from analysis.errors import Cancelled, NotApplicable
from analysis.projections.checking import project
from analysis.projections.prepared import directions
from analysis.projections.registry import Given

SHORT = {"n_iter": 50}


@pytest.mark.parametrize(("metric", "dims"), [("euclidean", 2), ("manhattan", 2), ("euclidean", 3)])
def test_coordinates_equal_the_librarys(some: np.ndarray, metric: str, dims: int) -> None:
    asked = {"perplexity": 12.0, "metric": metric, **SHORT}
    theirs: Any = TSNE(n_components=dims, neighbors="exact", random_state=7, **asked).fit(some.astype(np.float64))
    found = project("tsne", some, Given(dims=dims, seed=7), asked)
    np.testing.assert_array_equal(found.points, np.asarray(theirs, np.float32))


@pytest.mark.parametrize(("metric", "centred"), [("cosine", False), ("correlation", True)])
def test_directions_are_compared_by_the_chord_between_them(some: np.ndarray, metric: str, centred: bool) -> None:
    one = project("tsne", some, Given(), {"metric": metric, **SHORT}).points
    other = project("tsne", directions(some, centred=centred), Given(), SHORT).points
    np.testing.assert_array_equal(one, other)
    lengths = np.random.default_rng(0).choice([0.5, 1, 2, 4], (len(some), 1)).astype(np.float32)
    np.testing.assert_array_equal(project("tsne", some * lengths, Given(), {"metric": metric, **SHORT}).points, one)


@pytest.mark.parametrize("samples", [4, 7, 20])
def test_few_samples_lower_the_usual_perplexity(some: np.ndarray, samples: int) -> None:
    found = project("tsne", some[:samples], Given(dims=3), SHORT)
    assert np.isfinite(found.points).all()
    assert found.remarks == (f"'perplexity' is {(samples - 1) // 3}, not 30: {samples} samples allow no more.",)


def test_above_the_exact_search_neighbours_are_approximate(some: np.ndarray, monkeypatch: pytest.MonkeyPatch) -> None:
    exact = project("tsne", some, Given(), SHORT)
    monkeypatch.setattr("analysis.projections.methods.tsne.EXACT", 100)
    near = project("tsne", some, Given(), SHORT)
    again = project("tsne", some, Given(), SHORT)
    np.testing.assert_array_equal(near.points, again.points)
    assert np.isfinite(near.points).all()
    assert near.points.shape == exact.points.shape


def test_all_in_one_direction_is_no_picture_of_directions() -> None:
    line = np.arange(1, 41, dtype=np.float32)[:, None] * np.array([[1, 2, 3]], np.float32)
    with pytest.raises(NotApplicable, match="t-SNE found no place for 40 of 40 samples"):
        project("tsne", line * 0 + np.arange(40, dtype=np.float32)[:, None], Given(), {"metric": "correlation"})


def test_progress_is_told_and_a_wish_to_stop_is_heard(some: np.ndarray) -> None:
    told: list[tuple[float, str]] = []

    def report(done: float, words: str) -> None:
        told.append((done, words))
        if done > 0.5:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        project("tsne", some, Given(report=report))
    assert told[1] == (pytest.approx(0.112), "iteration 10 of 750")
    assert told[-1][0] == pytest.approx(0.508)
