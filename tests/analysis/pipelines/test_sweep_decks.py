"""Decks: the mean of a softmax by hand, gates by the spectrum, attacks on one and on all."""

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
import torch

from analysis.pipelines import sweep, sweep_cells, sweep_plan
from analysis.pipelines.sweep_decks import Gate, deck_rows, mean_log_softmax
from analysis.pipelines.work import run_here
from analysis.robustness.applying import corrupted
from analysis.robustness.spectra import spectrum
from analysis.store import Store
from tests.analysis.pipelines.sweep_specimens import COUNT, dataset, digits, keep

MEMBERS = ["digits-cnn", "half"]


@pytest.fixture
def store(workspace: Path) -> Iterator[Store]:
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture
def data(workspace: Path, store: Store) -> str:
    keep(workspace, "half", 0.8)
    return dataset(workspace, store=store)


def swept(workspace: Path, store: Store, data: str, **options) -> tuple[sweep_plan.Plan, dict]:
    given = {"models": MEMBERS, "dataset": data, "severities": (3,)} | options
    arguments = sweep.asked(store, workspace, **given)
    assert run_here(store, workspace, "sweep", arguments)["failed"] == 0
    plan = sweep_plan.load_plan(workspace, arguments["sweep_id"])
    assert plan is not None
    return plan, {c.member: c for c in store.sweeps.cells(plan.record.sweep_id) if c.condition == 1}


def features(workspace: Path, plan: sweep_plan.Plan, member: int, condition: int) -> np.ndarray:
    """The logits of a member, kept as a feature."""
    return np.load(sweep_cells.features_path(workspace, plan.cell_id(member, condition, 0), "logits")).astype(
        np.float64
    )


def softmax(logits: np.ndarray) -> np.ndarray:
    exact = np.exp(logits - logits.max(axis=1, keepdims=True))
    return exact / exact.sum(axis=1, keepdims=True)


def test_a_plain_deck_is_the_mean_of_softmaxes(workspace, store, data):
    deck = {"name": "both", "members": MEMBERS}
    plan, cells = swept(workspace, store, data, corruptions=["fog"], decks=[deck], features=["logits"])
    expected = np.mean([softmax(features(workspace, plan, m, 1)) for m in (0, 1)], axis=0)
    labels = digits()[1]
    rows = sweep_cells.read_cell([sweep_cells.cell_path(workspace, plan.cell_id(2, 1, 0))])
    assert (rows["prediction"] == expected.argmax(1)).all()
    assert rows["confidence"] == pytest.approx(expected.max(1), abs=1e-5)
    assert rows["loss"] == pytest.approx(-np.log(expected[np.arange(COUNT), labels]), rel=1e-4, abs=1e-5)
    assert rows["brier"] == pytest.approx(((expected - np.eye(10)[labels]) ** 2).sum(1), rel=1e-4, abs=1e-5)
    assert all(np.isnan(rows[n]).all() for n in ("angle", "length", "margin", "max_logit", "energy"))
    assert set(cells[2].scores) == {"accuracy", "ece", "nll", "brier", "agreement", "auroc_msp"}
    member = plan.record.members[2]
    assert (member.kind, member.of, member.gate, member.linear_head) == ("deck", tuple(MEMBERS), "mean", False)
    assert any("A deck has no logits" in remark for remark in plan.record.remarks)


def test_a_gate_asks_those_who_were_trained_on_the_like(workspace, store, data):
    trained = {"half": "gaussian_noise/5"}
    decks = [{"name": "gated", "members": MEMBERS, "gate": "spectral", "trained_on": trained}]
    decks += [{"name": "alike", "members": MEMBERS, "gate": "spectral"}, {"name": "mean", "members": MEMBERS}]
    plan, _ = swept(workspace, store, data, corruptions=["gaussian_noise"], severities=(5,), decks=decks)
    rows = {
        (m, c): sweep_cells.read_cell([sweep_cells.cell_path(workspace, plan.cell_id(m, c, 0))])
        for m in range(5)
        for c in (0, 1)
    }
    for condition, member in ((0, 0), (1, 1)):
        assert rows[2, condition]["confidence"] == pytest.approx(rows[member, condition]["confidence"], abs=1e-5)
        assert rows[3, condition]["loss"] == pytest.approx(rows[4, condition]["loss"])
    assert any("deck 'alike'" in remark and "the same images" in remark for remark in plan.record.remarks)
    assert not any("'gated'" in remark for remark in plan.record.remarks)


def test_the_gate_judges_some_images_at_a_time():
    images = digits(COUNT)[0]
    noisy = corrupted(images, np.arange(COUNT), "gaussian_noise", 5)
    gate = Gate(["clean", "noisy"], {"clean": spectrum(images), "noisy": spectrum(noisy)})
    shown = np.concatenate([images[:128], noisy[128:]])
    one, other = np.zeros((COUNT, 10), np.float32), np.zeros((COUNT, 10), np.float32)
    one[:, 0], other[:, 1] = 9, 9
    rows = deck_rows([one, other], torch.from_numpy(shown), gate, np.arange(COUNT), np.zeros(COUNT, np.int64))
    assert (rows["prediction"] == np.repeat([0, 1], [128, COUNT - 128])).all()


def test_a_mean_with_what_is_no_number_is_none():
    good, bad = np.array([[0.0, 200.0], [1.0, 0.0]]), np.array([[0.0, 300.0], [np.nan, 0.0]])
    found = mean_log_softmax([good, bad])
    assert np.isfinite(found[0]).all()
    assert found[0, 1] == 0
    assert np.isnan(found[1]).all()


def test_an_attack_is_on_each_network_by_itself_and_on_a_deck_as_a_whole(workspace, store, data):
    deck = {"name": "both", "members": MEMBERS}
    plan, cells = swept(workspace, store, data, corruptions=["fgsm"], decks=[deck], limit=60)
    clean = {c.member: c for c in store.sweeps.cells(plan.record.sweep_id) if c.condition == 0}
    for member in range(3):
        assert cells[member].scores["nll"].value > clean[member].scores["nll"].value + 0.1
    alone, _ = swept(workspace, store, data, models=["half"], corruptions=["fgsm"], limit=60)
    assert alone.cell_id(0, 1, 0) == plan.cell_id(1, 1, 0)


def test_edits_take_the_masks_of_the_dataset(workspace, store):
    shapes = run_here(store, workspace, "generate", {"kind": "shapes", "name": "shapes", "params": {"count": 12}})
    arguments = sweep.asked(
        store, workspace, models=["shapes-cnn"], dataset=shapes["dataset_id"], corruptions=["background_removed"]
    )
    assert run_here(store, workspace, "sweep", arguments)["failed"] == 0
    found = store.sweeps.values(arguments["sweep_id"], ("loss",), members=[0], conditions=range(6))["loss"][0]
    assert len(np.unique(found.round(5), axis=0)) > 1
