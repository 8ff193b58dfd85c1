"""The Variants page without a browser: what is planned, made, shown, exported, declared and deleted."""

import io
import json
import zipfile
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.pipelines.variant_files import exported
from app import resources, words
from models import cards, catalogue
from tests.app.pruned import BASE, HALF, NINE, fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import explain, samples, variants, workspace
pages = {"variants": variants.page, "workspace": workspace.page, "samples": samples.page, "explain": explain.page}
made = [st.Page(page, title=name, url_path=name, default=name == "variants") for name, page in pages.items()]
page = st.navigation(made, position="hidden")
frame.hear()
page.run()
frame.indicator("variants")
"""
PATIENCE = 240  # seconds for work in a process of its own, on a busy machine

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    """The page of an empty workspace."""
    yield AppTest.from_string(SCRIPT, default_timeout=PATIENCE)
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture
def filled(workspace: Path, page: AppTest) -> AppTest:
    """With two variants of shapes-cnn and a few shapes."""
    fill(workspace, passes=False)
    return page


def drawn(at: AppTest, **query: str | list[str]) -> AppTest:
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def worked(at: AppTest) -> AppTest:
    """Wait for all that was asked, then draw; twice, as the first drawing may ask for more."""
    for _ in range(2):
        for lane in (resources.jobs(), resources.loading()):
            for job in lane.list():
                assert job.wait(PATIENCE)
        drawn(at)
    return at


def opened(at: AppTest, **query: str | list[str]) -> AppTest:
    return worked(drawn(at, **query))


def press(at: AppTest, label: str, number: int = 0) -> AppTest:
    [b for b in at.button if b.label == label][number].click()
    return drawn(at)


def said(at: AppTest) -> str:
    kinds = (at.markdown, at.caption, at.success, at.warning, at.error, at.info)
    return "\n".join(str(e.value) for kind in kinds for e in kind).replace("\\", "")


def plan(at: AppTest) -> list[dict[str, str]]:
    """The grid of what will be made."""
    return [
        {name: str(text).replace("\\", "").strip("*") for name, text in row.items()}
        for row in at.table[0].value.to_dict("records")
    ]


def label(at: AppTest) -> str:
    return next(b.label for b in at.button if b.key == "variants.make")


def multiselect(at: AppTest, name: str):
    return next(m for m in at.multiselect if m.label == name)


DIGITS = "digits-cnn"  # has no variants that ship with Cutaway
ZEROS = "Zeros among the weights, in %"


def test_a_new_page_plans_six_variants(page: AppTest) -> None:
    opened(page, base=DIGITS)
    assert not page.error
    assert [row["Method"] for row in plan(page)] == ["Random", "Global magnitude"]
    assert plan(page)[0]["90 %"] == f"{DIGITS}-random-90"
    assert label(page) == "Make 6 variants"
    assert "no variants yet" in said(page)


def test_other_sparsities_are_another_plan_and_another_address(page: AppTest) -> None:
    opened(page, base=DIGITS)
    multiselect(page, ZEROS).set_value(["70", "99.5"])
    drawn(page)
    assert [n for n in plan(page)[0] if n.endswith("%")] == ["70 %", "99.5 %"]
    assert page.query_params["level"] == ["0.7", "0.995"]


def test_what_cannot_be_a_sparsity_is_said_and_nothing_is_lost(page: AppTest) -> None:
    opened(page, base=DIGITS)
    given = ["50", "0", "100", "0.8", "many"]
    multiselect(page, ZEROS).set_value(given)
    drawn(page)
    (error,) = page.error
    assert all(f"'{bad}'" in error.value.replace("\\", "") for bad in given[1:])
    assert label(page) == "Make 2 variants"
    assert multiselect(page, ZEROS).value == given


def test_a_method_that_reads_images_says_so_before_anything_is_queued(page: AppTest) -> None:
    opened(page, pruner=["snip", "lamp"], base=DIGITS)
    snip, lamp = sorted(plan(page), key=lambda row: row["Method"], reverse=True)
    assert "not possible" in snip["50 %"]
    assert lamp["50 %"] == f"{DIGITS}-lamp-50"
    assert "SNIP reads images" in said(page)
    assert label(page) == "Make 3 variants"
    assert "Generate such images" in [b.label for b in page.button]


def test_a_dataset_of_its_classes_is_chosen_by_itself(filled: AppTest) -> None:
    opened(filled, pruner="snip", base=BASE)
    images = next(s for s in filled.selectbox if s.label == "Images")
    assert "few shapes" in images.options[images.index or 0]
    assert label(filled) == "Make 3 variants"


def test_names_that_are_taken_are_numbered_and_others_can_be_given(filled: AppTest) -> None:
    opened(filled, pruner="lamp", level="0.66", base=BASE)
    assert plan(filled)[0]["66 %"] == f"{BASE}-lamp-66"
    cards.write(replace(_card(HALF), name=f"{BASE}-lamp-66"), _folder() / f"{BASE}-lamp-66.json")
    (_folder() / f"{BASE}-lamp-66.safetensors").write_bytes((_folder() / f"{HALF}.safetensors").read_bytes())
    drawn(filled)
    assert plan(filled)[0]["66 %"] == f"{BASE}-lamp-66-2"
    next(t for t in filled.text_input if t.label == "Names begin with").set_value("mine")
    drawn(filled)
    assert plan(filled)[0]["66 %"] == "mine-lamp-66"
    next(t for t in filled.text_input if t.label == "Names begin with").set_value("***")
    drawn(filled)
    assert "cannot be named" in said(filled)
    assert label(filled) == "Nothing to make"


def _folder() -> Path:
    return resources.settings().imported_models


def _card(name: str) -> cards.Card:
    found = catalogue.card(name, _folder())
    assert found is not None
    return found


def test_variants_are_made_and_shown(page: AppTest) -> None:
    opened(page, pruner=["lamp", "random"], level="0.6", base=DIGITS)
    press(page, "Make 2 variants")
    worked(page)
    assert not page.error
    assert "2 new variants" in said(page)
    assert plan(page)[0]["60 %"].startswith(f":gray[{DIGITS}-random-60]")
    press(page, "Show in Family")
    worked(page)
    table = page.dataframe[0].value
    names = [name.strip(" └") for name in table["Model"]]
    assert names == [DIGITS, f"{DIGITS}-lamp-60", f"{DIGITS}-random-60"]
    assert table["Sparsity"].round(1).tolist() == [0.0, 60.0, 60.0]
    assert page.query_params["variant"] == [f"{DIGITS}-random-60", f"{DIGITS}-lamp-60"]


def test_the_family_has_numbers_and_one_model_is_told_of(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE, model=NINE)
    rows = {row["Model"].strip(" └"): row for row in filled.dataframe[0].value.to_dict("records")}
    assert rows[NINE]["Sparsity"] == pytest.approx(90, abs=0.1)
    assert rows[NINE]["Accuracy"] == pytest.approx(55)
    assert rows[HALF]["Agrees"] == pytest.approx(100 * (1 - 0.5 / 3))
    known = dict(zip(*filled.table[0].value.to_dict("list").values(), strict=True))
    assert known[":gray[Method]"] == "Global magnitude"
    assert known[":gray[Made from]"].replace("\\", "") == BASE


def test_a_variant_is_deleted_and_what_was_made_from_it_is_said(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE, model=HALF)
    cards.write(replace(_card(NINE), parent=HALF, parent_id=_card(HALF).model_id), _folder() / f"{NINE}.json")
    drawn(filled)
    assert f"1 variant was made from it and will stay: {NINE}" in said(filled)
    press(filled, "Delete for good")
    assert not filled.error
    assert sorted(path.stem for path in _folder().glob("*.json")) == [NINE]


def test_an_export_can_be_imported_again(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE, model=NINE)
    profile = _card(NINE).profile
    assert profile is not None
    offered = [b.label for b in filled.get("download_button")]
    assert f"Zeros left out · {words.size(profile['size_sparse'])}" in offered
    assert f"All weights · {words.size(profile['size_dense'])}" in offered
    taken = exported(NINE, _folder())
    with zipfile.ZipFile(io.BytesIO(taken)) as archive:
        assert json.loads(archive.read(f"{NINE}.json"))["parent"] == BASE
    _brought(filled, taken, "back again")
    assert (_card("back again").parent, _card("back again").variant) == (BASE, _card(NINE).variant)
    assert _card("back again").model_id == _card(NINE).model_id
    assert filled.query_params["model"] == "back again"
    assert not filled.error


def test_an_archive_that_is_no_model_is_refused_and_nothing_is_kept(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE)
    _brought(filled, b"PK no zip", "")
    assert "given.zip is no zip archive" in filled.error[0].value.replace("\\", "")
    assert sorted(path.stem for path in _folder().glob("*.json")) == sorted([HALF, NINE])


def _brought(at: AppTest, data: bytes, name: str) -> None:
    at.file_uploader[0].set_value(("given.zip", data, "application/zip"))
    drawn(at)
    next(t for t in at.text_input if t.label == "Name").set_value(name)
    drawn(at)
    press(at, "Import")


def test_an_imported_model_is_declared_a_variant(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE, model=NINE)
    cards.write(replace(_card(NINE), variant=None, parent="", parent_id=""), _folder() / f"{NINE}.json")
    opened(filled, base=NINE, model=NINE, variant=NINE)
    next(s for s in filled.selectbox if s.label == "A variant of").set_value(HALF)
    drawn(filled)
    press(filled, "Keep")
    assert not filled.error
    assert (_card(NINE).parent, _card(NINE).parent_id) == (HALF, _card(HALF).model_id)


def test_the_layers_are_drawn_and_another_view_is_in_the_address(filled: AppTest) -> None:
    opened(filled, tab="layers", base=BASE, variant=[HALF, NINE])
    rows = {row["Model"]: row for row in filled.dataframe[0].value.to_dict("records")}
    profile = _card(NINE).profile
    assert profile is not None
    assert rows[NINE]["Left"] == profile["weights"] - profile["zeros"]
    assert "Collapsed layers" in said(filled)
    next(s for s in filled.segmented_control if s.label == "Show").set_value("weights")
    next(s for s in filled.selectbox if s.label == "Layer").set_value("fc")
    drawn(filled)
    assert not filled.error
    assert (filled.query_params["show"], filled.query_params["layer"]) == ("weights", "fc")


def test_another_base_brings_its_own_family(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE, variant=[HALF, NINE])
    assert multiselect(filled, "On show").value == [HALF, NINE]
    next(s for s in filled.selectbox if s.label == "Base").set_value("digits-cnn")
    worked(drawn(filled))
    assert not filled.error
    assert [name.strip() for name in filled.dataframe[0].value["Model"]] == ["digits-cnn"]
    assert filled.query_params["base"] == "digits-cnn"


@pytest.mark.parametrize("tab", ["build", "family", "layers", "nonsense"])
def test_any_address_does_no_harm(filled: AppTest, tab: str) -> None:
    asked = {"tab": tab, "base": "nobody", "variant": "nothing", "data": "zz", "layer": "none", "model": "who"}
    opened(filled, **asked, pruner=["magic", "random;seed=x"], level=["7", "nan"], option=["seed:many", "scope:moon"])
    assert not [e for e in filled.error if "bug" in e.value]


def test_a_damaged_card_hides_no_other(filled: AppTest) -> None:
    opened(filled, tab="family", base=BASE)
    (_folder() / f"{HALF}.json").write_text("{")
    opened(filled)
    assert not [e for e in filled.error if "bug" in e.value]
    assert NINE in [name.strip(" └") for name in filled.dataframe[0].value["Model"]]
