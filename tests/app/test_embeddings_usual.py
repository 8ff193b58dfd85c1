"""What a new page shows, and what a pane means that leaves something open."""

from datetime import UTC, datetime
from typing import Any

import pytest

from analysis.embeddings import Embedding, Source
from app.embeddings_choice import Choice, Pane
from app.widgets.embeddings import usual


def source(model: str, tap: str = "penultimate", condition: str = "clean") -> Source:
    return Source(f"{model}/{condition}", f"id of {model}", model, "data", "images", condition, tap, 10, 4)


def embedding(of: Source, method: str, params: dict[str, Any], seed: int = 0, dims: int = 2) -> Embedding:
    when = datetime(2026, 1, 1, tzinfo=UTC)
    return Embedding(
        "id", of.pass_id, of.model_id, of.model_name, "data", "images", of.condition, of.tap, method, params, dims,
        seed, 10, 10, "neighbours", ("x", "y"), (), 1.0, "cpu", when,
    )  # fmt: skip


def test_without_features_there_is_nothing() -> None:
    assert usual.panes(Choice(), [], []) == ()


def test_the_founder_comes_first_and_its_variant_of_middle_sparsity_beside_it() -> None:
    names = ("cnn-lrr-95", "cnn-lrr-80", "cnn-snip-50", "cnn")
    assert [p.model for p in usual.panes(Choice(), [source(n) for n in names], [])] == ["cnn", "cnn-lrr-80"]


def test_another_model_is_not_a_variant() -> None:
    (only,) = usual.panes(Choice(), [source("cnnet"), source("cnn")], [])
    assert only == Pane("cnnet", "penultimate")


def test_clean_features_before_the_head_are_preferred() -> None:
    sources = [source("cnn", "conv"), source("cnn", condition="fog/3"), source("cnn")]
    assert usual.panes(Choice(), sources, []) == (Pane("cnn", "penultimate"),)


def test_a_stored_umap_is_shown_with_its_own_parameters() -> None:
    from analysis.projections import PROJECTIONS

    params = PROJECTIONS["umap"].bound({"n_neighbors": 30})
    (pane,) = usual.panes(Choice(), [source("cnn")], [embedding(source("cnn"), "umap", params, seed=3)])
    assert pane == Pane("cnn", "penultimate", "clean", "umap", (("n_neighbors", "30"),), 2, 3)
    (pane,) = usual.panes(Choice(), [source("cnn")], [embedding(source("cnn"), "umap", params, dims=3)])
    assert pane.method == "pca"


@pytest.mark.parametrize(
    ("pane", "meant"),
    [
        (Pane(), Pane("cnn", "penultimate")),
        (Pane("cnn", condition="fog/3"), Pane("cnn", "conv", "fog/3")),
        (Pane("unknown"), Pane("unknown", "")),
        (Pane("cnn", "nowhere"), Pane("cnn", "nowhere")),
    ],
)
def test_what_is_open_is_filled_in(pane: Pane, meant: Pane) -> None:
    sources = [source("cnn"), source("cnn", "conv", "fog/3")]
    assert usual.panes(Choice(panes=(pane,)), sources, []) == (meant,)
