"""Maps side by side: one scale a number, what is written over them, what is missing; their part of the address."""

import math

import numpy as np
import pytest

from app.figures.robustness_attribution import Panel, reach, side_by_side, written
from app.widgets.robustness.attribution_choices import Target


def panel(name: str, scale: float, **numbers: float) -> Panel:
    values = {"angle": 0.5, "length": 4.0, "margin": 1.0, "logit": 2.0} | numbers
    maps = {n: np.full((4, 4), scale * (i + 1), np.float32) for i, n in enumerate(values)}
    pixels = np.zeros((8, 8, 3), np.uint8)
    return Panel(name, f"net · {name}", pixels, values, maps, "✓ cat 90 %")


def test_a_number_has_one_scale_that_is_symmetric_about_zero() -> None:
    a, b = panel("a", 0.1), panel("b", -0.4)
    figure = side_by_side([a, b], ["angle", "margin"], 600)
    maps = [t for t in figure.data if np.isfinite(np.asarray(t.z, float)).any()]
    assert len(maps) == 4
    ends = {(round(t.zmin, 6), round(t.zmax, 6)) for t in maps}
    assert ends == {(-round(math.degrees(0.4), 6), round(math.degrees(0.4), 6)), (-1.2, 1.2)}
    assert reach([a, b], "margin") == pytest.approx(1.2)


def test_a_few_strong_pixels_do_not_pale_the_others() -> None:
    one = panel("a", 0.1)
    spiked = np.full((40, 40), 0.2)
    spiked[0, :2] = 50.0
    maps = {"logit": spiked}
    assert reach([Panel("a", "net", one.pixels, one.numbers, maps)], "logit") == pytest.approx(0.2)
    lone = np.zeros((40, 40))
    lone[0, 0] = 3.0
    assert reach([Panel("a", "net", one.pixels, one.numbers, {"logit": lone})], "logit") == 3.0


def test_the_words_over_a_map_give_number_change_and_scale() -> None:
    a, b = panel("a", 0.1), panel("b", 0.1, angle=0.75, margin=-0.5)
    texts = [n.text for n in side_by_side([a, b], ["angle", "margin"], 600).layout.annotations]
    assert any(t.startswith("<b>Angle</b> 28.6°") and "(" not in t for t in texts)
    assert any(t.startswith("<b>Angle</b> 43.0° (+14.3°)") for t in texts)
    assert any(t.startswith("<b>Margin</b> −0.5 (−1.5)") and t.endswith("<i>±0.3</i>") for t in texts)
    assert [t for t in texts if t in ("<b>a</b>", "<b>b</b>")] == ["<b>a</b>", "<b>b</b>"]


def test_a_number_that_does_not_exist_is_said_and_does_not_scale() -> None:
    one = panel("a", 0.1, margin=math.nan)
    gone = {n: np.full((4, 4), np.nan) if n == "margin" else m for n, m in one.maps.items()}
    one = Panel("a", "net", one.pixels, one.numbers, gone)
    texts = [n.text for n in side_by_side([one], ["margin", "logit"], 400).layout.annotations]
    assert "no number" in texts
    assert any("Margin</b> none" in t for t in texts)
    assert reach([one], "margin") == 1.0
    without = Panel("a", "net", one.pixels, {"logit": 1.0}, {"logit": one.maps["logit"]})
    assert any("Angle: none" in n.text for n in side_by_side([without], ["angle"], 400).layout.annotations)


def test_pictures_keep_their_proportions() -> None:
    wide = Panel("a", "net", np.zeros((4, 16, 1), np.uint8), {"logit": 1.0}, {"logit": np.ones((4, 16))})
    figure = side_by_side([wide], ["logit"], 500)
    assert figure.layout.yaxis.scaleratio == 0.25
    assert len(figure.layout.images) == 2


def test_numbers_as_they_are_written() -> None:
    assert written("angle", math.pi / 2) == "90.0°"
    assert written("margin", -0.12345) == "−0.123"
    assert written("length", math.nan) == "none"


@pytest.mark.parametrize("target", [Target(), Target("angle"), Target("", "gradient"), Target("logit", "gradcam")])
def test_a_target_comes_back_from_the_address(target: Target) -> None:
    assert Target.read(target.written()) == target


def test_a_target_of_nonsense_is_the_default() -> None:
    assert Target().written() == ""
    assert Target.read("speed.magic") == Target()
