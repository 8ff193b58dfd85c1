"""Dimensions: as scikit-dimension says of the same manifolds, as the formulas written out, exact where they must be.

The numbers of scikit-dimension 0.5.0 were made by running this file in an environment that has both.
"""

import sys
from collections.abc import Callable

import numpy as np
import pytest
from sklearn.neighbors import NearestNeighbors

from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.registry import Measured

N = 800


def measured(name: str, *features: Features, **params: float | str | bool) -> Measured:
    return MEASURES[name].function(*features, **params)


def sphere(random: np.random.Generator) -> np.ndarray:
    """M1: 10 dimensions in 11."""
    points = random.normal(size=(N, 11))
    return points / np.linalg.norm(points, axis=1, keepdims=True)


def affine(random: np.random.Generator) -> np.ndarray:
    """M2: 3 dimensions in 5."""
    return 4 * random.uniform(size=(N, 3)) @ random.normal(size=(3, 5))


def nonlinear(random: np.random.Generator) -> np.ndarray:
    """M3: 4 dimensions in 8."""
    a, b, c, d = random.uniform(size=(4, N))
    turns = [f(2 * np.pi * angle) * size for angle, size in ((a, b), (b, c), (c, d), (d, a)) for f in (np.cos, np.sin)]
    return np.stack(turns, axis=1)


def helix(random: np.random.Generator) -> np.ndarray:
    """M5b: 2 dimensions in 3."""
    r, p = random.uniform(0, 10 * np.pi, (2, N))
    return np.stack([r * np.cos(p), r * np.sin(p), p / 2], axis=1)


def roll(random: np.random.Generator) -> np.ndarray:
    """M7: 2 dimensions in 3."""
    t, p = random.uniform(1.5 * np.pi, 4.5 * np.pi, N), random.uniform(0, 21, N)
    return np.stack([t * np.cos(t), p, t * np.sin(t)], axis=1)


def cube(random: np.random.Generator) -> np.ndarray:
    """M10: 17 dimensions in 40, more than scikit-dimension searches neighbours for by a tree."""
    return random.uniform(size=(N, 17)) @ np.linalg.qr(random.normal(size=(40, 17)))[0].T


MANIFOLDS: tuple[Callable[[np.random.Generator], np.ndarray], ...] = (sphere, affine, nonlinear, helix, roll, cube)
FORMS: tuple[tuple[str, dict[str, float | str]], ...] = (
    ("twonn", {}),
    ("twonn", {"discard": 0.25}),
    ("twonn", {"fit": "likelihood"}),
    ("twonn", {"fit": "likelihood", "discard": 0.3}),
    ("mle", {}),
    ("mle", {"k": 5}),
    ("mle", {"k": 5, "factor": "k - 2"}),
    ("mle", {"averaged": "values"}),
)
PEER = {  # of each manifold, by FORMS
    "sphere": [8.818102, 8.678887, 8.825815, 8.637798, 8.738925, 8.954835, 6.716127, 9.192035],
    "affine": [2.883852, 2.842292, 2.898822, 2.841762, 2.714003, 2.825007, 2.118755, 2.874588],
    "nonlinear": [4.011141, 4.071644, 4.02471, 4.1038, 4.135369, 4.071339, 3.053504, 4.470929],
    "helix": [2.153514, 2.267419, 2.191275, 2.25527, 2.724472, 2.564003, 1.923002, 2.92163],
    "roll": [1.891601, 1.92458, 1.902068, 1.924637, 1.930851, 1.924598, 1.443449, 2.039745],
    "cube": [13.635802, 13.273144, 13.541264, 13.169282, 11.922424, 12.858629, 9.643972, 12.522456],
}


def peer() -> dict[str, list[float]]:
    """What scikit-dimension says."""
    import skdim

    def says(name: str, values: np.ndarray, params: dict[str, float | str]) -> float:
        if name == "twonn":
            method = "mle" if params.get("fit") == "likelihood" else "linear"
            return skdim.id.TwoNN(discard_fraction=params.get("discard", 0.1), method=method).fit(values).dimension_
        found = skdim.id.MLE(unbiased=params.get("factor") == "k - 2")
        comb = "mean" if params.get("averaged") == "values" else "mle"
        return found.fit(values, n_neighbors=params.get("k", 20), comb=comb).dimension_

    return {
        make.__name__: [round(float(says(name, make(np.random.default_rng(0)), params)), 6) for name, params in FORMS]
        for make in MANIFOLDS
    }


