from dataclasses import replace

import numpy as np
import pytest

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.checking import laid_out, laid_out_jointly, project, project_jointly, usable
from analysis.projections.registry import Given
from models.errors import UnknownName

SHORT = {"n_iter": 50}


def test_rows_that_are_not_finite_are_found_and_said(some: np.ndarray) -> None:
    broken = some.copy()
    broken[3, 1], broken[5, 2], broken[8, 0], broken[9] = np.nan, np.inf, -np.inf, 1e30
    found = usable(broken)
    assert np.flatnonzero(~found.rows).tolist() == [3, 5, 8, 9]
    assert found.remarks == ("4 of 120 samples are not drawn: their features are not finite, or too large to compare.",)
    assert usable(some).remarks == ()


@pytest.mark.parametrize(
    ("features", "words"),
    [
        (np.arange(6.0).reshape(3, 2), "at least 4 samples, and there are 3. Add"),
        (np.vstack([np.eye(3), np.full((2, 3), np.nan)]), r"there are 3 \(2 more have features that are not finite"),
        (np.full((50, 8), 3.0), "All 50 samples have the same features"),
        (np.vstack([np.ones((50, 2)), [[np.nan, 0]]]), "All 50 samples have the same features"),
        (np.zeros((5, 0)), "got one of 5 x 0"),
        (np.zeros(5), "got one of 5"),
        (np.zeros((0, 4)), "got one of 0 x 4"),
    ],
)
def test_what_holds_no_picture(features: np.ndarray, words: str) -> None:
    for ask in (usable, lambda f: project("pca", f, Given()), lambda f: laid_out("umap", f, Given())):
        with pytest.raises(NotApplicable, match=words):
            ask(features)


@pytest.mark.parametrize(
    ("name", "params", "words"),
    [
        ("umap", {"metric": "eulcidean"}, "'metric' takes one of euclidean, cosine, .*got 'eulcidean'"),
        ("umap", {"neighbours": 3}, "no parameter 'neighbours'; it has: metric, n_neighbors"),
        ("umap", {"n_neighbors": 120}, "'n_neighbors' is 120, and 120 samples allow at most 119"),
        ("umap", {"n_neighbors": 1}, "from 2 to 200, got 1"),
        ("pacmap", {"n_neighbors": 150}, "120 samples allow at most 119"),
        ("tsne", {"perplexity": 40}, "'perplexity' is 40, and 120 samples allow at most 39"),
        ("tsne", {"perplexity": "many"}, "a number from 1 to 500, got 'many'"),
        ("lda", {"shrinkage": "0.3"}, "one of auto, none"),
    ],
)
def test_parameters_that_cannot_be(some: np.ndarray, known: Given, name: str, params: dict, words: str) -> None:
    with pytest.raises(BadParameter, match=words):
        project(name, some, known, params)
    with pytest.raises(BadParameter, match=words):
        laid_out(name, some, known, params)


def test_a_usual_value_is_lowered_where_samples_are_few(some: np.ndarray) -> None:
    lowered = project("tsne", some[:31], Given(), {"perplexity": 30.0, **SHORT})
    assert lowered.remarks == ("'perplexity' is 10, not 30: 31 samples allow no more.",)
    asked = project("tsne", some[:31], Given(), {"perplexity": 10, **SHORT})
    np.testing.assert_array_equal(lowered.points, asked.points)


def test_unknown_methods_and_those_of_another_kind(some: np.ndarray) -> None:
    with pytest.raises(UnknownName, match=r"projection named 'ump'.*umap"):
        project("ump", some, Given())
    with pytest.raises(NotApplicable, match="Aligned UMAP lays out several sets"):
        laid_out("aligned_umap", some, Given())
    with pytest.raises(NotApplicable, match="PCA lays out one set"):
        project_jointly("pca", [some, some], Given())
    with pytest.raises(NotApplicable, match="their numbers are none"):
        laid_out_jointly("aligned_umap", [], Given())


def test_labels_are_of_the_samples(some: np.ndarray, known: Given) -> None:
    with pytest.raises(BadParameter, match="119 samples and 120 labels"):
        project("pca", some[1:], known)


def test_one_method_takes_finite_features_only(some: np.ndarray) -> None:
    broken = some.copy()
    broken[3] = np.nan
    with pytest.raises(NotApplicable, match="1 of 120 samples have features that are not finite"):
        project("pca", broken, Given())


@pytest.mark.parametrize("name", ["pca", "lda", "class_directions", "tsne", "pacmap"])
def test_unusable_rows_stay_empty_and_change_nothing(some: np.ndarray, known: Given, name: str) -> None:
    broken, good = some.copy(), np.arange(len(some)) % 30 != 4
    broken[~good] = np.nan
    labels = known.labels
    assert labels is not None
    laid = laid_out(name, broken, known)
    alone = project(name, some[good], replace(known, labels=labels[good]))
    np.testing.assert_array_equal(laid.points[good], alone.points)
    assert np.isnan(laid.points[~good]).all()
    assert laid.fitted_rows.tolist() == np.flatnonzero(good).tolist()
    assert laid.fitted_rows.dtype == np.int64
    assert (laid.fitted, laid.axes) == (116, alone.axes)
    assert laid.placing == ("transform" if name in ("pca", "lda", "class_directions") else "neighbours")
    assert laid.remarks[0].startswith("4 of 120 samples are not drawn")


@pytest.mark.parametrize(("name", "how"), [("pca", "by the same map"), ("tsne", "between their nearest neighbours")])
def test_of_too_many_a_part_is_laid_and_the_rest_placed(
    digits: tuple[np.ndarray, np.ndarray], name: str, how: str
) -> None:
    features = digits[0][:600].copy()
    features[11] = np.nan
    told: list[float] = []
    given = Given(seed=3, report=lambda done, words: told.append(done))
    laid = laid_out(name, features, given, SHORT if name == "tsne" else None, most=200)
    assert laid.fitted == len(laid.fitted_rows) == 200
    assert np.flatnonzero(np.isnan(laid.points).any(axis=1)).tolist() == [11]
    assert f"200 samples, drawn evenly, were laid out; 399 were placed {how}." in laid.remarks
    drawn = project(name, features[laid.fitted_rows], Given(seed=3), SHORT if name == "tsne" else None)
    np.testing.assert_array_equal(laid.points[laid.fitted_rows], drawn.points)
    assert told == sorted(told)
    assert told[-1] == 1
    other = laid_out("pca", features, Given(seed=4), most=200)
    assert set(other.fitted_rows) != set(laid.fitted_rows)
    thirds = np.histogram(laid.fitted_rows, bins=3, range=(0, 600))[0]
    assert thirds.min() > 40


@pytest.mark.slow
@pytest.mark.parametrize("metric", ["euclidean", "cosine", "correlation", "manhattan"])
def test_very_many_are_placed_by_approximate_neighbours(
    digits: tuple[np.ndarray, np.ndarray], metric: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = {"metric": metric, **SHORT}
    exact = laid_out("tsne", digits[0], Given(), asked, most=600)
    monkeypatch.setattr("analysis.projections.filling.TABLE", 0)
    near = laid_out("tsne", digits[0], Given(), asked, most=600)
    apart = np.linalg.norm(near.points - exact.points, axis=1)
    assert np.isfinite(apart).all()
    assert (apart < 1e-3 * np.ptp(exact.points)).mean() > 0.9
