"""The first visit of the Embeddings page: its images are generated, its embeddings taken in, once."""

from collections.abc import Generator
from pathlib import Path

import pytest
import streamlit as st

from analysis.pipelines import embedding_bundle
from app import resources
from app.resources import bundled_embeddings

pytestmark = pytest.mark.slow


@pytest.fixture(autouse=True)
def _process(workspace: Path) -> Generator[None]:
    yield
    resources.closing().close()
    st.cache_resource.clear()


def test_the_example_is_there_after_the_first_visit() -> None:
    job = bundled_embeddings()
    assert job is not None
    assert job.wait(120)
    assert (job.state, job.error) == ("done", None)
    assert bundled_embeddings() is None
    assert len(resources.store().embeddings.all()) == len(embedding_bundle.MODELS) * len(embedding_bundle.METHODS)
    assert [j.kind for j in resources.work().jobs()] == ["generate"]
