"""Colours of points: as many as there are classes, none twice, all to be seen on both grounds."""

from itertools import pairwise

import pytest

from app.figures import embeddings_palette as palette

LIGHT, DARK = "#FBFAF7", "#14191A"


def luminance(colour: str) -> float:
    """Relative luminance, WCAG 2."""
    shares = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def contrast(one: str, other: str) -> float:
    high, low = sorted((luminance(one), luminance(other)), reverse=True)
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize("count", [0, 1, 10, 13, 14, 100, 1000])
def test_each_class_has_a_colour(count: int) -> None:
    found = palette.classes(count)
    assert len(found) == count
    assert all(len(colour) == 7 and int(colour[1:], 16) >= 0 for colour in found)


def test_a_class_keeps_its_colour_when_there_are_more() -> None:
    assert palette.classes(1000)[:40] == palette.classes(40)


def test_a_hundred_classes_have_a_hundred_colours_and_neighbours_differ() -> None:
    found = palette.classes(100)
    assert len(set(found)) == 100
    for one, other in pairwise(found[13:]):
        apart = sum(abs(int(one[i : i + 2], 16) - int(other[i : i + 2], 16)) for i in (1, 3, 5))
        assert apart > 60


@pytest.mark.parametrize("ground", [LIGHT, DARK])
def test_every_colour_is_seen_on_both_grounds(ground: str) -> None:
    assert min(contrast(c, ground) for c in palette.classes(300)) > 1.5
    assert contrast(palette.NOTHING, ground) > 2


def test_ends_of_the_ramps_are_seen_on_their_ground() -> None:
    assert min(contrast(c, LIGHT) for c in palette.RAMPS["light"]) > 1.3
    assert min(contrast(c, DARK) for c in palette.RAMPS["dark"]) > 1.5
    assert luminance(palette.RAMPS["light"][0]) > luminance(palette.RAMPS["light"][-1])
    assert luminance(palette.RAMPS["dark"][0]) < luminance(palette.RAMPS["dark"][-1])
