"""The Workspace page's list of embeddings, and what is said before their features or their dataset go."""

from collections.abc import Generator
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
import streamlit as st
from streamlit.testing.v1 import AppTest

from analysis.embeddings import Embedding, Quality
from analysis.records import PassRecord
from analysis.store import Store
from app import resources
from tests.app.filled import SIZE, fill

SCRIPT = """
import streamlit as st
from app import frame
from app.views import samples, workspace
made = [st.Page(workspace.page, title="workspace", url_path="workspace", default=True),
        st.Page(samples.page, title="samples", url_path="samples")]
st.navigation(made, position="hidden").run()
"""


@pytest.fixture
def page(workspace: Path) -> Generator[AppTest]:
    _, first, _ = fill(workspace)
    with Store.open(workspace) as store:
        for number, method in enumerate(("umap", "a_method_that_is_gone")):
            folder = workspace / f"new{number}"
            folder.mkdir()
            np.save(folder / "points.npy", np.zeros((SIZE, 2), np.float32))
            store.embeddings.save(embedding(first, method, number), folder)
    yield AppTest.from_string(SCRIPT, default_timeout=120)
    resources.closing().close()
    st.cache_resource.clear()


def embedding(of: PassRecord, method: str, number: int) -> Embedding:
    return Embedding(
        embedding_id=f"{number + 1:x}" * 64,
        pass_id=of.pass_id,
        model_id=of.model_id,
        model_name=of.model_name,
        dataset_id=of.dataset_id,
        dataset_name=of.dataset_name,
        condition="clean",
        tap="penultimate",
        method=method,
        params={},
        dims=2,
        seed=7 * number,
        samples=SIZE,
        fitted=SIZE,
        placing="neighbours",
        axes=("1", "2"),
        remarks=(),
        seconds=1.5,
        device="cpu",
        computed_at=datetime(2026, 1, 2 + number, tzinfo=UTC),
        quality=None if number else Quality(15, SIZE, 0.973, 0.9, 0.5, 0.7),
    )


def texts(at: AppTest) -> str:
    return "\n".join(str(e.value) for e in [*at.markdown, *at.caption])


def drawn(at: AppTest, **query: str) -> AppTest:
    for name, value in query.items():
        at.query_params[name] = value
    at.run()
    assert not at.exception
    return at


def test_embeddings_are_listed_and_deleted(page: AppTest) -> None:
    said = texts(drawn(page, tab="store"))
    assert "**Embeddings** · 2" in said
    assert "**UMAP** of **first**" in said
    assert "**a\\_method\\_that\\_is\\_gone** of **first**" in said  # a later version's, or one that was taken out
    assert "trustworthiness 0.97" in said
    assert "seed 7" in said
    assert "2 embeddings keep their places" in said
    page.button(key=f"workspace.embedding.{'2' * 16}").click().run()
    assert [e.method for e in resources.store().embeddings.all()] == ["umap"]
    assert "1 embedding keeps its place" in texts(page)


def test_a_dataset_says_that_its_embeddings_go_with_it(page: AppTest) -> None:
    assert "2 embeddings" in texts(drawn(page, tab="datasets"))
