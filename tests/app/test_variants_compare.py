"""Trade-off and Side by side without a browser: what they draw, queue, keep in the address, and refuse."""

import csv
import io
import shutil
from collections.abc import Generator
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.records import DatasetRecord, Filter
from app import resources
from app.variants_choice import SHORT
from app.widgets.variants import side_jobs
from app.widgets.variants.tradeoff import CHART, ZEROS
from tests.app.pruned import BASE, HALF, IMAGES, NINE, fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import samples, variants, workspace
pages = {"variants": variants.page, "workspace": workspace.page, "samples": samples.page}
made = [st.Page(page, title=name, url_path=name, default=name == "variants") for name, page in pages.items()]
page = st.navigation(made, position="hidden")
frame.hear()
page.run()
"""
PATIENCE = 240

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    yield AppTest.from_string(SCRIPT, default_timeout=PATIENCE)
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, DatasetRecord]:
    """Two variants of shapes-cnn, a few shapes, and the passes of all three."""
    folder = tmp_path_factory.mktemp("pruned") / "workspace"
    return folder, fill(folder)


@pytest.fixture
def dataset(made: tuple[Path, DatasetRecord], workspace: Path, page: AppTest) -> DatasetRecord:
    """A workspace of this test's own with all of that."""
    shutil.copytree(made[0], workspace)
    return made[1]


def drawn(at: AppTest) -> AppTest:
    at.run()
    assert not at.exception
    assert not [e for e in at.error if "bug" in e.value]
    return at


def settled(at: AppTest) -> AppTest:
    """Run until nothing is under way any more."""
    drawn(at)
    for _ in range(20):
        active = [job for lane in (resources.jobs(), resources.loading()) for job in lane.list() if job.active]
        for job in active:
            assert job.wait(PATIENCE)
        drawn(at)
        if not active:
            break
    return at


def opened(at: AppTest, tab: str, **query: str | list[str]) -> AppTest:
    for name, value in {"tab": tab, "base": BASE, "variant": [HALF, NINE], **query}.items():
        at.query_params[name] = value
    return settled(at)


def asked(at: AppTest) -> dict[str, object]:
    return {name: at.query_params[name] for name in at.query_params}


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.warning, at.error, at.info)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def looks(at: AppTest) -> list:
    return list(at.session_state[side_jobs.FOUND].values())


def test_the_trade_off_by_the_cards_of_a_family(page: AppTest, dataset: DatasetRecord) -> None:
    opened(page, "tradeoff")
    assert len(page.get("plotly_chart")) == 1
    assert ZEROS in said(page)
    table = next(d.value for d in page.dataframe if "On the front" in d.value)
    rows = table.set_index("Model")
    assert rows.loc[NINE, "Accuracy"] == pytest.approx(55.0)
    assert rows.loc[NINE, "Sparsity"] == pytest.approx(90, abs=0.1)
    placed = rows.dropna(subset=["Sparsity", "Accuracy"])
    for name, row in placed.iterrows():
        at_least = placed[(placed["Sparsity"] >= row["Sparsity"]) & (placed["Accuracy"] >= row["Accuracy"])]
        same = (at_least["Sparsity"] == row["Sparsity"]) & (at_least["Accuracy"] == row["Accuracy"])
        assert rows.loc[name, "On the front"] == same.all()
    page.selectbox(key="variants.w.x").set_value("sparse")
    page.selectbox(key="variants.w.y").set_value("ece")
    drawn(page)
    assert (asked(page)["x"], asked(page)["y"]) == ("sparse", "ece")
    assert ZEROS not in said(page)
    assert f"The card does not say: Calibration error (ECE): {BASE}" in said(page).replace("**", "")


def test_what_is_missing_is_queued_as_one_job(page: AppTest, dataset: DatasetRecord, monkeypatch) -> None:
    queued: list[tuple] = []
    monkeypatch.setattr("app.frame.submit", lambda *arguments: queued.append(arguments))
    opened(page, "tradeoff", data=dataset.dataset_id[:SHORT], x="latency")
    assert "Not in the plot" in said(page)
    assert "Not timed on this device yet" in said(page)
    assert f"Not measured on {dataset.name} yet" in said(page)
    next(b for b in page.button if b.label.startswith("Measure ")).click()
    drawn(page)
    kind, arguments, _ = queued[0]
    assert kind == "measure"
    assert {BASE, HALF, NINE} <= set(arguments["models"])
    assert (arguments["dataset"], arguments["speed"]) == (dataset.dataset_id, True)


def test_cards_cannot_be_measured_into(page: AppTest, dataset: DatasetRecord) -> None:
    opened(page, "tradeoff", y="cka")
    assert "Choose a dataset above" in said(page)
    assert not [b for b in page.button if b.label.startswith("Measure ")]


def test_a_point_goes_on_show_and_away_and_a_lasso_shows_several(page: AppTest, dataset: DatasetRecord) -> None:
    from app.widgets.variants.tradeoff import toggled

    opened(page, "tradeoff", variant=[HALF])
    assert toggled((HALF,), [NINE]) == ((HALF, NINE), 0)
    assert toggled((HALF, NINE), [HALF]) == ((NINE,), 0)
    assert toggled((HALF,), [BASE, NINE]) == ((BASE, NINE), 0)
    assert toggled(tuple("abcdef"), ["g"]) == (tuple("abcdef"), 1)
    assert toggled((), list("abcdefgh")) == (tuple("abcdef"), 2)
    assert toggled((HALF,), []) == ((HALF,), 0)
    page.session_state[CHART] = {"selection": {"points": []}}
    drawn(page)
    assert asked(page)["variant"] == HALF


