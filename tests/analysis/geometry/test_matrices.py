"""Layers x layers, variants x variants; and CKA of many layers from one pass, in little memory."""

import tracemalloc

import numpy as np
import pytest

from analysis.errors import BadParameter
from analysis.geometry import MEASURES
from analysis.geometry.features import Features
from analysis.geometry.matrices import Matrix, matrix
from analysis.geometry.similarity import cka
from analysis.geometry.streaming import StreamedCka

PAIRS = [measure for measure in MEASURES if measure.kind == "pair"]


def layers(count: int = 4, samples: int = 200, seed: int = 0) -> dict[str, np.ndarray]:
    """Each is the last one mixed, with noise: the further apart, the less alike."""
    random = np.random.default_rng(seed)
    found = {"layer0": random.normal(size=(samples, 6))}
    for i in range(1, count):
        before, width = found[f"layer{i - 1}"], 5 + i
        turned = before @ np.linalg.qr(random.normal(size=(width, before.shape[1])))[0].T
        found[f"layer{i}"] = turned + 0.5 * random.normal(size=(samples, width))
    return found


def features(given: dict[str, np.ndarray]) -> dict[str, Features]:
    return {name: Features(values) for name, values in given.items()}


def test_layers_with_each_other():
    given, done = layers(), []
    found = matrix(MEASURES["cka"], features(given), report=done.append)
    assert found.rows == found.columns == tuple(given)
    assert found.symmetric
    for i, x in enumerate(given.values()):
        for j, y in enumerate(given.values()):
            assert found.values[i, j] == pytest.approx(cka(x, y), rel=1e-9)
    np.testing.assert_array_equal(found.samples, 200)
    assert found.values[0, 1] > found.values[0, 2] > found.values[0, 3]
    assert found.nearest[0] == "layer1"
    assert (found.lows <= found.values).all()
    assert len(done) == 10
    assert done[-1] == 1


@pytest.mark.parametrize("measure", PAIRS, ids=lambda measure: measure.name)
def test_rows_with_columns(measure):
    """Two networks; what is kept of a layer changes nothing."""
    first, second = layers(2, 60), layers(3, 60, seed=1)
    found = matrix(measure, features(first), features(second))
    assert found.values.shape == (2, 3)
    for i, x in enumerate(first.values()):
        for j, y in enumerate(second.values()):
            assert found.values[i, j] == measure.function(Features(x), Features(y)).value


def test_parameters_and_what_is_not_defined():
    given = layers(3, 60)
    given["flat"] = np.ones((60, 3))
    biased = matrix(MEASURES["cka"], features(given), params={"estimator": "biased"})
    assert biased.values[0, 1] == pytest.approx(cka(given["layer0"], given["layer1"], estimator="biased"))
    assert np.isnan(biased.values[3]).all()
    assert biased.whys[3][0] == "not defined here because the features do not vary"
    assert biased.nearest[3] == ""
    assert matrix(MEASURES["procrustes"], features(layers(3))).nearest[0] == "layer1"
    assert matrix(MEASURES["cka"], {}).values.shape == (0, 0)
    with pytest.raises(BadParameter, match="two sets of features"):
        matrix(MEASURES["nc1"], features(given))


def streamed(given: dict[str, np.ndarray], step: int, size: int = 50, columns: bool = False) -> Matrix:
    stream = StreamedCka(tuple(given), tuple(given) if columns else None, size=size)
    samples = len(given["layer0"])
    for start in range(0, samples, step):
        part = [values[start : start + step].astype(np.float32) for values in given.values()]
        stream.add(part, part if columns else ())
    return stream.matrix()


def song(x: np.ndarray, y: np.ndarray) -> float:
    """Song et al. 2012, eq. 5, as it is printed."""
    n = len(x)
    k, l = (of @ of.T * (1 - np.eye(n)) for of in (x, y))  # noqa: E741
    rest = k.sum() * l.sum() / ((n - 1) * (n - 2)) - 2 / (n - 2) * (k @ l).sum()
    return (np.trace(k @ l) + rest) / (n * (n - 3))


def test_streaming_is_equation_3():
    given = {name: values.astype(np.float32).astype(np.float64) for name, values in layers(3).items()}
    found = streamed(given, 50)
    for i, x in enumerate(given.values()):
        for j, y in enumerate(given.values()):
            sums = [
                sum(song(a[s : s + 50], b[s : s + 50]) for s in range(0, 200, 50)) for a, b in ((x, y), (x, x), (y, y))
            ]
            assert found.values[i, j] == pytest.approx(sums[0] / np.sqrt(sums[1] * sums[2]), rel=1e-9)
    np.testing.assert_allclose(np.diag(found.values), 1, rtol=1e-12)
    assert found.symmetric


