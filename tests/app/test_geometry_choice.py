"""The address of the Geometry page: there and back, and what it makes of nonsense."""

import pytest

from app.geometry_choice import LONG, MODELS, MOST, Choice, Network, read, written

FULL = Choice(
    dataset="ab12cd34ef56",
    models=("shapes-cnn", "shapes-cnn-lrr-80"),
    condition="fog/3",
    tap="layer2.0",
    view="depth",
    measures=("nc1", "twonn"),
    classes=("cat", "red fox"),
    order="similarity",
    shown="layers",
    other="0123456789ab",
    selection="x7Kq2",
)


@pytest.mark.parametrize("choice", [Choice(), FULL, Choice(classes=("no such class",), view="place")])
def test_an_address_says_the_choice(choice: Choice) -> None:
    assert read(written(choice)) == choice


def test_the_default_is_an_empty_address() -> None:
    assert written(Choice()) == {}


@pytest.mark.parametrize(
    ("query", "meant"),
    [
        ({"view": ["nonsense"]}, Choice()),
        ({"class": ["cat", "cat", "x" * 999]}, Choice(classes=("cat", "x" * 256))),
        ({"condition": [""]}, Choice()),
        ({"data": []}, Choice()),
        ({"model": ["a", "a", "b"]}, Choice(models=("a", "b"))),
    ],
)
def test_nonsense_falls_back_to_the_default(query: dict[str, list[str]], meant: Choice) -> None:
    assert read(query) == meant


def test_an_address_is_bounded() -> None:
    found = read({"model": [f"m{i}" + "x" * 5000 for i in range(50)], "measure": [f"m{i}" for i in range(500)]})
    assert len(found.models) == MODELS
    assert all(len(name) == LONG for name in found.models)
    assert len(found.measures) == MOST


def test_a_network_without_numbers_has_no_layers() -> None:
    assert Network("net").taps == ()


def test_a_view_that_there_is_not_is_said_and_not_written() -> None:
    found = read({"view": ["nonsense"]})
    assert found.strange == ("There is no view 'nonsense'; the overview is shown.",)
    assert written(found) == {}
    assert read({"view": ["depth"]}).strange == read({}).strange == ()


def test_a_seventh_model_is_left_out_and_named() -> None:
    found = read({"model": [f"m{i}" for i in range(8)]})
    assert found.models == tuple(f"m{i}" for i in range(6))
    assert found.strange == ("At most 6 models are shown side by side; left out: m6, m7.",)
