"""The Explain page without a browser: it draws, it takes what it is given, and a bad address does not harm it."""

from collections.abc import Generator
from pathlib import Path
from typing import Any

import pytest
import streamlit as st
import torch
from streamlit.testing.v1 import AppTest

from analysis.datasets.samples import sample_pictures
from analysis.engine.jobs import Job
from app import resources, work
from models import catalogue
from models.architectures import registry

MAIN = Path(__file__).parents[2] / "app" / "main.py"
CLASSES = [f"class {i}" for i in range(10)]

pytestmark = pytest.mark.slow


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    """The page with an untrained network to ask; what the process shares is closed afterwards."""
    torch.manual_seed(0)
    weights = workspace.parent / "untrained.pt"
    torch.save(registry.build("resnet20_cifar").state_dict(), weights)
    folder = workspace / "models"
    catalogue.import_model(weights, architecture="resnet20_cifar", classes=CLASSES, name="untrained", folder=folder)
    at = AppTest.from_file(str(MAIN), default_timeout=120)
    at.query_params["classifier"] = "untrained"
    yield at
    for shared in (resources.jobs, resources.loading, resources.store):
        shared().close()
    st.cache_resource.clear()


def settle(at: AppTest) -> AppTest:
    """Run until nothing is under way any more."""
    at.run()
    for _ in range(60):
        active = [job for lane in (resources.jobs(), resources.loading()) for job in lane.list() if job.active]
        started = work.SUBMITTED in at.session_state
        if not active and started:
            break
        for job in active:
            job.wait(60)
        at.run()
    assert not at.exception
    return at


def explanations(at: AppTest) -> list[Any]:
    found: dict[str, Any] = at.session_state[work.FOUND]
    return [found[key] for key in at.session_state[work.SUBMITTED]]


def test_a_new_page_explains_a_sample_by_six_methods(page: AppTest) -> None:
    settle(page)
    (found,) = explanations(page)
    assert len({m.method for m in found.maps}) == 6
    assert len(found.top) == 5
    assert not page.error
    assert not page.warning


def test_another_target_is_another_map(page: AppTest) -> None:
    settle(page)
    before = explanations(page)[0].maps[0]
    page.session_state["explain.w.mode"] = "Classes"
    page.session_state["explain.w.classes"] = ["class 3"]
    settle(page)
    after = explanations(page)[0].maps[0]
    assert after.target == "class 3"
    assert (after.raw != before.raw).any()
    assert page.query_params["target"] == "class 3"


def test_an_uploaded_picture_is_shown_and_kept(page: AppTest) -> None:
    settle(page)
    sample = sample_pictures()[1]
    page.file_uploader[0].set_value([("mine.png", sample.read(), "image/png"), ("bad.jpg", b"no", "image/jpeg")])
    settle(page)
    (found,) = explanations(page)
    assert page.query_params["picture"] == found.image
    assert resources.store().picture_bytes(found.image) == ("mine.png", sample.read())
    assert "bad" in page.warning[0].value


def test_an_address_brings_methods_parameters_and_targets(page: AppTest) -> None:
    page.query_params["method"] = ["smoothgrad;samples=3", "gradcam"]
    page.query_params["target"] = "class 1:class 2"
    settle(page)
    (found,) = explanations(page)
    assert [m.method for m in found.maps] == ["smoothgrad", "gradcam"]
    assert found.maps[0].params["samples"] == 3
    assert {m.target for m in found.maps} == {"class 1 rather than class 2"}


def test_classes_over_the_picture_are_computed_when_asked_for(page: AppTest) -> None:
    settle(page)
    titles = [job.title for job in resources.jobs().list()]
    assert not [title for title in titles if title.startswith("Classes over")]
    page.session_state["classes.open"] = True
    settle(page)
    charts = page.get("plotly_chart")
    assert len(charts) == 2
    one = page.selectbox(key=next(s.key for s in page.selectbox if s.label == "The logit of one class"))
    assert sorted(one.options) == sorted(CLASSES)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("method", "nonsense"),
        ("method", "smoothgrad;samples=many"),
        ("target", "unicorn"),
        ("target", "class 1:unicorn"),
        ("tap", "nowhere"),
        ("picture", "0" * 64),
        ("classifier", "not-there"),
    ],
)
def test_a_wrong_address_does_no_harm(page: AppTest, name: str, value: str) -> None:
    page.query_params[name] = value
    page.run()
    for _ in range(3):
        for lane in (resources.loading(), resources.jobs()):
            for job in lane.list():
                job.wait(60)
        page.run()
    assert not page.exception
    assert not [e for e in page.error if "bug" in e.value]


def test_a_choice_from_elsewhere_starts_the_methods_and_their_parameters_anew(page: AppTest) -> None:
    page.query_params["method"] = "smoothgrad;samples=3"
    settle(page)
    page.number_input(key=next(n.key for n in page.number_input if n.label == "Samples")).set_value(4)
    settle(page)
    assert page.query_params["method"] == "smoothgrad;samples=4"
    page.query_params["method"] = "smoothgrad;samples=5"
    settle(page)
    (found,) = explanations(page)
    assert found.maps[0].params["samples"] == 5
    assert page.query_params["method"] == "smoothgrad;samples=5"


def test_without_a_method_the_page_asks_for_one(page: AppTest) -> None:
    settle(page)
    for pills in page.button_group:
        if ".group." in str(pills.key):
            pills.set_value([])
    page.run()
    assert not page.exception
    assert "Choose at least one method" in [m.value.removeprefix("#### ") for m in page.markdown]
    assert page.session_state[work.SUBMITTED] == set()


def test_a_cancelled_job_is_named_without_quotes() -> None:
    job = Job("key", "RISE of cat.png", print)
    job.stop()
    job.run()
    assert work._why(job) == "RISE of cat.png was cancelled."
