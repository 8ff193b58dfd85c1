"""Sweeps that come with Cutaway: what a byte a number keeps, and that a store takes them once."""

from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.datasets.opened import OpenDataset
from analysis.passes.forward import PENULTIMATE, Forward
from analysis.passes.geometry import LinearHead, geometry
from analysis.pipelines import bundling, generating
from analysis.robustness.applying import corrupted
from analysis.store import Store
from analysis.sweeps import VALUES
from models import catalogue
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
        step = (given[name].max() - given[name].min()) / 254
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


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory):
    with Store.open(tmp_path_factory.mktemp("shipped")) as store:
        bundling.take_in(store)
        yield store


def test_what_ships_is_whole_and_small(shipped: Store) -> None:
    assert sum(path.stat().st_size for path in bundling.FOLDER.iterdir()) < 25 * 2**20
    found = {s.name: s for s in shipped.sweeps.all()}
    assert set(found) == {b.name for b in bundling.BUNDLED.values()}
    for wanted in bundling.BUNDLED.values():
        sweep = found[wanted.name]
        assert [m.name for m in sweep.members if m.kind == "model"] == list(wanted.models)
        assert (sweep.samples, len(sweep.corruptions), len(sweep.conditions)) == (wanted.images, 19, 96)
        cells = shipped.sweeps.cells(sweep.sweep_id)
        assert {c.state for c in cells} == {"done"}
        assert len(cells) == len(sweep.members) * 96
        for member, m in enumerate(sweep.members):
            found_here = shipped.sweeps.values(
                sweep.sweep_id, ["margin", "correct"], members=[member], conditions=range(96)
            )
            right, margin = found_here["correct"] == 1, found_here["margin"]
            if m.linear_head:  # the identity of the margin
                np.testing.assert_array_equal(margin > 0, right)
            else:
                assert np.isnan(margin).all()
    assert shipped.check() == []


@pytest.mark.slow
def test_the_numbers_that_ship_are_those_of_the_networks(shipped: Store, tmp_path: Path) -> None:
    sweep = next(s for s in shipped.sweeps.all() if s.dataset_name == "shapes-test")
    made = generating.compute({**bundling.shapes_test(), "workspace": str(tmp_path)}, lambda fraction, text: None)
    assert made["dataset_id"] == sweep.dataset_id  # the page shows these images beside the numbers
    opened = OpenDataset.open(tmp_path / "datasets" / sweep.dataset_id)
    samples = np.arange(0, 1000, 20)
    clean = opened.pixels(samples.tolist())
    assert clean is not None
    for name, condition in (
        ("shapes-cnn", "clean"),
        ("shapes-cnn-lrr-80", "fog/3"),
        ("shapes-cnn-biprop-50", "frost/5"),
    ):
        network, (corruption, _, severity) = catalogue.load(name), condition.partition("/")
        seen = clean if condition == "clean" else corrupted(clean, samples, corruption, int(severity), seed=sweep.seed)
        outputs = Forward(network, [PENULTIMATE], autocast=False)(torch.from_numpy(np.ascontiguousarray(seen)))
        head = network.head
        assert head is not None
        assert head.bias is not None
        linear = LinearHead(head.weight.double().numpy(), head.bias.double().numpy())
        truth = opened.labels[samples]
        there = geometry(outputs.features[PENULTIMATE].numpy(), linear, truth)
        member, place = sweep.member(name), sweep.condition(condition)
        assert member is not None
        assert place is not None
        kept = shipped.sweeps.values(
            sweep.sweep_id,
            ["prediction", "angle", "length", "margin"],
            members=[member],
            conditions=[place],
            samples=samples,
        )
        assert (kept["prediction"][0, 0] == outputs.logits.argmax(1).numpy()).mean() >= 0.98  # ties, other processors
        np.testing.assert_allclose(kept["angle"][0, 0], there.angle, atol=0.02)
        np.testing.assert_allclose(kept["length"][0, 0], there.length, rtol=0.1, atol=0.15)
        np.testing.assert_allclose(kept["margin"][0, 0], there.margin, atol=0.15)
