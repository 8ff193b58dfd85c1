"""Sweeps that come with Cutaway: what a byte a number keeps, and that a store takes them once."""

from pathlib import Path

import numpy as np
import pytest

from analysis.pipelines import bundling
from analysis.store import Store
from analysis.sweeps import VALUES
from tests import sweeps


def test_what_is_bundled_comes_back_as_near_as_it_says(tmp_path: Path) -> None:
    made = sweeps.record(4, 3, 60)
    with Store.open(tmp_path / "first") as store:
        saved = sweeps.kept(store, tmp_path / "parts", made)
        bundling.write(store, saved, tmp_path / "assets" / "made.json")
        cells = store.sweeps.cells("made")
        everywhere = {"members": range(4), "conditions": range(16)}
        given = store.sweeps.values("made", ["prediction", "correct", *VALUES], **everywhere)
    with Store.open(tmp_path / "second") as store:
        assert [s.sweep_id for s in bundling.take_in(store, tmp_path / "assets")] == ["made"]
        assert bundling.take_in(store, tmp_path / "assets") == []
        assert store.sweeps.one("made") == saved
        found = store.sweeps.values("made", ["prediction", "correct", *VALUES], **everywhere)
        again = store.sweeps.cells("made")
    assert [(c.member, c.condition) for c in again] == [(c.member, c.condition) for c in cells]
    assert again[5].scores["accuracy"].low == pytest.approx(cells[5].scores["accuracy"].low, rel=1e-4)
    np.testing.assert_array_equal(found["prediction"], given["prediction"])
    np.testing.assert_array_equal(found["correct"], given["correct"])
    np.testing.assert_array_equal(found["margin"] > 0, given["correct"] == 1)
    np.testing.assert_allclose(found["loss"], np.maximum(given["loss"], 1e-4), rtol=0.03)
    np.testing.assert_allclose(found["confidence"], given["confidence"], atol=0.03)
    for name in ("angle", "length"):
        step = (given[name].max() - given[name].min()) / 255
        np.testing.assert_allclose(found[name], given[name], atol=0.51 * step)
    np.testing.assert_allclose(found["margin"], given["margin"], atol=0.008 * np.abs(given["margin"]).max() + 1e-6)
    assert np.isnan(found["energy"]).all()


def test_a_member_without_a_linear_head_has_no_geometry_there(tmp_path: Path) -> None:
    with Store.open(tmp_path / "first") as store:
        saved = sweeps.kept(store, tmp_path / "parts", sweeps.record(2, 1, 10, linear=False))
        bundling.write(store, saved, tmp_path / "assets" / "made.json")
    with Store.open(tmp_path / "second") as store:
        bundling.take_in(store, tmp_path / "assets")
        found = store.sweeps.values("made", ["margin", "loss"], members=[0, 1], conditions=[0])
    assert np.isnan(found["margin"]).all()
    assert np.isfinite(found["loss"]).all()
