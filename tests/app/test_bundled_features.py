"""The first visit of the Embeddings page: its images are generated, its embeddings taken in, once."""

from collections.abc import Generator
from pathlib import Path

import pytest
import streamlit as st

from analysis.pipelines import feature_bundle
from app import resources
from app.resources import bundled_features

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _process(workspace: Path) -> Generator[None]:
    yield
    resources.closing().close()
    st.cache_resource.clear()


def test_the_example_is_there_after_the_first_visit() -> None:
    job = bundled_features()
    assert job is not None
    assert job.wait(120)
    assert (job.state, job.error) == ("done", None)
    assert bundled_features() is None
    assert len(resources.store().embeddings.all()) == len(feature_bundle.MODELS) * len(feature_bundle.METHODS)
    assert [j.kind for j in resources.work().jobs()] == ["generate"]
