"""The Workspace page without a browser: data come in and go, models are told of, work is seen, the store is kept."""

import io
import zipfile
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
import torch
from PIL import Image
from streamlit.testing.v1 import AppTest

from app import measured, resources
from app.settings import ROOTS_VARIABLE
from app.workspace_choice import Choice, read, written
from models import catalogue
from models.architectures import registry
from tests.app.filled import fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import explain, samples, workspace
pages = {"workspace": workspace.page, "samples": samples.page, "explain": explain.page}
made = [st.Page(page, title=name, url_path=name, default=name == "workspace") for name, page in pages.items()]
page = st.navigation(made, position="hidden")
frame.hear()
page.run()
frame.indicator("workspace")
"""
PATIENCE = 240  # seconds for work in a process of its own, on a busy machine

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Generator[AppTest]:
    """The page of an empty workspace; pages may read in `given`, beside it."""
    (workspace.parent / "given").mkdir()
    monkeypatch.setenv(ROOTS_VARIABLE, str(workspace.parent / "given"))
    yield AppTest.from_string(SCRIPT, default_timeout=PATIENCE)
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture
def filled(workspace: Path, page: AppTest) -> AppTest:
    """With 60 images of animals, and what two models said of them."""
    fill(workspace)
    return page


def drawn(at: AppTest, **query: str) -> AppTest:
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def worked(at: AppTest) -> AppTest:
    """Wait for all that was asked, then draw."""
    for lane in (resources.jobs(), resources.loading()):
        for job in lane.list():
            assert job.wait(PATIENCE)
    return drawn(at)


def press(at: AppTest, label: str, number: int = 0) -> AppTest:
    [b for b in at.button if b.label == label][number].click()
    return drawn(at)


def said(at: AppTest) -> str:
    """All texts of the page, as they are read: what is escaped for Markdown is not."""
    kinds = (at.markdown, at.caption, at.success, at.warning, at.error)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def photos(names: tuple[str, ...] = ("cat", "dog"), each: int = 3) -> bytes:
    """A zip with a folder for each class, and a file that is no image."""
    buffer, noise = io.BytesIO(), np.random.default_rng(0)
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            for number in range(each):
                picture = io.BytesIO()
                Image.fromarray(noise.integers(0, 256, (32, 32, 3), np.uint8)).save(picture, "JPEG", quality=75)
                archive.writestr(f"pets/{name}/{number}.jpg", picture.getvalue())
        archive.writestr("pets/cat/broken.jpg", b"\xff\xd8\xff\xe0 not a picture")
    return buffer.getvalue()


def test_an_empty_workspace_says_what_to_do(page: AppTest) -> None:
    drawn(page)
    assert "No data yet" in said(page)
    assert not page.error
    assert "No work yet" in said(drawn(page, tab="jobs"))


def test_a_dataset_is_described(filled: AppTest) -> None:
    drawn(filled)
    (row,) = filled.dataframe[0].value.to_dict("records")
    assert (row["Name"], row["Images"], row["Classes"], row["Masks"]) == ("animals", 60, 3, "yes")
    known = dict(zip(*filled.table[0].value.to_dict("list").values(), strict=True))
    assert known[":gray[Images]"] == "60"
    assert known[":gray[From]"] == "animals.npz \\(arrays\\)"
    assert "**first**" in said(filled)
    assert "75.00% right" in said(filled).replace("\\", "")
    assert filled.query_params["dataset"] in resources.store().datasets()[0].dataset_id


def test_a_dataset_gets_another_name_and_goes_with_its_files(filled: AppTest, workspace: Path) -> None:
    drawn(filled)
    next(t for t in filled.text_input if t.label == "Name").set_value("beasts")
    press(filled, "Rename")
    assert [d.name for d in resources.store().datasets()] == ["beasts"]
    assert "Delete **beasts** for good: 60 images" in said(filled)
    press(filled, "Delete for good")
    assert resources.store().datasets() == []
    assert resources.store().passes() == []
    assert not list((workspace / "datasets").iterdir())
    assert "No data yet" in said(filled)


def test_a_name_that_is_no_name_is_refused(filled: AppTest) -> None:
    drawn(filled)
    next(t for t in filled.text_input if t.label == "Name").set_value(" ")
    press(filled, "Rename")
    assert [d.name for d in resources.store().datasets()] == ["animals"]
    assert filled.error


def test_an_upload_becomes_a_dataset_and_what_was_skipped_is_listed(page: AppTest, workspace: Path) -> None:
    drawn(page, tab="add")
    page.file_uploader[0].set_value(("my pets.zip", photos(), "application/zip"))
    drawn(page)
    press(page, "Import")
    worked(page)
    (found,) = resources.store().datasets()
    assert (found.name, found.size, found.class_names, found.skipped) == ("my pets", 6, ("cat", "dog"), 1)
    assert found.source == "my pets.zip"
    assert not list((workspace / "incoming").glob("*.zip"))
    assert "Importing my pets: done" in said(page)
    drawn(page, tab="datasets")
    skipped = next(d.value for d in page.dataframe if "Why" in d.value)
    assert "broken.jpg" in str(skipped["File"][0])


def test_a_path_under_a_root_comes_in_and_others_are_refused(page: AppTest, workspace: Path) -> None:
    (workspace.parent / "given" / "pets.zip").write_bytes(photos(("cow", "pig")))
    (workspace.parent / "pets.zip").write_bytes(photos())
    drawn(page, tab="add", by="path")
    page.text_input(key="workspace.path").set_value(str(workspace.parent / "pets.zip"))
    drawn(page)
    assert ROOTS_VARIABLE in page.error[0].value.replace("\\", "")
    page.text_input(key="workspace.path").set_value("pets.zip")
    drawn(page)
    assert not page.error
    page.text_input(key="workspace.path.name").set_value("farm")
    press(page, "Import")
    worked(page)
    assert [(d.name, d.class_names) for d in resources.store().datasets()] == [("farm", ("cow", "pig"))]
    assert (workspace.parent / "given" / "pets.zip").is_file()


def test_work_that_fails_says_why_and_can_be_asked_again(page: AppTest) -> None:
    drawn(page, tab="add")
    page.file_uploader[0].set_value(("holiday.zip", b"these are no pictures", "application/zip"))
    drawn(page)
    press(page, "Import")
    worked(page)
    assert "holiday" in page.error[0].value
    assert "bug" not in page.error[0].value
    drawn(page, tab="jobs")
    assert "Importing holiday" in said(page)
    press(page, "Retry")
    worked(page)
    assert [v.state for v in resources.work().jobs()] == ["failed"]
    press(page, "Clear the list")
    assert "No work yet" in said(page)


def test_a_generator_has_its_knobs(page: AppTest) -> None:
    drawn(page, tab="add", by="generate")
    page.number_input(key=next(n.key for n in page.number_input if n.label == "Count")).set_value(30)
    drawn(page)
    press(page, "Generate")
    worked(page)
    (found,) = resources.store().datasets()
    assert (found.size, found.masks, found.params["count"]) == (30, 30, 30)


@pytest.fixture
def own(workspace: Path) -> str:
    """A classifier that the user has imported."""
    torch.manual_seed(0)
    weights = workspace.parent / "own.pt"
    torch.save(registry.build("resnet20_cifar").state_dict(), weights)
    classes = [f"class {i}" for i in range(10)]
    given = {"architecture": "resnet20_cifar", "classes": classes, "folder": workspace / "models"}
    return catalogue.import_model(weights, name="own", **given).name


def test_models_are_measured_and_an_imported_one_can_go(page: AppTest, own: str, workspace: Path) -> None:
    drawn(page, tab="models", model=own)
    worked(page)
    worked(page)
    rows = {row["Model"]: row for row in page.dataframe[0].value.to_dict("records")}
    assert {"own", "resnet20-cifar10"} <= set(rows)
    assert (rows["own"]["Parameters"], rows["own"]["MACs"], rows["own"]["Source"]) == ("270 k", "40.6 M", "imported")
    assert "cifar10" in rows["resnet20-cifar10"]["Accuracy"]
    found = measured.known("own", catalogue.card("own", workspace / "models"))
    assert found is not None
    assert found.facts.layers == 20
    press(page, "Delete for good")
    assert not list((workspace / "models").iterdir())
    assert "own" not in page.dataframe[0].value["Model"].tolist()


def test_a_damaged_card_hides_no_other(page: AppTest, own: str, workspace: Path) -> None:
    (workspace / "models" / "own.json").write_text("{")
    drawn(page, tab="models")
    worked(page)
    assert not page.error
    assert "resnet20-cifar10" in page.dataframe[0].value["Model"].tolist()


def test_the_store_is_checked_and_exported(filled: AppTest, workspace: Path) -> None:
    drawn(filled, tab="store")
    rows = {row["Table"]: row["Rows"] for row in filled.dataframe[1].value.to_dict("records")}
    assert (rows["sample"], rows["sample_result"]) == ("60", "120")
    press(filled, "Check")
    assert "all counts agree" in said(worked(filled))
    press(filled, "Export all tables")
    worked(filled)
    (made,) = (workspace / "exports").glob("*.zip")
    with zipfile.ZipFile(made) as archive:
        assert any(name.startswith("sample") for name in archive.namelist())
    press(filled, "Delete for good")
    assert len(resources.store().passes()) == 1
    filled.text_input(key="workspace.tables").set_value(str(made))
    press(filled, "Import")
    assert "The tables are imported" in said(worked(filled))
    assert len(resources.store().passes()) == 2
    assert sorted(path.suffix for path in (workspace / "exports").iterdir()) == [".zip"]


@pytest.mark.parametrize("tab", ["datasets", "add", "models", "jobs", "store", "nonsense"])
def test_any_address_does_no_harm(filled: AppTest, tab: str) -> None:
    drawn(filled, tab=tab, dataset="nothing", model="nobody", by="magic")
    worked(filled)
    assert not filled.error


@pytest.mark.parametrize(
    "choice",
    [Choice(), Choice(dataset="ab12cd34ef56"), Choice("models", model="timm/resnet18"), Choice("add", by="path")],
)
def test_an_address_brings_the_choice_back(choice: Choice) -> None:
    assert read(written(choice)) == choice


@pytest.mark.parametrize("by", ["upload", "path", "name", "generate"])
def test_every_way_in_opens_and_is_in_the_address(page: AppTest, by: str) -> None:
    drawn(page, tab="add")
    page.segmented_control[0].set_value(by)
    page.run()
    assert not page.error
    assert not page.exception
    assert page.query_params.get("by", "upload") == by
    assert next(b for b in page.button if b.label in ("Import", "Fetch and import", "Generate"))