@pytest.mark.parametrize("make", MANIFOLDS)
def test_dimensions_are_those_of_scikit_dimension(make: Callable[[np.random.Generator], np.ndarray]):
    features = Features(make(np.random.default_rng(0)))
    for (name, params), expected in zip(FORMS, PEER[make.__name__], strict=True):
        found = measured(name, features, **params)
        assert found.value == pytest.approx(expected, abs=5e-4), (name, params)
        assert found.samples == N
        assert found.low < found.value < found.high


@pytest.mark.parametrize("name", ["mle", "twonn"])
def test_five_dimensions_in_a_hundred(name: str):
    random = np.random.default_rng(4)
    points = random.normal(size=(1000, 5)) @ random.normal(size=(5, 100))
    assert measured(name, Features(points)).value == pytest.approx(5, rel=0.1)


def test_k_less_one_and_k_less_two_differ_by_a_third_at_five():
    features = Features(affine(np.random.default_rng(1)))
    one, two = (measured("mle", features, k=5, factor=factor).value for factor in ("k - 1", "k - 2"))
    assert one / two == pytest.approx(4 / 3)


@pytest.mark.parametrize("name", ["mle", "twonn"])
@pytest.mark.parametrize("moved", [0.0, 1e-13])
def test_duplicates_are_removed_and_counted(name: str, moved: float):
    values = sphere(np.random.default_rng(2))[:400]
    random = np.random.default_rng(3)
    again = np.concatenate([values, values[random.integers(0, 400, 250)] + moved])
    once, twice = measured(name, Features(values)), measured(name, Features(again))
    assert (once.samples, twice.samples) == (400, 400)
    assert twice.value == pytest.approx(once.value, rel=1e-6)
    assert "250 duplicates of other samples are left out." in twice.caveats
    assert not once.caveats


def test_half_of_the_samples_are_one_point():
    """As where a layer is silent: all those rows are zero."""
    values = sphere(np.random.default_rng(2))
    values[::2] = 0
    once = values[np.arange(N) % 2 + (np.arange(N) == 0) > 0]
    found = measured("twonn", Features(values))
    assert found.value == pytest.approx(measured("twonn", Features(once)).value)
    assert (found.samples, found.caveats) == (401, ("399 duplicates of other samples are left out.",))


@pytest.mark.parametrize("spread", [1.0, 1e-3, 1e-7])
@pytest.mark.parametrize("scale", [1.0, 1e25, 1e-25])
def test_neighbours_are_those_of_sklearn(spread: float, scale: float):
    """Collapsed classes too: their samples lie nearer than expanded squares can tell."""
    random = np.random.default_rng(5)
    values = random.normal(size=(6, 12))[random.integers(0, 6, 500)] + spread * random.normal(size=(500, 12))
    features = Features(scale * values)
    found = features.near(1000)
    distances, _ = NearestNeighbors(n_neighbors=61, algorithm="kd_tree").fit(values).kneighbors()
    np.testing.assert_allclose(found.distances / scale, distances[:, :60], rtol=1e-7)
    own = np.take_along_axis(features.values[None], found.neighbours[..., None], axis=1) - features.values[:, None]
    np.testing.assert_allclose(np.linalg.norm(own / scale, axis=2), found.distances / scale, rtol=1e-6)


def test_at_most_so_many_are_drawn():
    values = np.random.default_rng(6).normal(size=(3000, 4))
    assert measured("mle", Features(values)).samples == 1000
    assert measured("mle", Features(values), most=2000).samples == 2000
    rows = measured("mle", Features(values, seed=1)).arrays["rows"]
    assert not np.array_equal(rows, measured("mle", Features(values, seed=2)).arrays["rows"])


def test_equal_variances_count_each():
    corners = np.concatenate([np.eye(6), -np.eye(6)]) @ np.random.default_rng(0).normal(size=(6, 6))
    corners = np.linalg.qr(corners.T @ corners)[0]
    values = np.concatenate([corners, -corners]) * 3 + 5
    padded = np.concatenate([values, np.full((12, 4), 2.0)], axis=1)
    for name in ("participation_ratio", "effective_rank", "stable_rank"):
        assert measured(name, Features(padded)).value == pytest.approx(6)
    assert measured("effective_rank", Features(padded), of="singular values").value == pytest.approx(6)
    assert measured("spectrum", Features(padded)).value == 6
    assert measured("spectrum", Features(padded), share=0.5).value == 3


