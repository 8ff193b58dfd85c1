"""Similarity, local and global geometry on the page: what is drawn of odd sweeps, and what clicks and lassos do."""

from collections.abc import Generator, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.pipelines import sweep as pipeline
from analysis.pipelines.work import run_here
from analysis.store import Store
from analysis.sweeps import Cell
from app import resources
from app.widgets.robustness import global_, local, similarity
from tests import sweeps
from tests.analysis.pipelines.sweep_specimens import dataset

SCRIPT = """
import streamlit as st
from app import frame
from app.views import robustness
st.set_page_config(layout="wide")
page = st.Page(robustness.page, title="Robustness", url_path="robustness", default=True)
st.navigation([page], position="hidden").run()
"""
VIEWS = ("local", "global", "similarity")
FLAT = {"customdata": [0]}

pytestmark = pytest.mark.slow


class Faked:
    """Charts and parallel coordinates that cannot be drawn here: what was given, and buttons in place of a pointer."""

    def __init__(self) -> None:
        self.figures: dict[str, Any] = {}
        self.document: Mapping[str, Any] = {}
        self.selection: Mapping[str, Any] = {}
        self.brushes: dict[str, tuple[float, float]] = {}

    def chart(self, figure: Any, *, key: str = "", on_select: Any = None, **_: Any) -> None:
        self.figures[key] = figure
        if callable(on_select):
            st.button(f"point at {key}", key=f"fake.{key}", on_click=self._point, args=(key, on_select))

    def _point(self, key: str, on_select: Any) -> None:
        st.session_state[key] = {"selection": self.selection}
        on_select()

    def parallel(self, document: Mapping[str, Any], key: str, on_brush: Any) -> None:
        self.document = document
        st.button("brush", key="fake.brush", on_click=lambda: on_brush(self.brushes))


@pytest.fixture
def faked(monkeypatch: pytest.MonkeyPatch) -> Generator[Faked]:
    made = Faked()
    monkeypatch.setattr(st, "plotly_chart", made.chart)
    monkeypatch.setattr(global_, "parallel", made.parallel)
    yield made
    resources.closing().close()
    st.cache_resource.clear()


def opened(workspace: Path, tmp_path: Path, *given: Any, view: str = "local", **changed: Any) -> AppTest:
    with Store.open(workspace) as store:
        sweeps.kept(store, tmp_path / "parts", sweeps.record(*given, **changed))
    return page(view)


def page(view: str, **query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=180)
    for name, value in {"view": view, **query}.items():
        at.query_params[name] = value
    return drawn(at)


def drawn(at: AppTest) -> AppTest:
    """Once the engine has started: until then the similarity waits."""
    at.run()
    if (engine := resources.engine()) is not None:
        engine.wait(120)
        at.run()
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def said(at: AppTest) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption), *(i.value for i in at.info)])


def carried(figure: Any) -> list[tuple[float, int, float]]:
    """x, sample and opacity of all points of a."""
    return [
        (x, int(s), o)
        for t in figure.data
        if t.customdata is not None
        for x, s, o in zip(t.x, t.customdata, t.marker.opacity, strict=True)
    ]


def traces(figure: Any, name: str) -> list[Any]:
    return [t for t in figure.data if t.name == name]


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize(
    "shape",
    [(2, 2, 5, 3), (3, 2, 30, 1), (2, 1, 40, 1000), (1, 1, 1, 2)],
    ids=["five samples", "one class", "a thousand classes", "one of all"],
)
def test_odd_sweeps_are_drawn(workspace, tmp_path, faked, view, shape) -> None:
    at = opened(workspace, tmp_path, *shape, view=view)
    assert faked.figures or faked.document or at.info


@pytest.mark.parametrize("view", VIEWS)
def test_heads_that_are_not_linear_are_said_to_be_so(workspace, tmp_path, faked, view) -> None:
    at = opened(workspace, tmp_path, 3, 2, 30, 4, view=view, linear=False)
    assert "one linear map" in said(at)
    if view == "global":
        assert [axis["id"] for axis in faked.document["axes"]] == ["confidence", "loss"]
    if view == "local":
        assert faked.figures[local.CHART].layout.xaxis.title.text == "Confidence"


@pytest.mark.parametrize("view", VIEWS)
def test_cells_that_failed_or_are_not_there_yet_are_told(workspace, tmp_path, faked, view) -> None:
    record = sweeps.record(2, 2, 20, 3)
    with Store.open(workspace) as store:
        store.sweeps.save(record, np.arange(20), np.zeros(20, np.int64))
        store.sweeps.add(record.sweep_id, [Cell(0, 0, "failed", "It is NaN.")], [])
    at = page(view)
    assert at.info
    if view != "similarity":
        assert "this cell of the sweep failed" in said(at)