def test_parts_of_any_size_give_the_same():
    given = layers(3, 215)
    whole = streamed(given, 215)
    for step in (1, 7, 64):
        np.testing.assert_allclose(streamed(given, step).values, whole.values, rtol=1e-12)
    np.testing.assert_allclose(streamed(given, 64, columns=True).values, whole.values, rtol=1e-9)
    np.testing.assert_array_equal(whole.samples, 215)
    np.testing.assert_array_equal(streamed(layers(3, 203), 50).samples, 200)  # three are no batch
    assert whole.interval == "jackknife over 5 batches"
    assert (whole.lows <= whole.values).all()


def test_streaming_tends_to_all_samples_at_once():
    given = layers(4, 4000)
    whole = matrix(MEASURES["cka"], features(given)).values
    found = streamed(given, 500, size=100)
    np.testing.assert_allclose(found.values, whole, atol=0.02)
    apart = ~np.eye(4, dtype=bool)
    assert ((found.lows <= whole) & (whole <= found.highs))[apart].all()


def test_streaming_looks_and_goes_on():
    given = layers(2, 120)
    stream = StreamedCka(tuple(given), size=50)
    stream.add([values[:70] for values in given.values()])
    early = stream.matrix()
    assert stream.matrix().values[0, 1] == early.values[0, 1]
    stream.add([values[70:] for values in given.values()])
    np.testing.assert_allclose(stream.matrix().values, streamed(given, 120).values, rtol=1e-5)


def test_streams_of_whole_batches_join_to_the_same_numbers():
    given = layers(3, 170)
    one, two = (StreamedCka(tuple(given), size=50) for _ in range(2))
    one.add([values[:100] for values in given.values()])
    two.add([values[100:] for values in given.values()])
    one.join(two)
    whole = StreamedCka(tuple(given), size=50)
    whole.add(list(given.values()))
    for name in ("values", "lows", "highs", "samples"):
        np.testing.assert_array_equal(getattr(one.matrix(), name), getattr(whole.matrix(), name))
    with pytest.raises(BadParameter, match="whole batches"):
        one.join(two)  # 20 samples wait in it
    with pytest.raises(BadParameter, match="same layers"):
        StreamedCka(("a",)).join(two)


def test_streaming_of_bad_input():
    empty = StreamedCka(("a", "b"))
    assert np.isnan(empty.matrix().values).all()
    assert empty.matrix().whys[0][1] == "not defined here because it takes four samples"
    given = layers(2, 60)
    given["flat"] = np.full((60, 3), 0.1)
    some = {name: values.copy() for name, values in given.items()}
    some["layer0"][5, 1], some["layer1"][7, 0] = np.nan, np.inf
    found = streamed(some, 20, size=30)
    assert found.caveats == ("2 samples with features that are not finite are left out.",)
    assert found.samples[0, 0] == 58
    assert np.isnan(found.values[2]).all()
    assert found.whys[2][0] == "not defined here because the features do not vary"
    rest = {name: np.delete(values, [5, 7], 0) for name, values in given.items()}
    assert found.values[0, 1] == pytest.approx(streamed(rest, 58, size=30).values[0, 1])
    with pytest.raises(BadParameter, match="2 and 0 layers are expected; got 1 and 0"):
        empty.add([np.zeros((3, 2))])
    with pytest.raises(BadParameter, match="same samples"):
        empty.add([np.zeros((3, 2)), np.zeros((4, 2))])
    with pytest.raises(BadParameter, match="at least 4"):
        StreamedCka(("a",), size=3)


def test_given_arrays_may_be_used_again():
    """A collector writes every batch over the last."""
    given, buffers = layers(2, 100), [np.empty((10, 6)), np.empty((10, 6))]
    stream = StreamedCka(("layer0", "layer1"), size=40)
    for start in range(0, 100, 10):
        for buffer, values in zip(buffers, given.values(), strict=True):
            buffer[:] = values[start : start + 10]
        stream.add(buffers)
    assert stream.matrix().values[0, 1] == pytest.approx(streamed(given, 100, size=40).values[0, 1], rel=1e-5)


def test_twenty_layers_by_twenty_take_little_memory():
    """Features as wide as a ResNet-50's; memory does not grow with the samples."""
    random = np.random.default_rng(0)
    names = [f"layer{i}" for i in range(20)]
    stream = StreamedCka(names, names, size=128)
    part = [random.normal(size=(128, 2048)).astype(np.float32)] * 20
    tracemalloc.start()
    stream.add(part, part)
    stream.add(part, part)
    assert stream.matrix().values.shape == (20, 20)
    assert tracemalloc.get_traced_memory()[1] < 200e6
    tracemalloc.stop()


@pytest.mark.parametrize("measure", [m for m in PAIRS if m.group == "similarity"], ids=lambda m: m.name)
def test_a_likeness_is_one_of_equals_and_a_distance_nothing(measure):
    same = Features(np.random.default_rng(3).normal(size=(300, 8)))
    assert measure.function(same, same).value == pytest.approx(0 if measure.distance else 1, abs=1e-6)
