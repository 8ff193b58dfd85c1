"""Colours, densities and selections of the Embeddings page, on arrays known by heart."""

import io

import numpy as np
import pytest
from PIL import Image

from app.embeddings_choice import Pane
from app.figures import embeddings_density, embeddings_palette
from app.widgets.embeddings import colouring, pane_settings, quality, selection, strip
from app.widgets.embeddings.colouring import Coloured


def test_samples_without_a_class_come_last_in_grey() -> None:
    found = colouring._classes("Label", np.array([1, -1, 0, 7]), ("cat", "dog"), "no label")
    assert found.names == ("cat", "dog", "no label")
    np.testing.assert_array_equal(found.codes, [1, 2, 0, 2])
    assert found.palette == (*embeddings_palette.classes(2), embeddings_palette.NOTHING)
    complete = colouring._classes("Label", np.array([1, 0]), ("cat", "dog"), "no label")
    assert complete.names == ("cat", "dog")


def test_numbers_span_all_but_a_few_outliers() -> None:
    values = np.arange(1000, dtype=np.float32)
    values[-1], values[0] = 1e9, np.nan
    found = colouring._number("Loss", values, "", dark=False)
    finite = values[np.isfinite(values)]
    assert (found.low, found.high) == tuple(np.percentile(finite, (0.5, 99.5)))
    assert found.high < 1000
    alike = colouring._number("Loss", np.full(5, 3.0, np.float32), "", dark=False)
    assert alike.low < 3 < alike.high
    none = colouring._number("Loss", np.full(5, np.nan, np.float32), "", dark=True)
    assert none.low < none.high


def test_colours_of_a_strip_are_those_of_the_panes() -> None:
    codes = Coloured("Label", np.array([1, 0], np.uint16), ("a", "b"), palette=("#000000", "#10FF20"))
    np.testing.assert_array_equal(strip.rgb(codes), [[16, 255, 32], [0, 0, 0]])
    values = np.array([0, 1, 0.5, 2, np.nan], np.float32)
    ramp = Coloured("Loss", None, (), values, 0.0, 1.0, palette=("#000000", "#C8C8C8"))
    np.testing.assert_array_equal(strip.rgb(ramp)[:, 0], [0, 200, 100, 200, 143])


def test_a_knob_is_turned_and_nothing_else() -> None:
    pane = Pane("net", "penultimate", method="umap", params=(("metric", "cosine"), ("n_neighbors", "30")))
    assert strip.turned(pane, 50).params == (("metric", "cosine"), ("n_neighbors", "50"))
    assert strip.turned(pane, 15).params == (("metric", "cosine"),)  # the method's own
    assert 15 in strip.steps(pane)
    assert strip.steps(Pane(method="pca")) == ()
    assert strip.steps(Pane(method="nonsense")) == ()


def test_a_joint_method_takes_all_panes_and_leaves_none_alone() -> None:
    panes = [Pane("a", "x"), Pane("b", "y")]
    joint = Pane("a", "x", method="aligned_umap", params=(("n_neighbors", "5"),), seed=2)
    both = pane_settings.changed(panes, 0, joint)
    assert [(p.model, p.tap, p.method, p.params, p.seed) for p in both] == [
        (m, t, "aligned_umap", (("n_neighbors", "5"),), 2) for m, t in (("a", "x"), ("b", "y"))
    ]
    assert [p.method for p in pane_settings.changed(both, 1, Pane("b", "y", method="tsne"))] == ["tsne", "tsne"]
    assert [p.method for p in pane_settings.changed(panes, 1, Pane("c", method="tsne"))] == ["pca", "tsne"]


@pytest.mark.parametrize(
    ("before", "mode", "after"),
    [
        (None, "replace", [2, 5]),
        ([1, 2], "replace", [2, 5]),
        (None, "add", [2, 5]),
        ([1, 2], "add", [1, 2, 5]),
        ([1, 2], "remove", [1]),
    ],
)
def test_a_lasso_goes_with_what_was_selected(before: list[int] | None, mode: str, after: list[int]) -> None:
    given = None if before is None else np.array(before, np.int32)
    found = selection.combined(given, np.array([5, 2], np.int32), mode)
    np.testing.assert_array_equal(found, after)
    assert found.dtype == np.int32


@pytest.mark.parametrize(
    ("name", "values"),
    [("trustworthiness", (0.99, 0.9, 0.5)), ("overlap", (0.8, 0.5, 0.3)), ("stability", (0.1, 0.3, 0.9))],
)
def test_numbers_are_good_middling_or_poor(name: str, values: tuple[float, ...]) -> None:
    assert [quality.rated(name, v) for v in values] == ["green", "orange", "red"]


def test_density_is_opaque_where_points_are_and_clear_elsewhere() -> None:
    counts = np.array([[0, 1], [10, 1000]])
    pixels = np.asarray(Image.open(io.BytesIO(embeddings_density.png(counts, dark=False))).convert("RGBA"))
    alpha = pixels[..., 3].astype(int)
    assert alpha[0, 0] == 0
    assert 0 < alpha[0, 1] < alpha[1, 0] < alpha[1, 1] == embeddings_density.MOST_ALPHA
    inks = np.zeros((2, 2, 3), np.uint8)
    inks[1, 1] = (9, 8, 7)
    tinted = np.asarray(Image.open(io.BytesIO(embeddings_density.png(counts, inks, dark=True))).convert("RGBA"))
    np.testing.assert_array_equal(tinted[1, 1, :3], (9, 8, 7))
    nothing = np.asarray(Image.open(io.BytesIO(embeddings_density.png(np.zeros((2, 2), int), dark=True))))
    assert nothing[..., 3].max() == 0
