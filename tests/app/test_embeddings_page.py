"""The Embeddings page without a browser: panes, settings, colours, filters, selections, addresses, what is missing."""

import time
from collections.abc import Generator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.records import Filter
from analysis.store import Store
from app import resources
from app.widgets.embeddings import drawing, jobs
from tests import embeddings_workspace
from tests.app.filled import fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import embeddings
st.set_page_config(layout="wide")
page = st.Page(embeddings.page, title="Embeddings", url_path="embeddings", default=True)
st.navigation([page], position="hidden").run()
"""

NET, HALF = "net|penultimate|clean|pca|2|0", "net-50|penultimate|clean|pca|2|0"
SIZE, CLASSES = 300, 4

pytestmark = pytest.mark.slow


@dataclass
class Shown:
    """What the panes were last asked to draw, and what a browser would send."""

    drawn: Sequence[Any] = ()
    colouring: Any = None
    given: Mapping[str, Any] | None = None

    def asked(self, name: str) -> Any:
        assert self.given is not None
        return self.given[name]


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> Shown:
    """The component as buttons: AppTest cannot draw in a canvas. A lasso is around the left half of pane 1."""
    found = Shown()

    def fake(drawn: Sequence[Any], colouring: Any, **given: Any) -> None:
        found.drawn, found.colouring, found.given = drawn, colouring, given
        for mode in ("replace", "add", "remove"):
            st.button(mode, key=f"fake.{mode}", on_click=_lasso, args=(given["on_choose"], drawn, mode))
        st.button("pick", key="fake.pick", on_click=given["on_pick"], args=(7,))
        st.button("hide", key="fake.hide", on_click=given["on_hide"], args=([1],))

    monkeypatch.setattr(drawing, "panes", fake)
    return found


def _lasso(on_choose: Any, drawn: Sequence[Any], mode: str) -> None:
    points = drawn[0].points
    x, y = float(np.nanmedian(points[:, 0])), 1e4
    left = [[-1e4, -y], [x, -y], [x, y], [-1e4, y]]
    right = [[x, -y], [1e4, -y], [1e4, y], [x, y]]
    on_choose({"pane": 0, "mode": mode, "polygon": left if mode != "add" else right})


@pytest.fixture(autouse=True)
def _no_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """Quality is measured by a process of its own: tests of that are elsewhere."""
    monkeypatch.setattr(jobs, "judge", lambda _: None)


@pytest.fixture
def page(workspace: Path, shown: Shown) -> Generator[AppTest]:
    embeddings_workspace.made(workspace, SIZE, CLASSES, 16)
    yield opened()
    closed()


def opened(**query: str | list[str]) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    return at


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


def test_an_empty_workspace_offers_images(workspace: Path, shown: Shown) -> None:
    at = drawn(opened())
    assert "There are no images in this workspace yet" in said(at)
    assert "Generate 1,000 images of shapes" in labels(at)
    closed()


def test_images_without_features_offer_to_run_a_model(workspace: Path, shown: Shown) -> None:
    fill(workspace)
    at = started(opened())
    assert "Run it over 60 images" in labels(at)
    assert "No model's features of animals are kept yet" in said(at)
    assert "shapes-cnn" in next(s for s in at.selectbox if s.label == "Model").options
    closed()


def test_a_newcomer_sees_the_first_model_and_its_variant(page: AppTest, shown: Shown) -> None:
    drawn(page)
    assert "All 300 samples" in said(page)
    assert page.query_params["pane"] == [NET, HALF]
    assert [d.title for d in shown.drawn] == ["1 · net · PCA", "2 · net-50 · PCA"]
    assert all(d.points.shape == (SIZE, 2) for d in shown.drawn)
    assert shown.colouring.kind == "category"
    assert list(shown.colouring.names) == [f"class {i}" for i in range(CLASSES)]
    assert shown.asked("lit") is None


def test_points_and_codes_are_those_of_the_store(page: AppTest, shown: Shown) -> None:
    drawn(page)
    store = resources.store()
    (embedding,) = [e for e in store.embeddings.all() if e.model_name == "net"]
    np.testing.assert_array_equal(shown.drawn[0].points, store.embeddings.points(embedding.embedding_id))
    labels = resources.dataset(embedding.dataset_id).labels
    np.testing.assert_array_equal(shown.colouring.codes, labels)


def test_later_panes_are_turned_onto_the_first_and_their_way_is_told(page: AppTest, shown: Shown) -> None:
    page.query_params["pane"] = [NET, HALF]
    drawn(page)
    store = resources.store()
    (half,) = [e for e in store.embeddings.all() if e.model_name == "net-50"]
    raw = np.asarray(store.embeddings.points(half.embedding_id), np.float64)
    first, turned = (np.asarray(d.points, np.float64) for d in shown.drawn)
    assert np.square(turned - first).sum() < np.square(raw - first).sum()
    left, _, right = np.linalg.svd((raw - raw.mean(0)).T @ (first - first.mean(0)))
    straight = (raw - raw.mean(0)) @ (left @ right)
    scale = (straight * (first - first.mean(0))).sum() / np.square(straight).sum()
    np.testing.assert_allclose(turned, scale * straight + first.mean(0), atol=1e-3)
    assert "Samples move from pane 1" in said(page)
    assert "turned onto 1" in shown.drawn[1].subtitle
    next(t for t in page.toggle if t.label == "Align").set_value(False)
    drawn(page)
    np.testing.assert_allclose(shown.drawn[1].points, raw, atol=1e-6)
    assert page.query_params["aligned"] in ("0", ["0"])


def test_a_lasso_selects_adds_and_takes_out(page: AppTest, shown: Shown) -> None:
    drawn(page)
    page.button(key="fake.replace").click()
    drawn(page)
    left = int((shown.drawn[0].points[:, 0] < np.median(shown.drawn[0].points[:, 0])).sum())
    assert f"{left} of 300 selected" in said(page)
    assert "lasso in pane 1" in said(page)
    lit = shown.asked("lit")
    assert (int((lit == 2).sum()), int((lit == 1).sum())) == (left, SIZE - left)
    page.button(key="fake.add").click()
    drawn(page)
    assert "300 of 300 selected" in said(page)
    page.button(key="fake.remove").click()
    drawn(page)
    assert f"{SIZE - left} of 300 selected" in said(page)
    page.button(key="embeddings.clear").click()
    drawn(page)
    assert "All 300 samples" in said(page)


def test_a_selection_is_saved_and_reopened_by_its_address(page: AppTest, shown: Shown) -> None:
    drawn(page)
    page.button(key="fake.replace").click()
    drawn(page)
    page.session_state["embeddings.saving"] = True
    drawn(page)
    next(t for t in page.text_input if t.label == "Name").set_value("left")
    page.session_state["embeddings.saving"] = True
    next(b for b in page.button if b.label.startswith("Save ")).click()
    drawn(page)
    (kept,) = resources.store().selections()
    assert page.query_params["selection"] in (kept.selection_id, [kept.selection_id])
    other = drawn(opened(selection=kept.selection_id))
    assert f"{kept.size} of 300 selected" in said(other)


def test_what_the_legend_hides_is_not_drawn_nor_chosen(page: AppTest, shown: Shown) -> None:
    drawn(page)
    page.button(key="fake.hide").click()
    drawn(page)
    codes, lit = np.asarray(shown.colouring.codes), shown.asked("lit")
    np.testing.assert_array_equal(lit == 0, codes == 1)
    assert shown.asked("hidden") == (1,)
    page.button(key="fake.replace").click()
    drawn(page)
    held = page.session_state["linked.chosen"].samples
    assert len(held)
    assert not (codes[held] == 1).any()


def test_filters_hide_what_does_not_pass(page: AppTest, shown: Shown) -> None:
    page.query_params["truth"] = ["0", "2"]
    page.query_params["correct"] = "0"
    drawn(page)
    store, (dataset,) = resources.store(), resources.store().datasets()
    record = next(p for p in store.passes() if p.model_name == "net")
    rows = store.table(Filter(dataset.dataset_id, pass_id=record.pass_id)).to_pydict()
    wanted = np.flatnonzero(np.isin(rows["label"], (0, 2)) & ~np.array(rows["correct"]))
    np.testing.assert_array_equal(np.flatnonzero(shown.asked("lit")), wanted)
    assert f"{len(wanted):,} shown" in said(page)


def test_a_saved_selection_is_drawn_alone_and_colours(page: AppTest, shown: Shown) -> None:
    drawn(page)
    store, (dataset,) = resources.store(), resources.store().datasets()
    kept = store.save_selection("few", [3, 5, 8], dataset.dataset_id)
    page.query_params["within"] = kept.selection_id
    page.query_params["colour"] = f"selection:{kept.selection_id}"
    page = drawn(opened(within=kept.selection_id, colour=f"selection:{kept.selection_id}"))
    assert np.flatnonzero(shown.asked("lit")).tolist() == [3, 5, 8]
    assert shown.colouring.names == ("inside", "outside")
    assert np.flatnonzero(np.asarray(shown.colouring.codes) == 0).tolist() == [3, 5, 8]
    assert shown.asked("lit") is not None
    gone = drawn(opened(within="nobody"))
    assert "not in this workspace" in " ".join(w.value for w in gone.warning)
    assert shown.asked("lit") is None


def test_a_range_of_any_number_that_colours(page: AppTest, shown: Shown) -> None:
    drawn(page)
    drawn(opened(pane=[NET, HALF], colour="moved"))
    values = np.asarray(shown.colouring.values)
    least = float(np.median(values))
    at = drawn(opened(pane=[NET, HALF], colour="moved", range=f"moved:{least:.9g}:"))
    found = np.flatnonzero(shown.asked("lit"))
    np.testing.assert_array_equal(found, np.flatnonzero(values >= np.float32(f"{least:.9g}")))
    assert 0 < len(found) < SIZE
    assert f"{len(found):,} shown" in said(at)


def test_columns_that_images_brought_along_colour_them(page: AppTest, shown: Shown, monkeypatch) -> None:
    from app.widgets.embeddings import numbers

    drawn(page)
    (dataset,) = resources.store().datasets()
    images = resources.dataset(dataset.dataset_id)
    own = {"camera": ["a", "b"] * (SIZE // 2), "age": [float(i) for i in range(SIZE)], "same": [1] * SIZE}
    monkeypatch.setattr(type(images), "own_columns", property(lambda _: tuple(own)))
    monkeypatch.setattr(type(images), "column", lambda _, name: own[name])
    numbers._kept.clear()
    drawn(opened(colour="column:camera"))
    assert shown.colouring.names == ("a", "b")
    drawn(opened(colour="column:age", range="column:age:290:"))
    np.testing.assert_array_equal(shown.colouring.values, np.arange(SIZE, dtype=np.float32))
    assert np.flatnonzero(shown.asked("lit")).tolist() == list(range(290, SIZE))
    drawn(opened(colour="column:same"))
    assert list(shown.colouring.names) == [f"class {i}" for i in range(CLASSES)]  # it tells nothing: as if not asked


@pytest.mark.parametrize(
    "colour", ["prediction", "correct", "confidence", "angle", "margin", "moved", "error", "nonsense"]
)
def test_every_colour_draws(page: AppTest, shown: Shown, colour: str) -> None:
    page.query_params["pane"] = [NET, HALF]
    page.query_params["colour"] = colour
    drawn(page)
    found = shown.colouring
    given = found.codes if found.kind == "category" else found.values
    assert len(given) == SIZE
    if colour in ("confidence", "angle", "margin", "moved"):
        assert found.kind == "number"
        assert found.low < found.high
    if colour == "moved":
        assert np.isfinite(found.values).all()
        assert found.values.min() >= 0


def test_a_pane_is_changed_by_its_settings(page: AppTest, shown: Shown) -> None:
    started(page)
    page.session_state["embeddings.pane.0"] = True
    drawn(page)
    method = next(s for s in page.selectbox if s.label == "Method")
    method.select("lda")
    page.session_state["embeddings.pane.0"] = True
    drawn(page)
    assert "Shows at once" in said(page)
    page.session_state["embeddings.pane.0"] = True
    page.button(key="embeddings.take.0").click()
    drawn(page)
    assert shown.drawn[0].title == "1 · net · LDA"
    assert "lda" in str(page.query_params["pane"])


def test_what_takes_time_is_a_job_and_the_pane_says_so(
    page: AppTest, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    submitted: list[tuple[str, Mapping[str, Any]]] = []
    monkeypatch.setattr(
        type(resources.work()), "submit", lambda _, kind, arguments, title: submitted.append((kind, arguments))
    )
    page.query_params["pane"] = ["net|penultimate|clean|umap|2|0", HALF]
    started(page)
    assert shown.drawn[0].points is None
    assert "not computed yet" in shown.drawn[0].why
    assert shown.drawn[1].points is not None
    page.button(key="embeddings.start.0").click()
    drawn(page)
    ((kind, arguments),) = submitted
    assert (kind, arguments["method"], arguments["params"]["n_neighbors"]) == ("embed", "umap", 15)


def test_panes_are_added_duplicated_and_removed(page: AppTest, shown: Shown) -> None:
    page.query_params["pane"] = NET
    started(page)
    page.button(key="embeddings.add").click()
    drawn(page)
    assert [d.title for d in shown.drawn] == ["1 · net · PCA", "2 · net-50 · PCA"]
    page.session_state["embeddings.pane.1"] = True
    drawn(page)
    page.session_state["embeddings.pane.1"] = True
    page.button(key="embeddings.copy.1").click()
    drawn(page)
    assert len(shown.drawn) == 3
    page.session_state["embeddings.pane.0"] = True
    drawn(page)
    page.session_state["embeddings.pane.0"] = True
    page.button(key="embeddings.remove.0").click()
    drawn(page)
    assert [d.title for d in shown.drawn] == ["1 · net-50 · PCA", "2 · net-50 · PCA"]


def test_a_click_picks_a_sample_and_another_lets_it_go(page: AppTest, shown: Shown) -> None:
    drawn(page)
    page.button(key="fake.pick").click()
    drawn(page)
    assert shown.asked("sample") == 7
    assert page.query_params["sample"] in ("7", ["7"])
    page.button(key="fake.pick").click()
    drawn(page)
    assert shown.asked("sample") is None


@pytest.mark.parametrize(
    "query",
    [
        {"data": "nobody"},
        {"selection": "nobody"},
        {"pane": ["nobody|penultimate|clean|pca|2|0", NET]},
        {"pane": ["net|nowhere|clean|pca|2|0", "net|penultimate|fog/9|pca|2|0"]},
        {"pane": ["net|penultimate|clean|nonsense|2|0"]},
        {"pane": ["net|penultimate|clean|umap;n_neighbors=9999999|2|0", "net|penultimate|clean|pca;x=1|3|0"]},
        {"pane": ["net|penultimate|clean|aligned_umap|2|0"]},
        {"colour": "cluster:gone", "view": "nonsense", "sample": "99999", "hide": "77", "truth": "88"},
    ],
)
def test_bad_addresses_do_no_harm(page: AppTest, shown: Shown, query: dict[str, str | list[str]]) -> None:
    for name, value in query.items():
        page.query_params[name] = value
    drawn(page)
    assert "All 300 samples" in said(page)
    assert len(shown.drawn) == len(query.get("pane", [NET, HALF]))
    assert all(d.points is not None or d.why for d in shown.drawn)


def test_panes_of_different_dimensions_are_not_turned(page: AppTest, shown: Shown) -> None:
    page.query_params["pane"] = [NET, "net-50|penultimate|clean|pca|3|0"]
    drawn(page)
    assert [d.points.shape[1] for d in shown.drawn] == [2, 3]
    assert "Samples move" not in said(page)
    (toggle,) = [t for t in page.toggle if t.label == "Align"]
    assert toggle.disabled
    assert "three" in toggle.help


def test_another_dataset_begins_anew(workspace: Path, shown: Shown) -> None:
    first = embeddings_workspace.made(workspace, SIZE, CLASSES, 16)
    other = embeddings_workspace.made(workspace, 3, 2, 16, pictures=False)
    at = drawn(opened(data=first.dataset.dataset_id[:12], truth="1", colour="prediction"))
    at.selectbox(key="embeddings.w.dataset").select(other.dataset.dataset_id)
    at.run()
    assert not at.exception
    assert at.query_params["data"] in (other.dataset.dataset_id[:12], [other.dataset.dataset_id[:12]])
    assert "truth" not in at.query_params
    assert "3" in shown.drawn[0].why  # too few to lay out, said in the pane
    closed()


def test_a_deleted_dataset_behind_a_link(workspace: Path, shown: Shown) -> None:
    made = embeddings_workspace.made(workspace, SIZE, CLASSES, 16, models=1)
    with Store.open(workspace) as store:
        store.delete_dataset(made.dataset.dataset_id)
    at = drawn(opened(data=made.dataset.dataset_id[:12]))
    assert "There are no images" in said(at)
    closed()


def test_what_goes_wrong_beside_the_panes_stays_there(
    page: AppTest, shown: Shown, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: Any) -> None:
        raise RuntimeError("on purpose")

    monkeypatch.setattr("app.widgets.embeddings.right.section", broken)
    page.run()
    assert not page.exception
    assert ["bug in Cutaway" in e.value for e in page.error] == [True]
    assert len(shown.drawn) == 2