@pytest.mark.parametrize("count", [6, 200])
def test_numbers_of_the_spectrum_as_they_are_defined(count: int):
    values = np.random.default_rng(7).normal(size=(count, 9)) * np.linspace(1, 3, 9)
    stretches = np.linalg.svd(values - values.mean(axis=0), compute_uv=False)
    stretches = stretches[stretches > 1e-9]
    variances = stretches**2
    features = Features(values)
    p, q = variances / variances.sum(), stretches / stretches.sum()
    assert measured("participation_ratio", features).value == pytest.approx(1 / np.sum(p**2))
    assert measured("effective_rank", features).value == pytest.approx(np.exp(-np.sum(p * np.log(p))))
    found = measured("effective_rank", features, of="singular values").value
    assert found == pytest.approx(np.exp(-np.sum(q * np.log(q))))
    assert measured("stable_rank", features).value == pytest.approx(np.sum(variances) / variances[0])
    found = measured("spectrum", features)
    assert found.value == 1 + np.argmax(np.cumsum(p) >= 0.9)
    np.testing.assert_allclose(found.arrays["spectrum"][: len(p)], variances / count)


def test_few_samples_are_said():
    random = np.random.default_rng(8)
    assert "few" in measured("participation_ratio", Features(random.normal(size=(30, 50)))).caveats[0]
    assert not measured("participation_ratio", Features(random.normal(size=(900, 5)))).caveats


@pytest.mark.parametrize("count", [40, 300])
def test_axes_say_how_samples_lie_along_them(count: int):
    values = np.random.default_rng(9).normal(size=(count, 60)) * np.linspace(1, 4, 60)
    centred = values - values.mean(axis=0)
    _, stretches, axes = np.linalg.svd(centred, full_matrices=False)
    squares = np.square(centred @ axes.T)
    spectrum, products = Features(values).axes
    np.testing.assert_allclose(spectrum, stretches**2 / count, atol=1e-10)
    np.testing.assert_allclose(products, squares.T @ squares / count, atol=1e-8)


@pytest.mark.parametrize("name", ["participation_ratio", "effective_rank", "stable_rank", "coding_rate", "anisotropy"])
def test_intervals_are_as_wide_as_those_of_the_bootstrap(name: str):
    random = np.random.default_rng(10)
    values = random.normal(size=(1500, 6)) @ np.diag([3, 2, 1.5, 1, 0.5, 0.3]) + np.array([1, 0, 0, 0, 0, 0])
    found = measured(name, Features(values))
    again = [measured(name, Features(values[random.integers(0, 1500, 1500)])).value for _ in range(150)]
    assert (found.high - found.low) / 3.92 == pytest.approx(np.std(again, ddof=1), rel=0.25)


@pytest.mark.parametrize("name", ["mle", "twonn"])
def test_intervals_from_halves_are_as_wide_as_draws_are_apart(name: str):
    random = np.random.default_rng(11)
    found = [measured(name, Features(random.normal(size=(400, 3)) ** 3)) for _ in range(40)]
    said = np.mean([(one.high - one.low) / 3.92 for one in found])
    assert 0.8 < said / np.std([one.value for one in found], ddof=1) < 1.6


def test_label_sharpness_as_it_is_defined():
    random = np.random.default_rng(12)
    values, labels = random.normal(size=(90, 4)), random.integers(-1, 3, 90)
    known = np.flatnonzero(labels >= 0)
    pairs = [(i, j) for i in known for j in known if i < j and labels[i] != labels[j]]
    expected = max(1 / np.linalg.norm(values[i] - values[j]) for i, j in pairs)
    sharpest = max(pairs, key=lambda pair: 1 / np.linalg.norm(values[pair[0]] - values[pair[1]]))
    found = measured("label_sharpness", Features(values, labels))
    assert found.value == pytest.approx(expected)
    assert found.samples == len(known)
    assert set(found.arrays["pair"]) == set(sharpest)
    assert not found.interval  # one pair sets it: no resampling says how it varies
    assert measured("label_sharpness", Features(2 * values, labels)).value == pytest.approx(expected / 2)
    spread = np.sqrt(values.var(axis=0).sum())
    assert measured("label_sharpness_relative", Features(values, labels)).value == pytest.approx(expected * spread)


def test_label_sharpness_of_equal_samples_of_two_classes():
    values = np.random.default_rng(13).normal(size=(30, 4))
    values[7] = values[3]
    found = measured("label_sharpness", Features(values, np.arange(30) % 2 * (np.arange(30) != 3) + 2))
    assert found.why == "not defined here because two samples of different classes have the same features"


