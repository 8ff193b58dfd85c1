import os
import subprocess
import sys
from typing import Any

import numpy as np
import pytest

from analysis.projections.checking import project
from analysis.projections.libraries import one_thread, quiet
from analysis.projections.prepared import directions
from analysis.projections.registry import Given


@pytest.mark.parametrize("dims", [2, 3])
def test_coordinates_equal_the_librarys(some: np.ndarray, dims: int) -> None:
    asked: dict[str, Any] = {"n_neighbors": 8, "MN_ratio": 1.0, "FP_ratio": 3.0}
    found = project("pacmap", some, Given(dims=dims, seed=7), asked)
    with quiet("pacmap"), one_thread():
        from pacmap import PaCMAP

        theirs = PaCMAP(n_components=dims, random_state=7, **asked).fit_transform(some)
    np.testing.assert_array_equal(found.points, theirs)


def test_nothing_is_printed_or_logged(
    some: np.ndarray, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    project("pacmap", some[:12], Given(dims=3))
    assert capfd.readouterr() == ("", "")
    assert caplog.records == []


def test_cosine_compares_directions(some: np.ndarray) -> None:
    one = project("pacmap", some, Given(), {"metric": "cosine"}).points
    np.testing.assert_array_equal(one, project("pacmap", directions(some), Given()).points)


@pytest.mark.parametrize("samples", [4, 5, 7, 20])
@pytest.mark.parametrize("dims", [2, 3])
def test_very_few_samples(some: np.ndarray, samples: int, dims: int) -> None:
    found = project("pacmap", some[:samples], Given(dims=dims))
    assert np.isfinite(found.points).all()
    assert "So few samples leave each one" in found.remarks[-1]


def test_fewer_columns_than_axes(some: np.ndarray) -> None:
    assert np.isfinite(project("pacmap", some[:, 20:21], Given(dims=3)).points).all()


@pytest.mark.slow
def test_torch_and_faiss_live_in_one_process() -> None:
    """Both bring an OpenMP runtime: neither must take the other down, whichever comes first."""
    code = """
import numpy as np, torch
from analysis.projections.checking import project
from analysis.projections.registry import Given
before = torch.randn(300, 300, generator=torch.Generator().manual_seed(0))
square = before @ before
features = np.random.default_rng(0).normal(size=(300, 120)).astype(np.float32)
for name in ("pacmap", "tsne"):
    assert np.isfinite(project(name, features, Given()).points).all()
assert torch.allclose(before @ before, square)
print(torch.get_num_threads())
"""
    usual = {name: value for name, value in os.environ.items() if name != "OMP_NUM_THREADS"}
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=usual, timeout=120, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
