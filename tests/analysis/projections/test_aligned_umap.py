import warnings

import numpy as np
import pytest
from scipy.spatial import procrustes

from analysis.errors import NotApplicable
from analysis.projections.checking import laid_out_jointly, project_jointly
from analysis.projections.registry import Given

SHORT = {"n_epochs": 40}


def rotated(features: np.ndarray) -> np.ndarray:
    return (features @ np.linalg.qr(np.random.default_rng(0).normal(size=(64, 64)))[0]).astype(np.float32)


@pytest.mark.slow
def test_coordinates_equal_the_librarys(some: np.ndarray) -> None:
    import numba

    asked = {"n_neighbors": 8, "alignment_regularisation": 0.05, "alignment_window_size": 2, **SHORT}
    found = project_jointly("aligned_umap", [some, some[:, :40]], Given(seed=3), asked)
    itself = {i: i for i in range(len(some))}
    threads = numba.get_num_threads()
    numba.set_num_threads(1)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            from umap import AlignedUMAP

            theirs = AlignedUMAP(random_state=3, transform_seed=3, **asked).fit(
                [some, some[:, :40]], relations=[itself]
            )
    finally:
        numba.set_num_threads(threads)
    for mine, their in zip(found, theirs.embeddings_, strict=True):
        np.testing.assert_array_equal(mine.points, their)


@pytest.mark.slow
def test_a_rotated_copy_stays_beside_itself(digits: tuple[np.ndarray, np.ndarray]) -> None:
    features = digits[0][:300]
    one, other = project_jointly("aligned_umap", [features, rotated(features)], Given())
    radius = np.sqrt(((one.points - one.points.mean(axis=0)) ** 2).sum(axis=1).mean())
    moved = np.linalg.norm(one.points - other.points, axis=1) / radius
    assert np.median(moved) < 0.1
    assert procrustes(one.points, other.points)[2] < 0.05


@pytest.mark.slow
def test_samples_that_any_set_lacks_are_left_out_of_all(some: np.ndarray) -> None:
    broken = rotated(some)
    broken[7, 3] = np.nan
    one, other = laid_out_jointly("aligned_umap", [some, broken], Given(), SHORT)
    for laid in (one, other):
        assert np.flatnonzero(np.isnan(laid.points).any(axis=1)).tolist() == [7]
        assert laid.fitted == len(some) - 1
    assert one.remarks == ()
    assert "1 of 120 samples are not drawn" in other.remarks[0]


def test_what_it_cannot_lay(some: np.ndarray) -> None:
    with pytest.raises(NotApplicable, match="two or more sets"):
        project_jointly("aligned_umap", [some], Given())
    with pytest.raises(NotApplicable, match="20 samples or more; there are 12"):
        project_jointly("aligned_umap", [some[:12], some[:12]], Given())
    with pytest.raises(NotApplicable, match="of the same samples; their numbers are 120, 119"):
        project_jointly("aligned_umap", [some, some[1:]], Given())
