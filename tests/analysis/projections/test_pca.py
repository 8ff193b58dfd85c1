from dataclasses import replace

import numpy as np
import pytest
from scipy.spatial import procrustes
from sklearn.decomposition import PCA

from analysis.projections.checking import laid_out, project
from analysis.projections.methods import pca as module
from analysis.projections.methods.pca import linear
from analysis.projections.registry import Given


def test_equals_scikit_learn_up_to_sign(digits: tuple[np.ndarray, np.ndarray]) -> None:
    features, _ = digits
    found = project("pca", features, Given(dims=3))
    peer = PCA(3, svd_solver="full").fit(features)
    theirs = peer.transform(features)
    signs = np.sign((found.points * theirs).sum(axis=0))
    np.testing.assert_allclose(found.points, theirs * signs, atol=1e-3)
    assert found.axes == tuple(f"PC {i + 1} ({100 * r:.0f} %)" for i, r in enumerate(peer.explained_variance_ratio_))


def test_the_largest_weight_is_positive(some: np.ndarray) -> None:
    placer = project("pca", some, Given(dims=3)).placer
    assert placer is not None
    largest = np.abs(placer.matrix).argmax(axis=0)
    assert (placer.matrix[largest, range(3)] > 0).all()


def test_a_rotated_copy_is_the_same_picture(digits: tuple[np.ndarray, np.ndarray]) -> None:
    features, _ = digits
    rotation = np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]
    one = project("pca", features, Given()).points.astype(np.float64)
    other = project("pca", (features @ rotation + 5).astype(np.float32), Given()).points.astype(np.float64)
    np.testing.assert_allclose(np.abs(one), np.abs(other), atol=1e-2)
    assert procrustes(one, other)[2] < 1e-9


def test_fewer_columns_than_axes_are_said(some: np.ndarray) -> None:
    found = project("pca", some[:, 20:22], Given(dims=3))
    assert (found.points[:, 2] == 0).all()
    assert found.axes[2] == "PC 3 (0 %)"
    assert "only 2 numbers" in found.remarks[0]


def test_columns_of_different_units_are_brought_to_one(some: np.ndarray) -> None:
    scaled = some * np.where(np.arange(64) == 20, 1000, 1).astype(np.float32)
    plain, even = (project("pca", f, Given(), {"standardise": True}).points for f in (some, scaled))
    np.testing.assert_allclose(even, plain, rtol=1e-3, atol=1e-3)
    assert project("pca", scaled, Given()).axes[0] == "PC 1 (100 %)"


def test_values_far_from_zero_keep_their_differences(some: np.ndarray) -> None:
    far = (some * 64 + 1e6).astype(np.float32)  # whole numbers up to 2^24 are exact
    np.testing.assert_allclose(
        project("pca", far, Given()).points, project("pca", some * 64, Given()).points, atol=1e-2
    )


def test_of_many_samples_a_part_finds_the_directions(
    digits: tuple[np.ndarray, np.ndarray], monkeypatch: pytest.MonkeyPatch
) -> None:
    features, _ = digits
    whole = project("pca", features, Given())
    monkeypatch.setattr(module, "WORK", 1.0)
    monkeypatch.setattr(module, "DRAWN", 900)
    part = project("pca", features, Given())
    assert part.remarks == ("The directions were found from 900 of 1,797 samples, drawn evenly.",)
    assert procrustes(whole.points, part.points)[2] < 0.02


def test_very_wide_features_by_iteration(some: np.ndarray) -> None:
    wide = np.random.default_rng(0).normal(size=(64, 3000)).astype(np.float32)
    found = project("pca", some @ wide, Given())
    theirs = PCA(2, svd_solver="full").fit_transform((some @ wide).astype(np.float64))
    signs = np.sign((found.points * theirs).sum(axis=0))
    np.testing.assert_allclose(found.points, theirs * signs, atol=1e-3 * np.abs(theirs).max())


def test_new_samples_are_placed_by_the_same_map(some: np.ndarray) -> None:
    placer = project("pca", some[:100], Given()).placer
    peer = PCA(2, svd_solver="full").fit(some[:100])
    assert placer is not None
    np.testing.assert_allclose(np.abs(linear(some[100:], placer)), np.abs(peer.transform(some[100:])), atol=1e-3)


def test_a_memory_mapped_table_is_read_in_blocks(some: np.ndarray, tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    np.save(tmp_path / "features.npy", some)
    straight = laid_out("pca", some, replace(Given(), dims=2)).points
    monkeypatch.setattr("analysis.projections.prepared.BLOCK", 64 * 7)
    mapped = laid_out("pca", np.load(tmp_path / "features.npy", mmap_mode="r"), Given()).points
    np.testing.assert_allclose(mapped, straight, atol=1e-4)
