"""The Samples page without a browser: it draws every view, filters act, addresses reopen, bad ones do no harm."""

from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.records import Filter
from app import resources
from tests.app.filled import CAT, DOG, FIRST, LABELS, fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import samples
st.set_page_config(layout="wide")
st.navigation([st.Page(samples.page, title="Samples", url_path="samples", default=True)], position="hidden").run()
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    """The page over the small workspace."""
    fill(workspace)
    yield AppTest.from_string(SCRIPT, default_timeout=60)
    resources.closing().close()
    st.cache_resource.clear()


def drawn(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    assert not at.error
    return at


def count(at: AppTest) -> str:
    return next(m.value for m in at.markdown if m.value.startswith("####"))


def asked(at: AppTest) -> dict[str, object]:
    return {name: at.query_params[name] for name in at.query_params}


def test_an_empty_workspace_says_what_to_do(workspace: Path) -> None:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    at.run()
    assert not at.exception
    assert "no dataset" in count(at)
    resources.closing().close()
    st.cache_resource.clear()


def test_a_new_page_shows_all_and_says_how_right_the_model_is(page: AppTest) -> None:
    drawn(page)
    assert count(page) == "#### 60 of 60 images"
    said = " ".join(c.value for c in page.caption)
    assert "75.00 % of 40 right" in said  # cows are not judged
    assert any("cow" in m.value for m in page.markdown)
    assert "dataset" in page.query_params


def test_a_filter_is_counted_and_carried_in_the_address(page: AppTest) -> None:
    drawn(page)
    page.multiselect(key="samples.w.labels").set_value([DOG])
    drawn(page)
    assert count(page) == "#### 20 of 60 images"
    page.session_state["samples.w.correct"] = "Wrong"
    drawn(page)
    assert count(page) == f"#### {((LABELS == DOG) & (FIRST == CAT)).sum()} of 60 images"
    assert asked(page)["truth"] == "1"
    assert asked(page)["correct"] == "0"
    next(b for b in page.button if b.label == "Reset filters").click()
    drawn(page)
    assert count(page) == "#### 60 of 60 images"
    assert "truth" not in page.query_params


def test_an_address_opens_the_same_view(page: AppTest) -> None:
    for name, value in {"truth": "1", "correct": "0", "view": "confusion", "sort": "-confidence"}.items():
        page.query_params[name] = value
    drawn(page)
    assert count(page) == "#### 10 of 60 images"
    assert page.session_state["samples.w.view"] == "confusion"
    assert page.session_state["samples.w.sort"] == "confidence"
    assert page.session_state["samples.w.descending"] is True


@pytest.mark.parametrize("second", [False, True])
def test_every_view_is_drawn(page: AppTest, second: bool) -> None:
    drawn(page)
    if second:
        page.selectbox(key="samples.w.b").select_index(0)
        drawn(page)
        assert "other" in page.query_params
        assert any("100.00 % of 40 right" in c.value for c in page.caption)
    for view in ("confusion", "calibration", "classes", "selections", "images"):
        page.session_state["samples.w.view"] = view
        drawn(page)
        assert page.query_params.get("view", "images") == view


def test_calibration_says_its_numbers(page: AppTest) -> None:
    page.query_params["view"] = "calibration"
    drawn(page)
    known = LABELS != 2
    confidence, right = 0.4 + np.arange(60)[known] / 101, (FIRST == LABELS)[known]
    error = sum(
        abs(right[inside].mean() - confidence[inside].mean()) * inside.mean()
        for i in range(15)
        if (inside := (confidence > i / 15) & (confidence <= (i + 1) / 15)).any()
    )
    told = {m.label: m.value for m in page.metric}
    assert told["Expected calibration error"] == f"{100 * error:.2f} %"
    assert told["Accuracy"] == "75.00 %"


def test_a_selection_is_a_filter_by_its_id(page: AppTest) -> None:
    drawn(page)
    (dataset,) = resources.store().datasets()
    kept = resources.store().save_selection("odd ones", np.array([3, 4, 50]), dataset.dataset_id, "by hand")
    page.query_params["selection"] = kept.selection_id
    drawn(page)
    assert count(page) == "#### 3 of 60 images"
    resources.store().delete_selection(kept.selection_id)
    drawn(page)
    assert any("selection that is not" in w.value for w in page.warning)
    assert count(page) == "#### 60 of 60 images"


def test_selections_are_renamed_combined_and_deleted(page: AppTest) -> None:
    drawn(page)
    store, (dataset,) = resources.store(), resources.store().datasets()
    cats = store.save_selection("cats", Filter(dataset.dataset_id, labels=(CAT,)), dataset.dataset_id, "x")
    store.save_selection("early", np.arange(10), dataset.dataset_id, "x")
    page.query_params["view"] = "selections"
    drawn(page)
    own = f"selections.{cats.selection_id}"
    page.text_input(key=f"{own}.name").set_value("felines")
    drawn(page)
    page.button(key=f"{own}.rename").click()
    drawn(page)
    assert {s.name for s in store.selections()} == {"felines", "early"}
    next(t for t in page.text_input if t.label == "Name of the new one").set_value("early cats")
    next(b for b in page.button if b.label == "Combine").click()
    page.run()
    assert not page.exception
    joint = next(s for s in store.selections() if s.name == "early cats")
    assert joint.size == 4
    assert page.query_params["selection"] == joint.selection_id
    page.button(key=f"selections.{joint.selection_id}.delete").click()
    drawn(page)
    assert {s.name for s in store.selections()} == {"felines", "early"}
    assert "selection" not in page.query_params


def test_what_an_address_cannot_mean_does_no_harm(page: AppTest) -> None:
    bad = {"dataset": "ffff", "model": "none", "truth": "99", "predicted": "7", "page": "400", "sample": "99999"}
    for name, value in bad.items():
        page.query_params[name] = value
    drawn(page)
    assert any("dataset that is not" in w.value for w in page.warning)
    assert count(page) == "#### 60 of 60 images"


def test_a_dataset_without_a_pass_offers_to_run_a_model(page: AppTest) -> None:
    with_passes = resources.store()
    for record in with_passes.passes():
        with_passes.delete_pass(record.pass_id)
    for view in ("images", "confusion", "classes"):
        page.query_params["view"] = view
        drawn(page)
    assert any(b.label == "Run a model over it" for b in page.button)
    assert count(page) == "#### 60 of 60 images"
