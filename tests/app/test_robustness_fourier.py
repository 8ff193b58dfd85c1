"""Fourier heat maps: one scale, zero in the middle, what is missing; and the page that shows and offers them."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.pipelines.fourier_maps import HeatMap, save
from analysis.store import Store
from app import resources
from app.figures.robustness_fourier import Heat, heat_maps, profiles, scale
from tests import sweeps
from tests.app.test_robustness_samples import SCRIPT, said


def heat(name: str, level: float, clean: float = 0.1, extent: int = 5) -> Heat:
    errors = np.full((extent, extent), level)
    errors[extent // 2, extent // 2] = clean
    return Heat(name, errors, clean)


def test_all_maps_have_one_scale_and_zero_in_the_middle() -> None:
    figure = heat_maps([heat("a", 0.3), heat("b", 0.7)], "error", None, 900)
    one, other = figure.data
    assert (one.zmin, one.zmax) == (other.zmin, other.zmax) == (0.1, 0.7)
    assert (one.x0, one.y0, one.dx) == (-2, -2, 1)
    assert np.asarray(one.z)[2, 2] == 0.1
    assert [t.showscale for t in figure.data] == [True, False]
    assert [a.text for a in figure.layout.annotations] == ["a · clean 10.0%", "b · clean 10.0%"]


def test_against_clean_and_against_the_reference() -> None:
    a, b = heat("a", 0.3), heat("b", 0.7, clean=0.2)
    (rise, _) = heat_maps([a, b], "rise", None, 900).data
    np.testing.assert_allclose(np.asarray(rise.z)[0, 0], 0.2)
    own, apart = heat_maps([a, b], "apart", a, 900).data
    assert not np.asarray(own.z).any()
    np.testing.assert_allclose(np.asarray(apart.z)[0, 0], 0.4)
    assert apart.zmin == -apart.zmax
    (other,) = heat_maps([heat("c", 0.5, extent=7)], "apart", a, 900).data
    assert np.isnan(np.asarray(other.z)).all()  # of another size: not to be set against each other


def test_what_is_not_computed_is_empty_and_said() -> None:
    half = heat("a", 0.3)
    half.errors[:2] = np.nan
    figure = heat_maps([half, Heat("b", np.full((5, 5), np.nan), float("nan"))], "error", None, 500)
    titles = [a.text for a in figure.layout.annotations]
    assert titles == ["a · clean 10.0% · 60% done", "b · 0% done"]
    assert scale([np.full((3, 3), np.nan)], "error") == (0.0, 1.0)
    assert scale([], "apart") == (-1.0, 1.0)


@pytest.mark.parametrize("count", [1, 3, 24])
def test_as_many_side_by_side_as_have_room(count: int) -> None:
    figure = heat_maps([heat(f"net {i}", 0.1 * (i % 9 + 1)) for i in range(count)], "error", None, 1340)
    assert len(figure.data) == count
    axes = [trace.yaxis.replace("y", "yaxis") for trace in figure.data]
    rows = {round(figure.layout[axis].domain[0], 6) for axis in axes}
    assert len(rows) == {1: 1, 3: 1, 24: 4}[count]


def test_profiles_are_lines_over_frequency() -> None:
    figure = profiles({"a": np.array([0.1, 0.2, np.nan])}, {"a": "#123456"})
    assert figure.data[0].line.color == "#123456"
    assert list(figure.data[0].x) == [0, 1, 2]


@pytest.fixture
def opened(workspace: Path) -> Generator[Path]:
    yield workspace
    resources.closing().close()
    st.cache_resource.clear()


def drawn() -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    at.query_params["view"] = "fourier"
    at.run()
    assert not at.exception
    assert not at.error
    return at


@pytest.mark.slow
def test_the_page_shows_what_there_is_and_says_what_cannot_be_made(opened: Path) -> None:
    sweep = sweeps.record(3, 1, 20, 3)
    with Store.open(opened) as store:
        sweeps.kept(store, opened / "parts", sweep)
    for member in sweep.members[:2]:
        made = HeatMap(
            errors=np.full((5, 5), 0.4, np.float32), clean=0.1, model=member.name, model_id=member.model_id,
            dataset_id=sweep.dataset_id, dataset_name=sweep.dataset_name, norm=4.0, samples=20, known=20, seed=0,
            image_size=(32, 32), class_map=(0, 1, 2), device="cpu", computed_at=datetime(2026, 1, 1, tzinfo=UTC),
        )  # fmt: skip
        save(opened, made)
    at = drawn()
    assert "norm 4, 20 images" in said(at)
    assert "no map can be computed for" in said(at).replace("\\", "")
    assert sweep.members[2].name in said(at).replace("\\", "")
    assert len(at.get("plotly_chart")) >= 1
