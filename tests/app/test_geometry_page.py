"""The Geometry page without a browser: what is missing, overview, depth, spectrum, selections, addresses, files."""

import io
import time
from collections.abc import Generator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.geometry import MEASURES
from app import geometry_document, linked, resources
from app.geometry_choice import Choice, Subject
from app.widgets.geometry import downloads, overview, picker, running
from tests import embeddings_workspace
from tests.app.filled import fill
from tests.app.geometry_beside import TAPS, measured

SCRIPT = """
import streamlit as st
from app.views import geometry
st.set_page_config(layout="wide")
page = st.Page(geometry.page, title="Geometry", url_path="geometry", default=True)
st.navigation([page], position="hidden").run()
"""

pytestmark = pytest.mark.slow


def opened(**query: str | list[str]) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    return at


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    measured(workspace)
    yield opened()
    closed()


def closed() -> None:
    resources.closing().close()
    st.cache_resource.clear()


def drawn(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    assert not at.error, [e.value for e in at.error]
    return at


def started(at: AppTest) -> AppTest:
    """Drawn until the engine is there, which models and jobs are asked of."""
    for _ in range(120):
        drawn(at)
        if resources.engine() is None:
            return drawn(at)
        time.sleep(0.5)
    raise AssertionError("the engine did not start")


def said(at: AppTest) -> str:
    return " ".join([*(m.value for m in at.markdown), *(c.value for c in at.caption)])


def labels(at: AppTest) -> list[str]:
    return [b.label for b in at.button]


def test_an_empty_workspace_offers_images(workspace: Path) -> None:
    at = drawn(opened())
    assert "There are no images in this workspace yet" in said(at)
    assert "how classes lie" in said(at)
    closed()


def test_images_without_features_offer_to_run_a_model(workspace: Path) -> None:
    fill(workspace)
    at = started(opened())
    assert "No model's features of animals are kept yet" in said(at)
    assert "Run and measure over 60 images" in labels(at)
    closed()


def test_features_that_are_not_measured_offer_it_with_what_each_button_does(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(running, "by_itself", lambda _: False)
    monkeypatch.setattr(running, "estimate", lambda subject, taps: f"all of {len(subject.networks)} at {taps}")
    embeddings_workspace.made(workspace, 120, 3, 8, 2, pictures=False)
    at = started(opened())
    assert "Not measured yet" in said(at)
    assert {"Measure what each block gives", "Measure the head's input"} <= {*labels(at)}
    assert {"all of 2 at main", "all of 2 at penultimate"} <= {c.value for c in at.caption}
    assert at.query_params["model"] == ["net", "net-50"]
    closed()


def test_a_newcomer_sees_what_stands_out_and_key_numbers(page: AppTest) -> None:
    drawn(page)
    assert "All 400 samples" in said(page)
    assert "What stands out" in said(page)
    assert page.query_params["model"] == ["net", "net-50"]
    assert page.query_params["tap"] == "penultimate"
    (table,) = (h.proto.body for h in page.get("html") if "<table" in h.proto.body)
    assert MEASURES["knn_purity"].label in table
    assert "n = " in table


def test_all_numbers_are_there_when_asked(page: AppTest) -> None:
    few = _table(drawn(page))
    next(t for t in page.toggle if t.key != "geometry.overview.whole").set_value(True)
    assert len(_table(drawn(page))) > 2 * len(few)


def test_all_that_stands_out_is_there_when_asked(page: AppTest) -> None:
    def told() -> int:
        return sum(str(b.key).startswith("geometry.found.") for b in page.button)

    drawn(page)
    assert told() == 4
    whole = page.toggle(key="geometry.overview.whole").set_value(True)
    drawn(page)
    assert told() == int(whole.label.removeprefix("All ")) > 4


def _table(at: AppTest) -> str:
    return next(h.proto.body for h in at.get("html") if "<table" in h.proto.body)


def test_a_finding_opens_where_it_is_seen(page: AppTest) -> None:
    drawn(page)
    next(b for b in page.button if b.key == "geometry.found.0").click()
    drawn(page)
    assert page.query_params["view"] in ("depth", "classes", "subspaces")


def test_depth_shows_the_measures_of_the_address(workspace: Path) -> None:
    measured(workspace)
    at = drawn(opened(view="depth", measure=["twonn", "nc1", "unheard of"]))
    assert next(m for m in at.multiselect if m.label == "Measures").value == ["twonn", "nc1"]
    assert MEASURES["nc1"].convention[:20] in said(at).replace("\\", "")
    next(m for m in at.multiselect if m.label == "Measures").set_value(["mle"])
    drawn(at)
    assert at.query_params["measure"] == "mle"
    closed()


def test_biased_similarity_is_offered_and_other_settings_are_a_button_away(workspace: Path) -> None:
    measured(workspace)
    at = drawn(opened(view="similarity"))
    box = next(b for b in at.selectbox if b.label == "Measure")
    assert "Linear CKA (estimator biased) (not measured yet)" in box.options
    box.select("cka(estimator=biased)")
    drawn(at)
    assert any("is not measured yet" in each.value for each in at.info)
    assert "Measure Linear CKA (estimator biased)" in labels(at)
    assert at.query_params["shown"] == "cka(estimator=biased)"
    closed()


def test_settings_that_there_are_not_fall_back_to_what_is_measured(workspace: Path) -> None:
    measured(workspace)
    at = drawn(opened(view="similarity", shown="cka(estimator=both)"))
    assert next(b for b in at.selectbox if b.label == "Measure").value == "cka"
    closed()


def test_what_the_images_are_to_the_models_is_said(page: AppTest) -> None:
    at = drawn(page)
    (short,) = (c for c in at.caption if "training images" in c.value)
    assert "not known" in short.value
    assert "no card here says" in short.help


def test_spectrum_is_of_models_or_of_layers(workspace: Path) -> None:
    measured(workspace)
    at = drawn(opened(view="spectrum", tap=TAPS[0]))
    assert next(s for s in at.selectbox if s.label == "Layer").value == TAPS[0]
    assert "Estimates of dimension" in said(at)
    drawn(opened(view="spectrum", shown="layers"))
    closed()


def test_a_selection_of_another_page_is_said_and_dropped(page: AppTest) -> None:
    drawn(page)
    dataset = resources.store().datasets()[0].dataset_id
    page.session_state[linked._KEY] = linked.Chosen(dataset, np.arange(7, dtype=np.int32), "a lasso")
    drawn(page)
    assert "7 of 400 selected" in said(page)
    next(b for b in page.button if b.label == "Clear").click()
    assert "All 400 samples" in said(drawn(page))


WRONG = {
    "data": ("ffffffffffff", "not in this workspace"),
    "model": ("nobody", "no model 'nobody'"),
    "tap": ("conv99", "not measured at a layer 'conv99'; the head's input is shown"),
    "view": ("sideways", "no view 'sideways'"),
    "condition": ("foggy", "Clean images are shown"),
    "selection": ("no-such", "no selection 'no-such'"),
}


@pytest.mark.parametrize("name", list(WRONG))
def test_a_wrong_address_is_said_until_something_is_chosen(page: AppTest, name: str) -> None:
    value, words = WRONG[name]
    page.query_params[name] = value
    for _ in range(2):  # what has begun meanwhile draws the page anew
        assert any(words in w.value.replace("\\", "") for w in drawn(page).warning)
        assert "What stands out" in said(page)
    assert page.query_params.get(name) != [value]
    next(s for s in page.segmented_control if s.label == "View").set_value("depth")
    assert not drawn(page).warning


def test_a_model_that_is_not_there_leaves_the_others(page: AppTest) -> None:
    page.query_params["model"] = ["net-50", "nobody"]
    drawn(page)
    assert page.query_params["model"] == "net-50"


def test_a_model_that_was_not_run_is_said(page: AppTest) -> None:
    page.query_params["model"] = ["net", "digits-cnn"]
    drawn(page)
    assert "digits-cnn has not been run over these images" in said(page).replace("\\", "")


def test_samples_that_are_selected_are_a_link_away(page: AppTest) -> None:
    drawn(page)
    dataset = resources.store().datasets()[0].dataset_id
    page.session_state[linked._KEY] = linked.Chosen(dataset, np.arange(7, dtype=np.int32), "a lasso")
    links = {p.proto.label: p.proto for p in drawn(page).get("page_link")}
    assert links["Samples"].disabled
    assert not links["Embeddings"].disabled
    kept = resources.store().save_selection("seven", np.arange(7), dataset, "a lasso")
    page.query_params["selection"] = kept.selection_id
    links = {p.proto.label: p.proto for p in drawn(page).get("page_link")}
    assert f"selection={kept.selection_id}" in links["Samples"].query_string
    assert not links["Samples"].disabled


def test_each_button_says_what_it_does_and_how_long(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    measured(workspace)
    drawn(opened())
    dataset, choice = resources.store().datasets()[0], Choice()
    subject = Subject(choice, dataset, picker.networks(choice, dataset))
    done = _asked([])
    assert running.estimate(subject, "main") == "There is no classifier named 'net'."
    monkeypatch.setattr(running, "_asked", lambda *_: done | {"dataset": dataset.dataset_id})
    assert running.estimate(subject, "main") == running.MEASURED
    pass_id = subject.first.record.pass_id if subject.first.record else ""
    more = {"dataset": dataset.dataset_id, "subjects": [_lacking(pass_id, run=False)]}
    monkeypatch.setattr(running, "_asked", lambda *_: done | more)
    assert running.estimate(subject, "main") == "Measures 2 layers: about 2 s."
    more = {"dataset": dataset.dataset_id, "subjects": [_lacking("new", run=True)]}
    monkeypatch.setattr(running, "_asked", lambda *_: done | more)
    told = running.estimate(subject, "main")
    assert told == "Runs 1 model over 400 images and measures 2 layers: about 2 s beside the run, not timed yet."
    closed()


def _asked(subjects: list[dict[str, Any]]) -> dict[str, Any]:
    return {"subjects": subjects, "measures": ["length"], "pairs": [], "compared": []}


def _lacking(pass_id: str, run: bool) -> dict[str, Any]:
    place = {"pass_id": pass_id, "model_id": "nobody", "run": run}
    return place | {"taps": ["a", "b"], "measured": [], "widths": [8, 8]}


@pytest.mark.parametrize("view", ["classes", "subspaces", "similarity", "separability", "place"])
def test_every_view_draws(workspace: Path, view: str) -> None:
    pytest.importorskip(f"app.widgets.geometry.{view}")
    measured(workspace)
    started(opened(view=view))
    closed()


def test_files_hold_all_numbers_and_the_report_stands_alone(workspace: Path) -> None:
    measured(workspace)
    drawn(opened())
    dataset = resources.store().datasets()[0]
    networks = picker.networks(Choice(), dataset)
    subject = Subject(picker.settled(Choice(), networks), dataset, networks)
    count = sum(len(n.numbers) for n in networks)
    table = pq.read_table(io.BytesIO(downloads.numbers_file(subject, "parquet")))
    assert table.num_rows == count
    assert {"model", "tap", "measure", "value", "low", "high", "samples", "convention", "why"} <= set(
        table.column_names
    )
    assert downloads.numbers_file(subject, "csv").count(b"\n") >= count
    report = downloads.report(subject).decode()
    assert "What stands out" in report
    assert "<script" not in report
    assert "http" not in report.replace("arxiv", "").split("<style>")[0]
    assert all(escaped in report for escaped in (dataset.name, "net-50", "How they are taken"))
    assert geometry_document.html(subject, ["<b>"]).count("&lt;b&gt;") == 1
    closed()


def test_findings_know_where_they_are_seen() -> None:
    assert overview.opens("class_mean_angles", 9) == "classes"
    assert overview.opens("twonn", 9) == "depth"
    assert overview.opens("twonn", 1) == "spectrum"
    assert overview.opens("knn_purity", 1) == "separability"
