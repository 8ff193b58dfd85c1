"""The selection that all pages share."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.errors import UnknownSelection
from app import linked, resources
from tests import sweeps
from tests.app.filled import SIZE, fill

SCRIPT = """
import streamlit as st
from app import embeddings_choice, linked, resources, robustness_choice

here, other = embeddings_choice.PAGE, robustness_choice.PAGE
if "begun" not in st.session_state:
    st.session_state.begun = here.current(), other.current()
    other.set(robustness_choice.Choice(selection="kept"))
    here.set(embeddings_choice.Choice(selection="kept", view="classes"))
data = st.session_state["data"]
st.button("hold", on_click=linked.hold, args=(data, [9, 3, 3, 5], "lasso"))
st.button("none", on_click=linked.hold, args=(data, [], "an empty lasso"))
st.button("drop", on_click=linked.drop)
samples, words = linked.held(data)
st.markdown(f"{None if samples is None else samples.tolist()} {words}".strip())
st.markdown(str(linked.held("another")))
there = st.session_state["robustness.address.choice"]
st.markdown(f"{here.current().selection!r} {here.current().view} {there.selection!r}")
"""


@pytest.fixture
def dataset_id(workspace: Path) -> Iterator[str]:
    yield fill(workspace)[0].dataset_id
    resources.closing().close()
    st.cache_resource.clear()


@pytest.fixture
def page(dataset_id: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    at.session_state["data"] = dataset_id
    return at


def _said(page: AppTest) -> list[str]:
    page.run()
    assert not page.exception
    return [m.value for m in page.markdown]


def test_what_is_held_is_of_one_dataset_and_stands_above_saved_ones(page: AppTest) -> None:
    assert _said(page) == ["None", "(None, '')", "'kept' classes 'kept'"]
    page.button[0].click()
    assert _said(page) == ["[3, 5, 9] lasso", "(None, '')", "'' classes ''"]
    page.button[1].click()
    assert _said(page)[0] == "[] an empty lasso"
    page.button[2].click()
    assert _said(page)[0] == "None"


def test_a_saved_selection_is_of_its_dataset_only(dataset_id: str) -> None:
    one = resources.store().save_selection("odd", np.arange(1, SIZE, 2), dataset_id, "by hand")
    samples, words = linked.kept(dataset_id, one.selection_id)
    assert samples.tolist() == list(range(1, SIZE, 2))
    assert words == "selection 'odd'"
    with pytest.raises(UnknownSelection, match="other images"):
        linked.kept("another", one.selection_id)


def test_a_sweep_of_the_same_images_finds_what_is_held(
    dataset_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = sweeps.record(1, 2, 20, 3, sweep_id="part", dataset_id=dataset_id)
    sweeps.kept(resources.store(), tmp_path / "part", record)
    there = resources.store().sweeps.truth("part")[0]
    held = linked.Chosen(dataset_id, np.arange(10, SIZE, dtype=np.int32), "lasso")
    monkeypatch.setattr(st, "session_state", {"linked.chosen": held, "robustness.address.published": {}})
    monkeypatch.setattr(st, "query_params", {})
    samples, words = linked.chosen(record)
    assert samples is not None
    assert samples.tolist() == [s for s in there.tolist() if s >= 10]
    assert (samples.dtype, words) == (np.int32, "lasso")
    assert linked.chosen(sweeps.record(1, 2, 20, 3, sweep_id="part", dataset_id="another")) == (None, "")
