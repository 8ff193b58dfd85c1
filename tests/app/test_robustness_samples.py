"""The gallery of samples: its order in the address, its lists, what a tile says, and the page that shows it."""

from collections.abc import Generator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.store import Store
from app import resources
from app.widgets.robustness.samples_order import Order, Verdicts, ordered
from app.widgets.robustness.samples_tiles import tiles
from tests import sweeps

SCRIPT = """
import streamlit as st
from app import frame
from app.views import robustness
st.set_page_config(layout="wide")
st.navigation([st.Page(robustness.page, title="Robustness", url_path="robustness", default=True)],
              position="hidden").run()
"""


@pytest.mark.parametrize(
    "order",
    [
        Order(),
        Order("margin"),
        Order("sample", "fragile", 3),
        Order("fragility", "everywhere", 1, "b"),
        Order("change", "robust", 12, "a", "clean"),
        Order(drawn="clean"),
    ],
)
def test_an_order_comes_back_from_the_address(order: Order) -> None:
    assert Order.read(order.written()) == order


def test_the_default_takes_no_room_and_nonsense_is_the_default() -> None:
    assert Order().written() == ""
    assert Order("margin").written() == "margin"
    for text in ("nonsense", "....", "fragility.x.-3.z.y", "margin.fragile.99999999"):
        assert Order.read(text).least == 1
    assert Order.read("margin.nonsense").sort == "margin"


CORRECT = np.array([[1, 1, 0, -1, 0], [1, 0, 0, -1, -1], [1, 1, 0, -1, 1]], np.int8)
SAMPLES = np.array([2, 3, 5, 7, 11], np.int32)


def test_lists_hold_whom_they_say() -> None:
    verdicts = Verdicts.of(SAMPLES, CORRECT)
    assert verdicts.wrong.tolist() == [0, 1, 3, 0, 1]
    assert verdicts.judged.tolist() == [3, 3, 3, 0, 2]
    lists = {
        "all": [2, 3, 5, 7, 11],
        "robust": [2],
        "fragile": [3, 5, 11],
        "everywhere": [5],
    }
    for which, expected in lists.items():
        assert SAMPLES[verdicts.listed(which)].tolist() == expected  # pyright: ignore[reportArgumentType]
    assert SAMPLES[verdicts.listed("fragile", 2)].tolist() == [5]


def test_orders() -> None:
    verdicts = Verdicts.of(SAMPLES, CORRECT)
    margins = np.array([1.0, -2.0, np.nan, 0.5, 3.0], np.float32)
    others = np.array([0.5, -2.5, 1.0, np.nan, -3.0], np.float32)

    def found(sort) -> list[int]:
        return SAMPLES[ordered(verdicts, sort, margins, others)].tolist()

    assert found("fragility") == [5, 3, 11, 2, 7]
    assert found("sample") == [2, 3, 5, 7, 11]
    assert found("margin") == [3, 7, 2, 11, 5]  # nan last
    assert found("change") == [11, 2, 3, 5, 7]


def test_a_tile_tells_who_is_wrong_and_what_is_missing() -> None:
    sweep = sweeps.record(3, 1, 5, 4)
    values = {
        "correct": np.array([[1], [0], [-1]], np.int8),
        "prediction": np.array([[2], [3], [-1]], np.int16),
        "confidence": np.array([[0.9], [0.4], [np.nan]], np.float32),
        "margin": np.array([[1.5], [np.nan], [np.nan]], np.float32),
    }
    found = tiles(sweep, (0, 1, 2), [4], {4: 2}, values, None)
    (tile,) = found["tiles"]
    assert (tile["truth"], tile["wrong"], tile["judged"]) == ("class 2", 1, 2)
    right, wrong, missing = tile["cells"]
    assert right == {"state": "right", "said": "class 2", "sure": 0.9, "margin": "1.5"}
    assert (wrong["state"], wrong["said"], wrong["margin"]) == ("wrong", "class 3", None)
    assert missing == {"state": "missing"}
    assert found["members"] == [m.name for m in sweep.members]


@pytest.fixture
def opened(workspace: Path) -> Generator[Path]:
    yield workspace
    resources.closing().close()
    st.cache_resource.clear()


def drawn(workspace: Path, **query: str) -> AppTest:
    at = AppTest.from_string(SCRIPT, default_timeout=60)
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    assert not at.error
    return at


def said(at: AppTest) -> str:
    return " ".join(e.value for e in [*at.markdown, *at.caption, *at.info, *at.warning])


@pytest.mark.slow
def test_the_page_lists_selects_and_says_that_there_are_no_images(opened: Path) -> None:
    sweep = sweeps.record(3, 2, 40, 4)
    with Store.open(opened) as store:
        sweeps.kept(store, opened / "parts", sweep)
    at = drawn(opened, view="samples", order="sample.fragile.2.b")
    correct = np.stack([sweeps.rows(sweep, m, 3)["correct"] for m in range(3)])  # gaussian noise 3
    count = int(((~correct).sum(0) >= 2).sum())
    assert f"**{count}** wrong in 2 or more of 3 under Gaussian noise 3" in said(at)
    assert "numbers only" in said(at)
    at.button(key="robustness.samples.select").click()
    at.run()
    assert not at.exception
    assert f"{count} of 40 selected" in said(at)


@pytest.mark.slow
@pytest.mark.parametrize(("members", "samples", "classes"), [(1, 5, 1), (24, 5, 3)])
def test_few_samples_one_class_many_members(opened: Path, members: int, samples: int, classes: int) -> None:
    sweep = sweeps.record(members, 2, samples, classes)
    with Store.open(opened) as store:
        sweeps.kept(store, opened / "parts", sweep)
    assert "5** samples" in said(drawn(opened, view="samples", order="margin"))


@pytest.mark.slow
def test_a_sweep_without_a_cell_yet_says_so(opened: Path) -> None:
    sweep = replace(sweeps.record(2, 1, 10, 3), name="empty")
    with Store.open(opened) as store:
        store.sweeps.save(sweep, np.arange(10), np.zeros(10, np.int64))
    at = drawn(opened, view="samples", order="sample.robust")
    assert "Nobody can be judged here" in said(at)


@pytest.mark.slow
def test_a_sample_that_is_not_there_is_said(opened: Path) -> None:
    sweep = sweeps.record(2, 1, 10, 3)
    with Store.open(opened) as store:
        sweeps.kept(store, opened / "parts", sweep)
    assert "Sample 99 is not one of this sweep" in said(drawn(opened, view="samples", sample="99"))
