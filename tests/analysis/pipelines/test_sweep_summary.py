"""Summaries of stored sweeps against the rows they were made from."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.errors import BadParameter, NotApplicable
from analysis.pipelines import sweep_summary as summary
from analysis.robustness.scores import NAMES, cell_scores
from analysis.store import Store
from analysis.sweeps import Cell, SweepRecord
from tests import sweeps

SWEEP = sweeps.record(members=6, samples=60)
CHOSEN = np.array([3, 4, 10, 30, 31, 59])


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory):
    folder = tmp_path_factory.mktemp("summary")
    with Store.open(folder / "workspace") as store:
        sweeps.kept(store, folder / "parts", SWEEP)
        yield store


@pytest.fixture(scope="module")
def rows() -> dict[str, np.ndarray]:
    """(M, C, S) each."""
    made = [[sweeps.rows(SWEEP, m, c) for c in range(len(SWEEP.conditions))] for m in range(6)]
    names = ("correct", "prediction", "confidence", "loss", "angle", "length", "margin", "energy")
    return {n: np.array([[cell[n] for cell in line] for line in made]) for n in names}


def test_accuracies_of_some_members_and_samples(filled: Store, rows):
    assert summary.accuracies(filled, SWEEP) == pytest.approx(rows["correct"].mean(axis=2))
    found = summary.accuracies(filled, SWEEP, [4, 1], CHOSEN)
    assert found == pytest.approx(rows["correct"][[4, 1]][:, :, CHOSEN].mean(axis=2))


@pytest.mark.parametrize("name", NAMES)
def test_scores_of_a_selection_are_those_of_its_rows(filled: Store, name: str):
    members, condition = [2, 5], 48
    found, low, _ = summary.scores(filled, SWEEP, name, members, CHOSEN)
    for place, member in enumerate(members):
        own, clean, reference = (
            {n: v[CHOSEN] for n, v in sweeps.rows(SWEEP, *cell).items()}
            for cell in ((member, condition), (member, 0), (0, condition))
        )
        assert found[place, condition] == pytest.approx(cell_scores(own, clean, reference)[name].value, abs=1e-5)
    assert np.isnan(low).all()
    assert np.isnan(found[:, 0]).all() == name.startswith("auroc")


def test_scores_of_all_samples_are_those_that_were_kept(filled: Store, rows):
    value, low, high = summary.scores(filled, SWEEP, "accuracy", [1, 0])
    assert value == pytest.approx(rows["correct"][[1, 0]].mean(axis=2), abs=1e-5)
    assert (low <= value).all()
    assert (value <= high).all()
    assert np.isnan(summary.scores(filled, SWEEP, "ece")[0]).all()  # the made-up cells have no other score
    with pytest.raises(BadParameter, match="no score 'f1'"):
        summary.scores(filled, SWEEP, "f1")


def by_hand(correct: np.ndarray) -> np.ndarray:
    """(M, C, S) -> errors (M, 15)"""
    wrong = 1 - correct.mean(axis=2)
    return np.stack([wrong[:, 1 + 5 * k : 6 + 5 * k].mean(axis=1) for k in range(15)], axis=1)


@pytest.mark.parametrize("chosen", [None, CHOSEN])
def test_mce_is_that_of_the_fifteen(filled: Store, rows, chosen: np.ndarray | None):
    found = summary.aggregated(filled, SWEEP, samples=chosen)
    correct = rows["correct"] if chosen is None else rows["correct"][:, :, chosen]
    errors, clean = by_hand(correct), 1 - correct[:, 0].mean(axis=1)
    assert found.standard
    assert found.reference == SWEEP.reference
    assert found.mce.value == pytest.approx(100 * (errors / errors[0]).mean(axis=1), rel=1e-4)
    relative = (errors - clean[:, None]) / (errors[0] - clean[0])
    assert found.relative_mce.value == pytest.approx(100 * relative.mean(axis=1), rel=1e-3)
    assert found.mean_error.value == pytest.approx(errors.mean(axis=1), rel=1e-5)
    assert found.robust_gap.value == pytest.approx(errors.mean(axis=1) - clean, abs=1e-6)
    assert (found.mce.low <= found.mce.value + 1e-4).all()
    assert found.samples == correct.shape[2]
    assert (summary.mce(filled, SWEEP, samples=chosen).value == found.mce.value).all()


def test_another_reference_need_not_be_shown(filled: Store, rows):
    errors = by_hand(rows["correct"])
    found = summary.mce(filled, SWEEP, [0, 1], reference=SWEEP.members[3].name)
    assert found.value == pytest.approx(100 * (errors[:2] / errors[3]).mean(axis=1), rel=1e-4)
    with pytest.raises(BadParameter, match="got 'AlexNet'"):
        summary.mce(filled, SWEEP, reference="AlexNet")


def test_alexnet_serves_for_a_thousand_classes(filled: Store, rows):
    from analysis.robustness import published

    big = replace(SWEEP, table="imagenet", class_names=tuple(map(str, range(1000))))
    found = summary.mce(filled, big, [0], reference="AlexNet")
    alexnet = np.array([published.row("AlexNet").errors[c] for c in sweeps.CORRUPTIONS[:15]])
    assert found.value == pytest.approx(100 * (by_hand(rows["correct"])[:1] / alexnet).mean(axis=1), rel=1e-4)


def test_curves_of_accuracy_and_of_other_scores(filled: Store, rows):
    found = summary.curves(filled, SWEEP, [2])
    wanted = rows["correct"][2].mean(axis=1)
    assert found.severities == (0, 1, 2, 3, 4, 5)
    assert found.values[0, 3] == pytest.approx(wanted[[0, *range(16, 21)]], abs=1e-6)
    loss = summary.curves(filled, SWEEP, [2], CHOSEN, name="nll")
    assert loss.values[0, 3, 5] == pytest.approx(rows["loss"][2, 20, CHOSEN].mean(), rel=1e-4)


def test_fragility_by_hand(filled: Store, rows):
    found = summary.fragility(filled, SWEEP, [0, 1], CHOSEN, conditions=[0, 1, 2])
    wrong = 1 - rows["correct"][:2, 1:3][:, :, CHOSEN].mean(axis=1)
    assert found.wrong == pytest.approx(wrong)
    assert found.samples.tolist() == CHOSEN.tolist()
    assert found.clean.tolist() == rows["correct"][:2, 0][:, CHOSEN].tolist()
    assert summary.fragility(filled, SWEEP).conditions == 95


def test_classes_by_hand(filled: Store, rows):
    truth = sweeps.rows(SWEEP, 0, 0)["truth"]
    found, count = summary.per_class(filled, SWEEP, [7, 0], [3])
    for label in range(10):
        assert count[label] == (truth == label).sum()
        if count[label]:
            assert found[0, 1, label] == pytest.approx(rows["correct"][3, 0, truth == label].mean())
    some, count = summary.per_class(filled, SWEEP, [0], [3], CHOSEN)
    assert count.sum() == len(CHOSEN)
    assert np.isnan(some[0, 0, count == 0]).all()


def test_the_identity_holds_on_stored_rows(filled: Store):
    found = summary.identities(filled, SWEEP)
    assert found.hold
    assert found.checked == 6 * 96 * 60


def scaled(rows: dict[str, np.ndarray], conditions: list[int]) -> np.ndarray:
    made = [rows[n][:, conditions].astype(np.float64) for n in ("angle", "length", "margin")]
    return np.stack([(v - v.mean()) / v.std() for v in made], axis=2)  # (M, C, 3, S)


def test_distances_of_pairs_members_and_corruptions(filled: Store, rows):
    vectors = scaled(rows, [0, *range(3, 96, 5)])
    pairs = summary.similarity(filled, SWEEP, severity=3)
    assert len(pairs.distances) == 6 * 20
    assert pairs.members[21:23] == (1, 1)
    assert pairs.corruptions[20:22] == ("clean", "gaussian_noise")
    apart = np.sqrt(((vectors[0, 5] - vectors[4, 0]) ** 2).mean())
    assert pairs.distances[5, 80] == pytest.approx(apart, rel=1e-4)
    members = summary.similarity(filled, SWEEP, [1, 2], severity=3, by="member")
    assert members.members == (1, 2)
    own = scaled({n: v[[1, 2]] for n, v in rows.items()}, [0, *range(3, 96, 5)])
    assert members.distances[0, 1] == pytest.approx(np.sqrt(((own[0] - own[1]) ** 2).mean()), rel=1e-4)
    corruptions = summary.similarity(filled, SWEEP, severity=3, by="corruption")
    assert corruptions.corruptions[0] == "clean"
    assert corruptions.distances[0, 7] == pytest.approx(
        np.sqrt(((vectors[:, 0] - vectors[:, 7]) ** 2).mean()), rel=1e-4
    )


def test_all_severities_are_the_mean_sample_by_sample(filled: Store, rows):
    meant = {n: np.stack([v[:, 0], v[:, 1:6].mean(axis=1)], axis=1) for n, v in rows.items()}
    short = replace(SWEEP, conditions=SWEEP.conditions[:6])
    found = summary.similarity(filled, short, [0, 1], samples=CHOSEN)
    vectors = scaled({n: v[:2][:, :, CHOSEN] for n, v in meant.items() if n in ("angle", "length", "margin")}, [0, 1])
    apart = np.sqrt(((vectors[0, 1] - vectors[1, 1]) ** 2).mean())
    assert found.distances[1, 3] == pytest.approx(apart, rel=1e-4)
    assert (found.samples, found.of) == (6, 6)


def test_redundancy_counts_what_it_ranks(filled: Store, rows):
    found = summary.redundancy(filled, SWEEP, severity=2, threshold=0.8)
    accuracy = rows["correct"][:, 2::5].mean(axis=2)
    assert found.correlation.value == pytest.approx(np.corrcoef(accuracy.T), abs=1e-4)
    assert found.members == (0, 1, 2, 3, 4, 5)
    assert found.steps[-1].tau.value >= 0.8
    assert found.shifts.shape == (19, 19)
    moved = rows["margin"][:, 2::5] - rows["margin"][:, :1]
    expected = np.corrcoef(moved.swapaxes(1, 2).reshape(-1, 19).T)
    assert found.shifts == pytest.approx(expected, abs=1e-4)
    every = summary.redundancy(filled, SWEEP, every_size=True)
    assert [len(s.corruptions) for s in every.steps] == list(range(1, 20))
    assert every.steps[-1].tau.value == pytest.approx(1)


def partly(store: Store, folder: Path) -> SweepRecord:
    """Three members: the second lacks a cell, the third has no linear head."""
    record = sweeps.record(members=3, corruptions=2, samples=20, sweep_id="partly")
    record = replace(record, members=(*record.members[:2], replace(record.members[2], linear_head=False)))
    kept = sweeps.kept(store, folder, record)
    return replace(kept, name="partly")


def test_missing_cells_and_heads_are_left_out_and_said(tmp_path: Path):
    with Store.open(tmp_path / "workspace") as store:
        record = partly(store, tmp_path / "parts")
        store.sweeps.add(record.sweep_id, [Cell(1, 4, "failed", "no")], [])
        aggregated = summary.aggregated(store, record)
        assert np.isnan(aggregated.mce.value).tolist() == [False, True, False]
        assert not aggregated.standard
        pairs = summary.similarity(store, record)
        assert set(pairs.members) <= {0, 1}
        assert (2, "clean") in pairs.left_out
        assert np.isfinite(pairs.distances).all()
        assert summary.redundancy(store, record).members == (0, 2)
        assert summary.redundancy(store, record).steps == ()
        assert {f.verdict for f in summary.findings(store, record)} <= {"cannot be said", "found", "not found here"}


def test_an_empty_sweep_is_said_calmly(tmp_path: Path):
    with Store.open(tmp_path / "workspace") as store:
        record = sweeps.record(members=2, samples=10, sweep_id="empty")
        store.sweeps.save(record, np.arange(10), np.zeros(10, np.int64))
        assert np.isnan(summary.accuracies(store, record)).all()
        assert np.isnan(summary.mce(store, record).value).all()
        assert len(summary.similarity(store, record).distances) == 0
        assert len(summary.similarity(store, record).left_out) == 40
        assert summary.redundancy(store, record).steps == ()
        assert len(summary.fragility(store, record).robust) == 0
        assert "nothing was checked" in str(summary.identities(store, record))
        with pytest.raises(NotApplicable, match="has none yet"):
            summary.findings(store, record)


def test_energies_of_a_selection_tell_corrupted_from_clean(filled: Store, rows):
    found = summary.scores(filled, SWEEP, "auroc_energy", [1], CHOSEN)[0]
    scores = np.concatenate([rows["energy"][1, 90, CHOSEN], rows["energy"][1, 0, CHOSEN]])
    assert found[0, 90] == pytest.approx(roc_auc_score(np.repeat([1, 0], len(CHOSEN)), scores))