def test_features_of_fewer_dimensions_than_the_data():
    random = np.random.default_rng(14)
    pixels = random.uniform(size=(600, 6)) @ random.normal(size=(6, 30))
    data, folded = Features(pixels), Features(np.tanh(pixels[:, :2]))
    found = measured("data_dimension", data, folded)
    below, above = measured("mle", data), measured("mle", folded)
    assert found.value == pytest.approx(above.value / below.value)
    assert 0.3 < found.value < 0.5
    np.testing.assert_allclose(found.arrays["d_data"], [below.value, below.low, below.high])
    np.testing.assert_allclose(found.arrays["d_repr"], [above.value, above.low, above.high])
    assert not found.caveats
    assert "more dimensions than the data" in measured("data_dimension", folded, data).caveats[-1]
    found = measured("data_dimension", data, folded, by="twonn")
    assert found.value == pytest.approx(measured("twonn", folded).value / measured("twonn", data).value)


@pytest.mark.parametrize("centred", [False, True])
def test_anisotropy_as_it_is_defined(centred: bool):
    values = np.random.default_rng(15).normal(1, 1, (50, 6))
    rows = values - values.mean(axis=0) if centred else values
    units = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    cosines = [units[i] @ units[j] for i in range(50) for j in range(50) if i != j]
    assert measured("anisotropy", Features(values), centred=centred).value == pytest.approx(np.mean(cosines))


def test_anisotropy_of_one_direction_and_of_none():
    rays = np.arange(1, 9)[:, None] * np.array([1.0, 2, -1])
    assert measured("anisotropy", Features(rays)).value == pytest.approx(1)
    assert measured("anisotropy", Features(np.concatenate([np.eye(4), -np.eye(4)]))).value == pytest.approx(-1 / 7)
    found = measured("anisotropy", Features(np.concatenate([rays, np.zeros((3, 3))])))
    assert (found.value, found.samples) == (pytest.approx(1), 8)
    assert found.caveats == ("3 samples of length 0 have no direction.",)


def unit(values: np.ndarray) -> np.ndarray:
    return values / np.linalg.norm(values, axis=1, keepdims=True)


def rate(units: np.ndarray, squared_error: float) -> float:
    count, width = units.shape
    return np.linalg.slogdet(np.eye(width) + width / (count * squared_error) * units.T @ units)[1] / 2


@pytest.mark.parametrize("count", [25, 400])  # fewer than features, and more
@pytest.mark.parametrize("squared_error", [0.5, 0.01])
def test_coding_rate_as_it_is_defined(count: int, squared_error: float):
    random = np.random.default_rng(16)
    values, labels = random.normal(size=(count, 40)) + 0.3, np.arange(count) % 4 - 1
    assert measured("coding_rate", Features(values), squared_error=squared_error).value == pytest.approx(
        rate(unit(values), squared_error)
    )
    known, kept = unit(values[labels >= 0]), labels[labels >= 0]
    saved = rate(known, squared_error) - sum(
        np.mean(kept == c) * rate(known[kept == c], squared_error) for c in range(3)
    )
    found = measured("coding_rate_reduction", Features(values, labels), squared_error=squared_error)
    assert found.value == pytest.approx(saved)
    assert found.samples == len(known)


@pytest.mark.parametrize(("classes", "each", "width"), [(4, 2, 8), (5, 3, 20), (10, 1, 64)])
def test_classes_on_orthogonal_subspaces_save_the_most(classes: int, each: int, width: int):
    axes = np.linalg.qr(np.random.default_rng(17).normal(size=(width, width)))[0][:, : classes * each]
    directions = np.concatenate([axes.T, -axes.T])
    labels = np.tile(np.repeat(np.arange(classes), each), 2)
    features = Features(np.repeat(directions, 20, axis=0) * 7, np.repeat(labels, 20))
    span = classes * each
    expected = span / 2 * np.log(1 + width / (span * 0.5)) - each / 2 * np.log(1 + width / (each * 0.5))
    found = measured("coding_rate_reduction", features)
    assert found.value == pytest.approx(expected)
    mixed = measured("coding_rate_reduction", Features(features.values, np.tile(np.arange(classes), 40 * each)))
    assert mixed.value < found.value


if __name__ == "__main__":
    sys.stdout.write(repr(peer()))
