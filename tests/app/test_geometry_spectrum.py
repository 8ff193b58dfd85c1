"""Spectra: shares of the variance, summed up, with marks at estimates of dimension."""

from typing import Any

import numpy as np
import pytest

from app.figures.geometry_spectrum import WIDE, Spectrum, held, spectra


def spectrum(values: np.ndarray, **marks: float) -> Spectrum:
    total = values.sum() or 1.0
    named = {name: (name, value) for name, value in marks.items()}
    return Spectrum("net", "#0B6E69", values, np.cumsum(values) / total, named)


def drawn(one: Spectrum) -> tuple[list[Any], dict[str, Any]]:
    figure = spectra([one])
    return list(figure.data), figure.to_dict()["layout"]  # pyright: ignore[reportArgumentType]


def test_shares_sum_to_one() -> None:
    (shares, summed, marks, *_), layout = drawn(spectrum(np.array([6.0, 3.0, 1.0]), participation_ratio=2.0))
    assert list(shares.y) == pytest.approx([0.6, 0.3, 0.1])
    assert list(summed.y) == pytest.approx([0.6, 0.9, 1.0])
    assert (marks.x[0], marks.y[0]) == (2.0, pytest.approx(0.9))
    assert layout["xaxis"]["type"] == "linear"


def test_a_part_of_a_direction_holds_a_part_of_its_share() -> None:
    cumulative = np.array([0.6, 0.9, 1.0])
    assert held(cumulative, 1.5) == pytest.approx(0.75)
    assert held(cumulative, 0.5) == pytest.approx(0.3)
    assert held(cumulative, 40) == 1.0
    assert np.isnan(held(cumulative, float("nan")))
    assert np.isnan(held(np.empty(0), 1.0))


def test_rounding_is_not_drawn() -> None:
    (shares, *_), _ = drawn(spectrum(np.array([1.0, 0.5, 1e-14])))
    assert len(shares.y) == 2


def test_features_that_do_not_vary_have_no_curve() -> None:
    (shares, *_), _ = drawn(spectrum(np.zeros(4), twonn=float("nan")))
    assert shares.y is None or len(shares.y) == 0


def test_many_directions_stand_on_a_logarithmic_axis() -> None:
    _, layout = drawn(spectrum(np.linspace(2, 1, WIDE + 1)))
    assert layout["xaxis"]["type"] == "log"


def test_estimates_are_named_in_the_legend() -> None:
    found, _ = drawn(spectrum(np.array([6.0, 3.0, 1.0]), twonn=1.4, mle=float("nan"), unheard_of=2.0))
    assert [t.name for t in found if t.showlegend is not False] == ["net", "twonn"]


def test_crowded_directions_stand_on_a_logarithmic_axis() -> None:
    _, layout = drawn(spectrum(np.concatenate([[100.0, 50.0], np.full(62, 0.01)])))
    assert layout["xaxis"]["type"] == "log"
    _, layout = drawn(spectrum(np.linspace(2, 1, 64)))
    assert layout["xaxis"]["type"] == "linear"


def test_curves_of_many_layers_have_a_scale_of_colours_for_a_legend() -> None:
    many = [Spectrum(f"layer {i}", f"#0000{i:02x}", np.array([2.0, 1.0]), np.array([0.67, 1.0])) for i in range(40)]
    figure = spectra(many)
    bar = list(figure.data)[-1].marker.colorbar  # pyright: ignore[reportAttributeAccessIssue]
    assert figure.to_dict()["layout"]["showlegend"] is False
    assert list(bar.ticktext) == ["layer 0", "layer 39"]
    assert spectra(many[:3]).to_dict()["layout"]["showlegend"] is True


@pytest.mark.parametrize(
    ("values", "told"), [([1.0, 1e-3, 1e-7], "10<sup>-7</sup>"), ([1.0, 1e-3, 1e-4], "0.01%"), ([3.0, 2.0], "50%")]
)
def test_ticks_are_all_percents_or_all_powers(values: list[float], told: str) -> None:
    _, layout = drawn(spectrum(np.array(values)))
    texts = layout["yaxis"]["ticktext"]
    assert told in texts
    assert len({text.endswith("%") for text in texts}) == 1
    assert "0%" not in texts


def test_no_share_is_above_all() -> None:
    _, layout = drawn(spectrum(np.array([2.0])))
    assert 10 ** layout["yaxis"]["range"][1] < 1.2