def test_the_table_is_a_file_of_plain_numbers(dataset: DatasetRecord) -> None:
    from analysis.pipelines.variants import members
    from app.tradeoffs import COSTS, WORTH, standings
    from app.widgets.variants.tradeoff_table import csv as written

    found = [m for m in members(None, resources.settings().imported_models) if m.name in (BASE, HALF, NINE)]
    axes = (COSTS["sparsity"], WORTH["accuracy"])
    lines = {m.name: "Global magnitude" for m in found}
    text = written(standings(found, BASE, "shapes", ""), axes, lines, where="shapes", device="")
    rows = {row["model"]: row for row in csv.DictReader(io.StringIO(text))}
    assert float(rows[NINE]["accuracy"]) == pytest.approx(0.55)
    assert float(rows[HALF]["sparsity"]) == pytest.approx(0.5, abs=1e-3)
    assert rows[BASE]["method"] == "Base"
    assert (rows[HALF]["test_set"], rows[HALF]["on_the_front"]) == ("shapes", "True")


def test_a_base_and_its_variants_see_the_same_picture(page: AppTest, dataset: DatasetRecord) -> None:
    opened(page, "side")
    found = looks(page)
    assert len(found) == 3
    assert len({f.explanation.classifier for f in found}) == 3
    assert len({f.explanation.image for f in found}) == 1
    assert all(f.place is not None and len(f.explanation.maps) == 1 for f in found)
    assert not page.error


def test_the_base_s_answer_is_what_all_maps_speak_of(page: AppTest, dataset: DatasetRecord) -> None:
    opened(page, "side", data=dataset.dataset_id[:SHORT], sample=["0", "5"], target="base")
    found = looks(page)
    by_image: dict[str, set[str]] = {}
    for look in found:
        by_image.setdefault(look.explanation.image, set()).add(look.explanation.maps[0].target)
    assert len(found) == 6
    assert [len(targets) for targets in by_image.values()] == [1, 1]
    again = {name: asked(page)[name] for name in ("target", "sample", "data")}
    assert again == {"target": "base", "sample": ["0", "5"], "data": dataset.dataset_id[:SHORT]}


def test_without_a_choice_the_images_that_changed_most_stand_in_the_columns(
    page: AppTest, dataset: DatasetRecord
) -> None:
    opened(page, "side", data=dataset.dataset_id[:SHORT])
    passes = {p.model_name: p.pass_id for p in resources.store().passes(dataset.dataset_id)}
    between = Filter(dataset.dataset_id, pass_id=passes[BASE], other_pass=passes[HALF], agree=False)
    expected = resources.store().changes(between, limit=3) or resources.store().changes(
        Filter(dataset.dataset_id, pass_id=passes[BASE], other_pass=passes[HALF]), limit=3
    )
    assert len({f.explanation.image for f in looks(page)}) == len(expected)


def test_what_changed_most_is_a_table_that_can_be_saved(page: AppTest, dataset: DatasetRecord) -> None:
    opened(page, "side", data=dataset.dataset_id[:SHORT], variant=[NINE])
    passes = {p.model_name: p.pass_id for p in resources.store().passes(dataset.dataset_id)}
    differ = Filter(dataset.dataset_id, pass_id=passes[BASE], other_pass=passes[NINE], agree=False)
    count = resources.store().count(differ)
    assert 0 < count <= IMAGES
    table = next(d.value for d in page.dataframe if "Moved by" in d.value)
    assert len(table) == count
    assert (table["Base says"] != table["Variant says"]).all()
    assert table["Moved by"].abs().is_monotonic_decreasing
    next(t for t in page.text_input if t.label == "Name").set_value("pruning-identified")
    next(b for b in page.button if b.label == "Save").click()
    drawn(page)
    (kept,) = resources.store().selections()
    assert kept.size == count
    assert NINE in kept.made_from


def test_a_model_without_a_pass_is_offered_one(page: AppTest, dataset: DatasetRecord, monkeypatch) -> None:
    store, queued = resources.store(), []
    gone = next(p for p in store.passes(dataset.dataset_id) if p.model_name == NINE)
    store.delete_pass(gone.pass_id)
    monkeypatch.setattr("app.frame.submit", lambda *arguments: queued.append(arguments))
    opened(page, "side", data=dataset.dataset_id[:SHORT], variant=[NINE])
    assert f"{NINE} has not been run over" in said(page)
    next(b for b in page.button if b.label == "Measure on it").click()
    drawn(page)
    assert queued[0][:2] == ("measure", {"models": [NINE], "dataset": dataset.dataset_id, "speed": False})


@pytest.mark.parametrize(
    "query",
    [
        {"tab": "side", "method": "nonsense", "target": "unicorn", "picture": "0" * 64},
        {"tab": "side", "data": "ffff", "selection": "none", "sample": "99999"},
        {"tab": "side", "variant": "not-there", "base": "not-there"},
        {"tab": "tradeoff", "x": "price", "y": "beauty", "data": "ffff"},
    ],
)
def test_a_wrong_address_does_no_harm(page: AppTest, dataset: DatasetRecord, query: dict[str, str]) -> None:
    opened(page, **query)
    assert not page.error
