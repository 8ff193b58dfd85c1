from dataclasses import replace

import numpy as np
import pytest
from sklearn.discriminant_analysis import LinearDiscriminantAnalysis

from analysis.errors import NotApplicable
from analysis.projections.checking import project
from analysis.projections.methods import lda as module
from analysis.projections.methods.pca import linear
from analysis.projections.registry import Given


@pytest.mark.parametrize(("shrinkage", "asked"), [("auto", {"solver": "eigen", "shrinkage": "auto"}), ("none", {})])
def test_equals_scikit_learn_up_to_sign(
    digits: tuple[np.ndarray, np.ndarray], shrinkage: str, asked: dict[str, str]
) -> None:
    features, labels = digits
    found = project("lda", features, Given(labels=labels), {"shrinkage": shrinkage})
    peer = LinearDiscriminantAnalysis(n_components=2, **asked).fit(features.astype(np.float64), labels)
    theirs = peer.transform(features.astype(np.float64))
    theirs -= theirs.mean(axis=0)
    signs = np.sign((found.points * theirs).sum(axis=0))
    np.testing.assert_allclose(found.points, theirs * signs, atol=1e-3)
    if shrinkage == "none":
        shares = peer.explained_variance_ratio_
        assert found.axes == tuple(
            f"LD {i + 1} ({100 * r:.0f} % of what parts the classes)" for i, r in enumerate(shares)
        )


def test_samples_without_a_class_have_no_say_and_are_laid(some: np.ndarray, known: Given) -> None:
    assert known.labels is not None
    labels = np.where(np.arange(len(some)) < 100, known.labels, -1)
    found = project("lda", some, replace(known, labels=labels))
    alone = project("lda", some[:100], replace(known, labels=known.labels[:100]))
    np.testing.assert_allclose(found.points[:100], alone.points, atol=1e-5)
    assert "20 samples without a class" in found.remarks[0]
    assert alone.placer is not None
    np.testing.assert_allclose(found.points[100:], linear(some[100:], alone.placer), atol=1e-5)


def test_of_many_samples_a_part_finds_the_directions(
    some: np.ndarray, known: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "DRAWN", 80)
    assert "from 80 of 120 samples" in project("lda", some, known).remarks[0]


@pytest.mark.parametrize(
    ("labels", "dims", "words"),
    [
        (np.zeros(120, np.int64), 2, "2 axes take 3 classes, and the samples here belong to 1"),
        (np.arange(120) % 2, 2, "2 axes take 3 classes"),
        (np.arange(120) % 3, 3, "or two dimensions"),
        (np.full(120, -1), 2, "none of them has one"),
        (np.arange(120), 2, "more samples than classes"),
    ],
)
def test_too_few_classes_are_said(some: np.ndarray, labels: np.ndarray, dims: int, words: str) -> None:
    with pytest.raises(NotApplicable, match=words):
        project("lda", some, Given(dims=dims, labels=labels))


def test_fewer_columns_than_axes(some: np.ndarray, known: Given) -> None:
    with pytest.raises(NotApplicable, match="at least 2 numbers; these have 1"):
        project("lda", some[:, 20:21], known)


@pytest.mark.parametrize("shrinkage", ["auto", "none"])
def test_columns_that_repeat_or_stand_still(some: np.ndarray, known: Given, shrinkage: str) -> None:
    features = np.hstack([some, some, np.ones((120, 3), np.float32)])
    found = project("lda", features, known, {"shrinkage": shrinkage})
    assert np.isfinite(found.points).all()
    assert found.remarks == ("120 samples are few for 131 numbers each: new ones would part less clearly.",)