def test_a_lasso_selects_what_it_encloses_in_all_views(workspace, tmp_path, faked) -> None:
    at = opened(workspace, tmp_path, 3, 2, 60, 3)
    at_left = sorted(carried(faked.figures[local.CHART]))[:7]
    edge = at_left[-1][0] + 1e-6
    faked.selection = {"lasso": [{"x": [-1, edge, edge, -1], "y": [-99, -99, 99, 99]}], "points": [FLAT]}
    at.button(key=f"fake.{local.CHART}").click()
    drawn(at)
    assert "7 of 60 selected" in said(at)
    assert local.WORDS in said(at)
    bright = {sample for _, sample, opacity in carried(faked.figures[local.CHART]) if opacity > 0.5}
    assert bright == {sample for _, sample, _ in at_left}


def test_a_click_selects_one_and_nothing_clicked_changes_nothing(workspace, tmp_path, faked) -> None:
    at = opened(workspace, tmp_path, 3, 2, 60, 3)
    faked.selection = {"points": [{"customdata": 17}], "lasso": [], "box": []}
    at.button(key=f"fake.{local.CHART}").click()
    drawn(at)
    assert "1 of 60 selected" in said(at)
    faked.selection = {"points": [], "lasso": [], "box": []}
    at.button(key=f"fake.{local.CHART}").click()
    drawn(at)
    assert "1 of 60 selected" in said(at)


def test_classes_narrow_what_is_drawn_and_change_nothing_of_the_selection(workspace, tmp_path, faked) -> None:
    with Store.open(workspace) as store:
        sweeps.kept(store, tmp_path / "parts", sweeps.record(3, 2, 60, 3))
        truth = store.sweeps.truth("made")[1]
    page("local", **{"class": "1"})
    assert len(carried(faked.figures[local.CHART])) == int((truth == 1).sum())


def test_a_brush_selects_what_lies_within(workspace, tmp_path, faked) -> None:
    at = opened(workspace, tmp_path, 3, 2, 60, 3, view="global")
    with_length = sweeps.rows(sweeps.record(3, 2, 60, 3), 0, 0)["length"]
    middle = float(np.median(with_length))
    faked.brushes = {"length": (0.0, middle)}
    at.button(key="fake.brush").click()
    drawn(at)
    assert f"{int((with_length <= middle).sum())} of 60 selected" in said(at)
    assert faked.document["brushes"] == {"length": [0.0, middle]}
    assert len(faked.document["lines"]) == int((with_length <= middle).sum())
    faked.brushes = {}
    at.button(key="fake.brush").click()
    drawn(at)
    assert "All 60 samples" in said(at)


def test_a_click_in_the_map_makes_a_point_the_first_of_the_two(workspace, tmp_path, faked) -> None:
    at = opened(workspace, tmp_path, 3, 2, 60, 3, view="similarity")
    key = f"{similarity.CHART}.map"
    points = traces(faked.figures[key], "points")[0]
    place = next(i for i, text in enumerate(points.text) if "<b>net-global-magnitude-50 · shot noise<" in text)
    faked.selection = {"points": [{"customdata": [place]}]}
    at.button(key=f"fake.{key}").click()
    drawn(at)
    assert at.query_params["a"] == "net-global-magnitude-50"
    assert at.query_params["at"] == "shot_noise/3"
    rings = traces(faked.figures[key], "compared")[0]
    assert rings.text[0] == "<b>a</b>"
    assert rings.x[0] == points.x[place]


@pytest.mark.parametrize(
    ("shown", "points"),
    [("map", "cells"), ("matrix", "variants"), ("tree", "corruptions"), ("redundancy", "cells")],
)
def test_every_sub_view_opens_by_its_address(workspace, tmp_path, faked, shown, points) -> None:
    with Store.open(workspace) as store:
        sweeps.kept(store, tmp_path / "parts", sweeps.record(5, 4, 40, 3))
    at = page("similarity", shown=shown, points=points)
    assert any(key.endswith(shown) for key in faked.figures)
    if shown == "redundancy":
        assert "Kendall" in said(at)


def test_angles_to_all_classes_come_where_the_images_are(workspace, faked) -> None:
    with Store.open(workspace) as store:
        data = dataset(workspace, store=store)
        given = {"models": ("digits-cnn",), "corruptions": ("gaussian_noise",), "severities": (3,), "limit": 50}
        run_here(store, workspace, "sweep", pipeline.asked(store, workspace, dataset=data, **given))
    at = page("global")
    for _ in range(40):
        if len(faked.document["axes"]) > 10:
            break
        for job in [*resources.loading().list(), *resources.jobs().list()]:
            job.wait(60)
        drawn(at)
    assert [axis["id"] for axis in faked.document["axes"][:10]] == [f"class {i}" for i in range(10)]
    assert all(None not in line for line in faked.document["outline"])  # those of b came too
    assert "cannot be computed" not in said(at)
