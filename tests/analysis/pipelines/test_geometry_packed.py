"""Measurements in small files: what comes out is what went in."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from analysis.measurements import Measurement
from analysis.pipelines.geometry_packed import pack, unpack
from analysis.store import Store
from tests.embeddings_workspace import made

NAN = float("nan")
ARRAYS = {
    "drawn": np.linspace(0, 1, 7),
    "rows": np.arange(2**40, 2**40 + 6).reshape(2, 3),
    "none": np.empty((0, 4)),
    "coarse": np.ones((2, 2), np.float32),
    "one": np.array(0.25),
}


def number(pass_id: str, measure: str, value: float, **changes) -> Measurement:
    given = {
        "pass_id": pass_id, "tap": "layer1.0", "place": 3, "measure": measure, "params": {}, "version": 2,
        "value": value, "samples": 40, "low": value - 1, "high": value + 1, "interval": "made up", "why": "",
        "caveats": (), "seconds": 0.5, "computed_at": datetime(2026, 11, 21, 12, 30, 1, 5, tzinfo=UTC),
    }  # fmt: skip
    return Measurement(**given | changes)


def test_numbers_and_arrays_come_back(tmp_path: Path) -> None:
    one, two, other = made(tmp_path / "workspace", 40, 3, 8, 3, pictures=False).passes
    undefined = {"why": "not defined here because it is made up", "caveats": ("few samples", "and 'more'")}
    alone = number(one.pass_id, "twonn", 1 / 3, params={"discard": 0.1, "k": 3, "cosine": True}, arrays=tuple(ARRAYS))
    numbers = [
        alone,
        number(one.pass_id, "nc1", NAN, **undefined),
        number(two.pass_id, "twonn", 2.0),
        number(one.pass_id, "cka", 0.9, other_pass=two.pass_id, other_tap="layer1.0", arrays=("drawn",)),
        number(one.pass_id, "cka", 0.8, other_pass=other.pass_id, other_tap="layer1.0"),
    ]
    with Store.open(tmp_path / "workspace") as store:
        cka = ("layer1.0", "cka", two.pass_id, "layer1.0")
        own = [n for n in numbers if n.pass_id == one.pass_id]
        store.geometry.save(own, {("layer1.0", "twonn"): ARRAYS, cka: {"drawn": np.array([0.5, NAN])}})
        store.geometry.save([n for n in numbers if n.pass_id != one.pass_id])
        pack(store, [one.pass_id, two.pass_id], tmp_path / "packed")
        there = store.geometry.numbers([one.pass_id, two.pass_id])
    found = {(n.pass_id, n.measure): (n, arrays) for n, arrays in unpack(tmp_path / "packed")}
    assert [n.to_json() for n, _ in found.values()] == [n.to_json() for n in there if n.other_pass != other.pass_id]
    back, arrays = found[one.pass_id, "twonn"]
    assert back == alone
    for name, values in ARRAYS.items():
        assert (arrays[name].dtype, arrays[name].shape) == (values.dtype, values.shape)
        np.testing.assert_allclose(arrays[name], values, rtol=1e-7)
    assert np.array_equal(arrays["rows"], ARRAYS["rows"])
    _, beside = found[one.pass_id, "cka"]
    assert beside["drawn"] == pytest.approx([0.5, NAN], nan_ok=True)


def test_nothing_measured_is_nothing_packed(tmp_path: Path) -> None:
    (only,) = made(tmp_path / "workspace", 20, 2, 4, 1, pictures=False).passes
    with Store.open(tmp_path / "workspace") as store:
        pack(store, [only.pass_id], tmp_path / "packed")
    assert list(unpack(tmp_path / "packed")) == []
