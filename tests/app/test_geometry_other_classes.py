"""The Geometry page of a network that names none of the dataset's classes: its classes are the dataset's own."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from analysis.pipelines import geometry
from analysis.pipelines.work import run_here
from analysis.store import Store
from app import geometry_document
from app.geometry_choice import Choice, Network, Subject
from app.widgets.geometry import picker
from app.widgets.geometry.spot import Spot, all_classes, of_classes, spot_of
from tests.analysis.pipelines.sweep_specimens import dataset
from tests.app.test_geometry_page import closed, drawn, opened, said

MODEL, COUNT, LETTERS = "digits-cnn", 150, tuple("abcdefghijkl")
SAID = f"{MODEL} names other classes than digits150: its classes here are the dataset's own"

pytestmark = pytest.mark.slow


@pytest.fixture
def measured(workspace: Path) -> Iterator[Subject]:
    """Handwritten digits that are called by twelve letters, as the network for digits reads them."""
    with Store.open(workspace) as store:
        images = dataset(workspace, COUNT, store, class_names=LETTERS)
        asked = geometry.asked(store, workspace, models=[MODEL], dataset_id=images, taps=["relu2", "penultimate"])
        run_here(store, workspace, "geometry", asked)
        record = store.pass_record(asked["subjects"][0]["pass_id"])
        found = store.dataset(images)
        network = Network(MODEL, record, tuple(store.geometry.numbers([record.pass_id])), "", found.class_names)
    yield Subject(Choice(), found, (network,))
    closed()


@pytest.fixture
def spot(measured: Subject) -> Spot:
    found = spot_of(measured.first, "penultimate")
    assert found is not None
    return found


@pytest.mark.usefixtures("measured")
def test_it_is_said_once_and_classes_have_the_datasets_names():
    page = drawn(opened(view="classes"))
    assert said(page).replace("\\", "").count(SAID) == 1
    each = next(t.value for t in page.dataframe if "Samples" in t.value)
    assert each["Class"].tolist() == list(LETTERS)
    assert each["Samples"].sum() == COUNT
    assert {"Angle", "Length", "NC1", "Closest mean"} <= set(each)
    assert not {"Right", "|w|", "Margin"} & set(each)
    captions = " ".join(c.value for c in page.caption)
    assert "10 of the network's 10 classes · of the weights alone" in captions
    assert f"10 of 12 classes · n = {COUNT} samples" in captions
    pairs = next(t.value for t in page.dataframe if "cosine" in t.value)
    assert set(pairs["Class"]) <= set(LETTERS)
    assert "mixed up" not in pairs
    assert any("the network names other classes than these samples have" in i.value for i in page.info)  # margins


@pytest.mark.usefixtures("measured")
@pytest.mark.parametrize("view", ["overview", "depth", "spectrum", "subspaces", "similarity", "separability", "place"])
def test_every_view_draws(view: str):
    page = drawn(opened(view=view))
    assert SAID in said(page).replace("\\", "")
    assert "of the head's weights alone" not in said(page)


def test_weights_keep_the_networks_names(measured: Subject, spot: Spot):
    assert spot.names == LETTERS
    assert spot.by_weights.names == tuple("0123456789")
    assert not spot.arrays("weight_angles")
    assert "cosines" in spot.by_weights.arrays("weight_angles")
    assert not spot.by_weights.arrays("class_mean_angles")
    assert all_classes(spot, "nc1", "per_class").shape == (12,)
    assert all_classes(spot.by_weights, "weight_norms", "norms").shape == (10,)
    known = of_classes(measured, spot)
    assert known.counts.sum() == COUNT
    assert known.counts[10:].sum() == 0
    assert not (of_classes(measured, spot.by_weights).own >= 0).any()


def test_the_report_says_it(measured: Subject):
    assert SAID.replace("'", "&#x27;") in geometry_document.html(measured, [])


def test_two_networks_are_named_together(measured: Subject):
    both = Subject(measured.choice, measured.dataset, (measured.first,) * 2)
    assert both.other_classes.startswith(f"{MODEL} and {MODEL} name other classes than digits150: their classes")
    assert Subject(measured.choice, measured.dataset, (Network("net"),)).other_classes == ""


def test_the_picker_knows_the_datasets_names(measured: Subject):
    (network,) = picker.networks(Choice(models=(MODEL,)), measured.dataset)
    assert network.foreign
    assert network.class_names == LETTERS
