"""Sweeps in the store: what comes back is what went in, laid out by cell."""

import os
from pathlib import Path

import numpy as np
import pytest

from analysis.errors import BadTable
from analysis.store import Store
from analysis.sweeps import VALUES, Cell
from models.errors import UnknownName
from tests import sweeps


@pytest.fixture
def store(tmp_path: Path):
    with Store.open(tmp_path / "workspace") as opened:
        yield opened


def test_a_sweep_comes_back_as_it_went_in(store: Store, tmp_path: Path) -> None:
    made = sweeps.record(4, 3, 50)
    saved = sweeps.kept(store, tmp_path / "parts", made)
    assert store.sweeps.all() == [saved]
    assert store.sweeps.one("made") == saved
    assert (saved.members, saved.conditions) == (made.members, made.conditions)
    found = store.sweeps.values("made", ["prediction", "correct", *VALUES], members=[2, 0], conditions=[7, 1, 0])
    for i, member in enumerate([2, 0]):
        for j, condition in enumerate([7, 1, 0]):
            there = sweeps.rows(made, member, condition)
            for name in ("prediction", "correct", *VALUES):
                np.testing.assert_array_equal(found[name][i, j], there[name])
    samples, truth = store.sweeps.truth("made")
    np.testing.assert_array_equal(samples, np.arange(50))
    np.testing.assert_array_equal(truth, sweeps.rows(made, 0, 0)["truth"])


def test_sums_and_histograms_are_those_of_the_values(store: Store, tmp_path: Path) -> None:
    made = sweeps.kept(store, tmp_path / "parts", sweeps.record(3, 2, 60))
    chosen, conditions = [3, 17, 40, 41], [4, 0, 9]
    for samples in (None, chosen):
        given = store.sweeps.values(
            "made", ["correct", *VALUES], members=[1, 2], conditions=conditions, samples=samples
        )
        found = store.sweeps.grouped("made", members=[1, 2], conditions=conditions, samples=samples)
        np.testing.assert_array_equal(found.samples, len(chosen) if samples else made.samples)
        np.testing.assert_array_equal(found.correct, given["correct"].sum(axis=2))
        for name in VALUES:
            np.testing.assert_allclose(found.means[name], given[name].mean(axis=2, dtype=np.float64), rtol=1e-6)
        np.testing.assert_allclose(found.variances["margin"], given["margin"].var(axis=2, dtype=np.float64), rtol=1e-5)
        edges = np.linspace(-1, 2, 7)
        bins = store.sweeps.histograms("made", "margin", edges, members=[1, 2], conditions=conditions, samples=samples)
        for i in range(2):
            for j in range(3):
                inside = np.clip(given["margin"][i, j], -1, 1.999)
                np.testing.assert_array_equal(bins[i, j], np.histogram(inside, edges)[0])


def test_what_is_not_there_is_said(store: Store, tmp_path: Path) -> None:
    made = sweeps.record(2, 1, 5, linear=False)
    store.sweeps.save(made, np.arange(5), np.full(5, -1))
    found = store.sweeps.grouped("made", members=[0, 1], conditions=[0])
    assert (found.samples == 0).all()
    assert np.isnan(found.accuracy).all()
    assert np.isnan(found.means["angle"]).all()
    assert (store.sweeps.truth("made")[1] == -1).all()
    with pytest.raises(UnknownName):
        store.sweeps.values("made", ["colour"], members=[0], conditions=[0])
    with pytest.raises(UnknownName):
        store.sweeps.cells("another")
    with pytest.raises(BadTable, match="expected 5"):
        store.sweeps.add("made", [Cell(0, 0, samples=5)], [])
    store.sweeps.add("made", [Cell(0, 1, "failed", "No memory.")], [])
    assert [(c.state, c.message) for c in store.sweeps.cells("made")] == [("failed", "No memory.")]


def test_cells_that_come_twice_are_there_once(store: Store, tmp_path: Path) -> None:
    made = sweeps.record(2, 1, 20)
    for seed in (0, 0, 1):
        sweeps.kept(store, tmp_path / f"parts{seed}", made, seed)
    assert store.counts()["sweep_result"] == 2 * 6 * 20
    margins = store.sweeps.values("made", ["margin"], members=[1], conditions=[3])["margin"][0, 0]
    np.testing.assert_array_equal(margins, sweeps.rows(made, 1, 3, seed=1)["margin"])
    store.sweeps.delete("made")
    assert store.counts()["sweep_result"] == store.counts()["sweep"] == store.counts()["sweep_sample"] == 0


def test_a_table_for_others_names_models_classes_and_conditions(store: Store, tmp_path: Path) -> None:
    made = sweeps.kept(store, tmp_path / "parts", sweeps.record(2, 1, 4))
    table = store.sweeps.table("made", samples=[1, 3])
    assert table.num_rows == 2 * 6 * 2
    first = table.slice(0, 1).to_pylist()[0]
    assert (first["model"], first["corruption"], first["severity"], first["sample"]) == ("net", "clean", 0, 1)
    assert first["truth"] == made.class_names[sweeps.rows(made, 0, 0)["truth"][1]]


def test_sweeps_go_into_another_workspace(store: Store, tmp_path: Path) -> None:
    made = sweeps.kept(store, tmp_path / "parts", sweeps.record(2, 1, 10))
    store.export_to(tmp_path / "out")
    with Store.open(tmp_path / "other") as other:
        for _ in range(2):
            other.import_from(tmp_path / "out")
        assert other.sweeps.all() == [made]
        assert other.sweeps.cells("made") == store.sweeps.cells("made")
        assert other.sweeps.table("made").equals(store.sweeps.table("made"))


def test_a_check_finds_lost_rows_and_compacting_removes_old_cells(store: Store, tmp_path: Path) -> None:
    sweeps.kept(store, tmp_path / "parts", sweeps.record(2, 1, 10))
    assert store.check() == []
    store._writer.do(
        lambda db: db.execute("DELETE FROM sweep_result WHERE member = 1 AND sample < 3 AND condition < 2")
    )
    (said,) = store.check()
    assert "'made up' 2 cells have lost rows: one should have 10, its table has 7" in said
    old, new = (store.workspace / "cells" / "ab" / f"{name}.parquet" for name in ("old", "new"))
    old.parent.mkdir(parents=True)
    for path in (old, new):
        path.write_bytes(b"")
    os.utime(old, (0, 0))
    assert store.compact() == 1
    assert (old.exists(), new.exists()) == (False, True)


def test_ranges_can_leave_the_tails_out(store: Store, tmp_path: Path) -> None:
    made = sweeps.kept(store, tmp_path / "parts", sweeps.record(3, 4, 200))
    margins = store.sweeps.values("made", ["margin"], members=range(3), conditions=range(21))["margin"]
    low, high = store.sweeps.ranges(made.sweep_id, ["margin", "length"])["margin"]
    assert (low, high) == (pytest.approx(margins.min()), pytest.approx(margins.max()))
    low, high = store.sweeps.ranges(made.sweep_id, ["margin"], tails=0.02)["margin"]
    assert (low, high) == pytest.approx(np.quantile(margins, [0.02, 0.98]), abs=0.1)
