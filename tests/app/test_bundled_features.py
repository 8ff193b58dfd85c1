"""The first visit of the Embeddings and Geometry pages: images are generated, what comes with Cutaway is taken in."""

import time
from collections.abc import Generator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.pipelines import bundling, feature_bundle
from analysis.pipelines.work import run_here
from analysis.store import Store
from app import resources
from app.geometry_choice import Choice, Network, Subject
from app.resources import bundled_features
from app.widgets.geometry import running

SCRIPT = """
import streamlit as st
from app.views import geometry
page = st.Page(geometry.page, title="Geometry", url_path="geometry", default=True)
st.navigation([page], position="hidden").run()
"""
PATIENCE = 180

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _process(workspace: Path) -> Generator[None]:
    yield
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture
def geometry(monkeypatch: pytest.MonkeyPatch) -> AppTest:
    """The Geometry page with what comes with Cutaway."""
    monkeypatch.setattr(resources, "bundled_features", bundled_features)
    return AppTest.from_string(SCRIPT, default_timeout=60)


def said(at: AppTest) -> str:
    at.run()
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption)])


def shown(at: AppTest, text: str) -> str:
    """All that the page says, once it says the text."""
    deadline = time.monotonic() + PATIENCE
    while text not in (found := said(at)):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def kinds() -> list[str]:
    return [job.kind for job in resources.work().jobs()]


def test_the_example_is_there_after_the_first_visit() -> None:
    job = bundled_features()
    assert job is not None
    assert job.wait(120)
    assert (job.state, job.error) == ("done", None)
    assert bundled_features() is None
    assert len(resources.store().embeddings.all()) == len(feature_bundle.MODELS) * len(feature_bundle.METHODS)
    assert kinds() == ["generate"]


def test_geometry_is_full_as_soon_as_it_is_there(geometry: AppTest) -> None:
    assert "Key numbers" not in said(geometry)
    found = shown(geometry, "Key numbers")
    assert "What stands out" in found
    assert "Only one layer" not in found
    assert geometry.query_params["model"] == sorted(feature_bundle.MODELS)
    geometry.query_params["view"] = "similarity"
    assert "Models with each other" in said(geometry)
    deadline = time.monotonic() + PATIENCE
    while resources.engine() is not None and time.monotonic() < deadline:  # work that is begun unasked waits for it
        time.sleep(0.5)
    said(geometry)
    assert kinds() == ["generate"]


def test_numbers_that_come_while_the_page_looks_on_are_seen(
    geometry: AppTest, workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a page has read of a pass without its numbers is not what it shows once these are there."""
    with Store.open(workspace) as store:
        run_here(store, workspace, "generate", bundling.shapes_test())
        with monkeypatch.context() as changed:
            changed.setattr(feature_bundle, "_take_geometry", lambda *_: [])
            feature_bundle.take_in(store, workspace)
        assert len(store.passes()) == len(feature_bundle.MODELS)
    assert "Not measured yet" not in said(geometry)
    shown(geometry, "Key numbers")
    assert kinds() == []


def test_features_that_are_not_measured_are_measured_at_the_head_unasked(workspace: Path) -> None:
    """Those of a model that does not come measured."""
    with Store.open(workspace) as store:
        images = {"kind": "shapes", "name": "few", "params": {"count": 120, "split": "test"}}
        dataset = run_here(store, workspace, "generate", images)["dataset_id"]
        asked = {"model": "shapes-cnn-lrr-95", "dataset": dataset, "taps": ["penultimate"]}
        run_here(store, workspace, "predict", asked)
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    found = shown(at, "Key numbers")
    assert "Only one layer is measured so far." in found
    assert kinds() == ["geometry"]
    (record,) = resources.store().passes()
    assert resources.store().geometry.taps([record.pass_id]) == {record.pass_id: ("penultimate",)}
    stale = Subject(Choice(), resources.store().dataset(dataset), (Network(record.model_name, record),))
    assert running.by_itself(stale)  # read before the job ended: nothing is asked twice
    assert kinds() == ["geometry"]
