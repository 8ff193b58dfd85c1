"""The Robustness page without a browser: every view draws, clicks in the table act, addresses reopen."""

import sys
import time
from collections.abc import Generator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any, get_args

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.store import Store
from analysis.sweeps import Cell
from app import linked, resources
from app.robustness_choice import View
from app.widgets.robustness import table
from tests import sweeps
from tests.app.filled import fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import robustness
st.set_page_config(layout="wide")
page = st.Page(robustness.page, title="Robustness", url_path="robustness", default=True)
st.navigation([page], position="hidden").run()
"""

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path, tmp_path: Path) -> Generator[AppTest]:
    """Over two made-up sweeps; the later one is of the dataset that is there."""
    record, _, _ = fill(workspace)
    with Store.open(workspace) as store:
        first = replace(sweeps.record(3, 4, 60, 3, sweep_id="first"), name="first")
        sweeps.kept(store, tmp_path / "first", first)
        later = sweeps.record(12, 19, 60, 3, sweep_id="later", dataset_id=record.dataset_id)
        assert first.computed_at is not None
        when = first.computed_at.replace(year=2027)
        sweeps.kept(store, tmp_path / "later", replace(later, name="later", computed_at=when, dataset_name=record.name))
    yield AppTest.from_string(SCRIPT, default_timeout=120)
    closed()


def closed() -> None:
    resources.closing().close()
    st.cache_resource.clear()


def drawn(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def said(at: AppTest) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption)])


@pytest.fixture
def clicks(monkeypatch: pytest.MonkeyPatch) -> list[Mapping[str, Any]]:
    """The table as buttons: AppTest cannot click in a component. The documents that were drawn."""
    documents: list[Mapping[str, Any]] = []

    def fake(document: Mapping[str, Any], key: str, on_pick: Any) -> None:
        documents.append(document)
        for what in ("a", "b", "wrong", "right", "row-b", "sort"):
            args = (what, "net-random-50", "fog")
            st.button(f"fake {what}", key=f"fake.{what}", on_click=on_pick, args=args)

    monkeypatch.setattr(table, "evaltable", fake)
    return documents


def test_an_empty_workspace_says_what_to_do(workspace: Path) -> None:
    at = AppTest.from_string(SCRIPT, default_timeout=120)
    at.run()
    assert not at.exception
    assert "There is no sweep in this workspace yet" in said(at)
    closed()


def test_the_latest_sweep_opens_with_all_six_views(page: AppTest) -> None:
    drawn(page)
    assert "All 60 samples" in said(page)
    for title in ("Evaluation table", "Geometric similarity", "Local geometry", "Global geometry", "Samples"):
        assert f"**{title}**" in said(page)
    assert page.query_params["sweep"] == "later"
    assert "60 images × 12 × 96" in said(page)


@pytest.mark.parametrize("view", [v for v in get_args(View) if v != "all"])
def test_every_view_opens_alone_by_its_address(page: AppTest, view: str) -> None:
    page.query_params["view"] = view
    drawn(page)
    assert page.session_state["robustness.w.view"] == view
    assert page.query_params["view"] == view


def test_a_view_that_fails_leaves_the_others(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr(table, "section", broken)
    page.run()
    assert not page.exception
    assert [("bug in Cutaway" in e.value) for e in page.error] == [True]
    assert "**Samples**" in said(page)


def test_a_click_on_a_cell_makes_it_a_or_b_and_selects(page: AppTest, clicks: list[Mapping[str, Any]]) -> None:
    page.query_params["view"] = "table"
    drawn(page)
    page.button(key="fake.a").click()
    drawn(page)
    assert (page.query_params["a"], page.query_params["at"]) == ("net-random-50", "fog/3")
    assert clicks[-1]["a"][0] == [r["name"] for r in clicks[-1]["rows"]].index("net-random-50")
    page.button(key="fake.row-b").click()
    drawn(page)
    page.button(key="fake.wrong").click()
    drawn(page)
    sweep = resources.store().sweeps.one("later")
    assert sweep is not None
    rows = sweeps.rows(sweep, 1, sweep.condition("fog/3") or 0)
    wrong = int((~rows["correct"]).sum())
    assert f"{wrong} of 60 selected" in said(page)
    assert "wrong in net\\-random\\-50 · fog 3" in said(page)
    assert page.query_params["b"] == "net-random-50"
    page.button(key="robustness.clear").click()
    drawn(page)
    assert "All 60 samples" in said(page)


def test_a_selection_is_saved_and_opens_by_its_address(page: AppTest, clicks: list[Mapping[str, Any]]) -> None:
    page.query_params["view"] = "table"
    drawn(page)
    page.button(key="fake.right").click()
    drawn(page)
    count = len(page.session_state["linked.chosen"].samples)
    page.text_input[0].set_value("robust under fog")
    next(b for b in page.button if b.label.startswith("Save ")).click()
    drawn(page)
    (kept,) = resources.store().selections()
    assert (kept.name, kept.size) == ("robust under fog", count)
    assert "right in net-random-50 · fog 3" in kept.made_from
    assert page.query_params["selection"] == kept.selection_id
    other = AppTest.from_string(SCRIPT, default_timeout=120)
    other.query_params["selection"] = kept.selection_id
    other.query_params["view"] = "table"
    drawn(other)
    assert f"{count} of 60 selected" in said(other)


def test_what_is_selected_is_what_is_counted(page: AppTest, clicks: list[Mapping[str, Any]]) -> None:
    page.query_params["view"] = "table"
    drawn(page)
    sweep = resources.store().sweeps.one("later")
    assert sweep is not None
    chosen = np.array([1, 5, 9], np.int32)
    page.session_state["linked.chosen"] = linked.Chosen(sweep.dataset_id, chosen, "by hand")
    drawn(page)
    right = sweeps.rows(sweep, 0, 0)["correct"][[1, 5, 9]].mean()
    assert clicks[-1]["cells"][0][0]["text"] == f"{100 * right:.1f} %"
    page.session_state["linked.chosen"] = linked.Chosen(sweep.dataset_id, chosen[:0], "an empty lasso")
    drawn(page)
    assert "0 of 60 selected" in said(page)


def test_sorting_goes_down_then_up_then_back(page: AppTest, clicks: list[Mapping[str, Any]]) -> None:
    page.query_params["view"] = "table"
    drawn(page)
    sorts = []
    for _ in range(3):
        page.button(key="fake.sort").click()
        drawn(page)
        sorts.append(page.query_params.get("sort"))
    assert sorts == ["-fog", "fog", None]


@pytest.mark.parametrize(
    "query",
    [
        {"sweep": "nobody"},
        {"selection": "nobody"},
        {"member": "nobody", "a": "nobody", "bt": "fog/9", "score": "nonsense", "sort": "nonsense", "curve": "x"},
        {"view": "nonsense", "severity": "7", "number": "weight", "sample": "99999"},
    ],
)
def test_bad_addresses_do_no_harm(page: AppTest, query: dict[str, str]) -> None:
    for name, value in query.items():
        page.query_params[name] = value
    drawn(page)
    assert "**Evaluation table**" in said(page)


def test_a_selection_of_other_images_is_refused(page: AppTest) -> None:
    (dataset,) = resources.store().datasets()
    kept = resources.store().save_selection("some", np.arange(3), dataset.dataset_id, "x")
    page.query_params["sweep"] = "first"
    page.query_params["selection"] = kept.selection_id
    drawn(page)
    assert any("of other images" in w.value for w in page.warning)
    assert "selection" not in page.query_params


def test_severity_and_number_are_in_the_address(page: AppTest) -> None:
    drawn(page)
    page.session_state["robustness.w.severity"] = 4
    page.session_state["robustness.w.number"] = "angle"
    drawn(page)
    assert (page.query_params["severity"], page.query_params["number"]) == ("4", "angle")


def test_the_page_says_calmly_what_a_sweep_lacks(workspace: Path, tmp_path: Path) -> None:
    """No linear head, one member, one class, a cell that failed; the dataset is not there."""
    sweep = sweeps.record(1, 2, 5, 1, linear=False)
    with Store.open(workspace) as store:
        sweeps.kept(store, tmp_path / "parts", sweep)
        store.sweeps.add(sweep.sweep_id, [Cell(0, 4, "failed", "NaN in the logits of net")], [])
    for view in get_args(View):
        at = AppTest.from_string(SCRIPT, default_timeout=120)
        at.query_params["view"] = view
        drawn(at)
    closed()


def test_a_thousand_classes_and_half_a_sweep(workspace: Path, tmp_path: Path) -> None:
    sweep = sweeps.record(4, 3, 40, 1000)
    with Store.open(workspace) as store:
        truth = sweeps.rows(sweep, 0, 0)["truth"]
        store.sweeps.save(sweep, np.arange(40), truth)
    at = drawn(AppTest.from_string(SCRIPT, default_timeout=120))
    assert "No cell is there yet" in said(at)
    closed()
    with Store.open(workspace) as store:
        store.sweeps.delete(sweep.sweep_id)
        sweeps.kept(store, tmp_path / "parts", sweep)
    drawn(AppTest.from_string(SCRIPT, default_timeout=120))
    closed()


def test_drawing_the_page_again_takes_less_than_a_second(page: AppTest) -> None:
    drawn(page)
    drawn(page)
    began = time.perf_counter()
    drawn(page)
    sys.stderr.write(f"drawn again in {time.perf_counter() - began:.2f} s")
    assert time.perf_counter() - began < 3  # a second on an idle machine; tests share theirs


def test_a_sweep_is_renamed_and_deleted(page: AppTest) -> None:
    store = resources.store()
    shown = store.sweeps.one("later")
    assert shown is not None
    page.session_state["robustness.keeping"] = True
    drawn(page)
    key = "robustness.rename.later"
    page.text_input(key=key).set_value("Under fog")
    page.session_state["robustness.keeping"] = True
    page.button(key=f"{key}.do").click()
    drawn(page)
    renamed = store.sweeps.one("later")
    assert renamed is not None
    assert renamed.name == "Under fog"
    page.session_state["robustness.keeping"] = True
    drawn(page)
    page.session_state["robustness.keeping"] = True
    page.button(key="robustness.delete").click()
    drawn(page)
    assert store.sweeps.one("later") is None
    assert not page.exception
