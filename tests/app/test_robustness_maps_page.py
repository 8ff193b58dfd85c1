"""The page's maps and gallery of corruptions, with a real network on a small dataset; and what keeps them away."""

import time
from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.store import Store
from analysis.sweeps import Member, SweepRecord
from app import resources
from models import catalogue
from tests import sweeps
from tests.app.filled import fill
from tests.app.test_robustness_samples import SCRIPT, said

pytestmark = pytest.mark.slow


@pytest.fixture
def opened(workspace: Path) -> Generator[Path]:
    yield workspace
    resources.closing().close()
    st.cache_resource.clear()


def swept(workspace: Path, **changes: object) -> SweepRecord:
    """60 images of 8 x 8 pixels; the only member is a network of digits."""
    dataset, _, _ = fill(workspace)
    classifier = catalogue.load("digits-cnn")
    member = Member("digits-cnn", classifier.fingerprint)
    sweep = replace(
        sweeps.record(1, 2, 60, 10, dataset_id=dataset.dataset_id),
        members=(replace(member, **changes),),
        reference="digits-cnn",
        image_size=(8, 8),
        dataset_name="animals",
    )
    with Store.open(workspace) as store:
        return sweeps.kept(store, workspace / "parts", sweep)


def settled(at: AppTest, words: str) -> AppTest:
    """Drawn again until it says so."""
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        at.run()
        assert not at.exception
        assert not at.error
        if words in said(at):
            return at
        time.sleep(0.2)
    pytest.fail(f"'{words}' never came; there was: {said(at)}")


def opening(**query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    return at


def test_maps_of_the_sample_whose_margin_fell_most_and_of_the_one_that_was_chosen(opened: Path) -> None:
    swept(opened)
    at = settled(opening(view="attribution"), "its margin fell most from a to b")
    assert "covering it with the mean colour" in said(at)
    at = settled(opening(view="attribution", sample="7", target="angle.gradient"), "Sample 7 (chosen)")
    assert "brightening this pixel raises the number" in said(at)


def test_other_weights_are_said(opened: Path) -> None:
    swept(opened, model_id="f" * 64)
    settled(opening(view="attribution"), "is not the network any more")


def test_a_deck_has_no_maps(opened: Path) -> None:
    swept(opened, kind="deck")
    settled(opening(view="attribution"), "is a deck")


def test_without_images_there_are_no_maps_but_photographs_under_corruptions(opened: Path) -> None:
    with Store.open(opened) as store:
        sweeps.kept(store, opened / "parts", sweeps.record(2, 1, 10, 3))
    settled(opening(view="attribution"), "numbers only")
    settled(opening(view="corruptions"), "Cat, 32 × 32 pixels")


def test_the_gallery_shows_the_sample_at_the_size_of_the_sweep(opened: Path) -> None:
    swept(opened)
    at = settled(opening(view="corruptions", sample="3"), "8 × 8 pixels")
    assert "Sample 3" in said(at)
