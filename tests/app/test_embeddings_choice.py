"""The address of the Embeddings page: there and back, and what it makes of nonsense."""

import pytest

from app.embeddings_choice import LONG, PANES, Choice, Pane, read, written

FULL = Choice(
    dataset="ab12cd34ef56",
    panes=(
        Pane("shapes-cnn", "penultimate", "clean", "umap", (("n_neighbors", "30"), ("metric", "cosine")), 3, 7),
        Pane("shapes-cnn-lrr-80", "layer4", "fog/3", "pca"),
    ),
    colour="cluster:abc",
    view="classes",
    aligned=False,
    camera=True,
    labels=(1, 3),
    predictions=(2,),
    correct=False,
    ranges=(("confidence", 0.5, None), ("margin", None, -1.5)),
    text="cat",
    hidden=(0, 999),
    selection="x7Kq2",
    sample=12,
)


@pytest.mark.parametrize("choice", [Choice(), FULL, Choice(correct=True, sample=0)])
def test_an_address_says_the_choice(choice: Choice) -> None:
    assert read(written(choice)) == choice


def test_the_default_is_an_empty_address() -> None:
    assert written(Choice()) == {}


@pytest.mark.parametrize("name", ["solid|circle", "a;b=c", "100 %", "%7C", "wolf, grey", "Käse/Brot"])
def test_names_may_hold_the_signs_of_an_address(name: str) -> None:
    pane = Pane(name, name, "clean", "class_directions", (("x", name),))
    assert read(written(Choice(panes=(pane,)))).panes == (pane,)


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ({"pane": [""]}, Choice(panes=(Pane(),))),
        ({"pane": ["a|b|c|d;=1;x|7|-3"]}, Choice(panes=(Pane("a", "b", "c", "d", (("x", ""),)),))),
        ({"view": ["nonsense"], "sample": ["-1"], "correct": ["maybe"], "hide": ["x", "2"]}, Choice(hidden=(2,))),
        ({"range": ["weight:0:1", "loss:nan:", "loss:a:b", "loss:1:2:3", "loss"]}, Choice()),
        ({"range": ["column:a:b:1:"]}, Choice(ranges=(("column:a:b", 1.0, None),))),  # names may hold any sign
        ({"truth": ["9" * 30, "1"]}, Choice(labels=(1,))),
    ],
)
def test_nonsense_falls_back_to_the_default(query: dict[str, list[str]], meant: Choice) -> None:
    assert read(query) == meant


def test_an_address_is_bounded() -> None:
    found = read({"pane": [f"m{i}" + "x" * 5000 for i in range(50)]})
    assert len(found.panes) == PANES
    assert all(len(pane.model) == LONG for pane in found.panes)
