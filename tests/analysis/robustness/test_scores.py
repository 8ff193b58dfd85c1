"""Every score of a cell against another's code or a case by hand."""

import time
from dataclasses import replace

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score

from analysis.calibration import binned, expected_calibration_error
from analysis.robustness.bootstrap import weights
from analysis.robustness.scores import NAMES, area, cell_scores, cell_values
from tests import sweeps

SWEEP = sweeps.record(samples=400)


@pytest.fixture(scope="module")
def cells() -> dict[str, dict[str, np.ndarray]]:
    return {"own": sweeps.rows(SWEEP, 1, 9), "clean": sweeps.rows(SWEEP, 1, 0), "reference": sweeps.rows(SWEEP, 0, 9)}


def test_all_names_are_there_each_within_its_interval(cells):
    found = cell_scores(cells["own"], cells["clean"], cells["reference"])
    assert tuple(found) == NAMES
    for name, score in found.items():
        assert score.low < score.value < score.high, name


def test_values_are_those_of_plain_formulas(cells):
    own, reference = cells["own"], cells["reference"]
    found = {name: s.value for name, s in cell_scores(*cells.values()).items()}
    assert found["accuracy"] == own["correct"].mean()
    assert found["nll"] == pytest.approx(own["loss"].mean(dtype=np.float64))
    assert found["brier"] == pytest.approx(own["brier"].mean(dtype=np.float64))
    assert found["agreement"] == (own["prediction"] == reference["prediction"]).mean()
    for number in ("angle", "length", "margin"):
        exact = own[number].astype(np.float64)
        assert found[f"mean_{number}"] == pytest.approx(exact.mean(), abs=1e-12)
        assert found[f"var_{number}"] == pytest.approx(exact.var(), abs=1e-12)


def test_calibration_error_is_the_one_of_passes(cells):
    own = cells["own"]
    expected = expected_calibration_error(binned(own["confidence"].astype(np.float64), own["correct"]))
    assert cell_scores(own)["ece"].value == pytest.approx(expected, abs=1e-12)


def test_calibration_error_by_hand():
    rows = {
        "sample": np.arange(4),
        "confidence": np.array([0.9, 0.9, 0.5, 0.5], np.float32),
        "correct": np.array([1, 0, 1, 1], np.int8),
    }
    assert cell_scores(rows)["ece"].value == pytest.approx(0.5 * abs(0.5 - 0.9) + 0.5 * abs(1 - 0.5), abs=1e-7)


@pytest.mark.parametrize("ties", [False, True])
def test_detection_is_sklearns_with_weights_and_ties(ties: bool):
    chance = np.random.default_rng(3)
    positive, negative = chance.normal(0.5, 1, 60), chance.normal(0, 1, 60)
    if ties:
        positive, negative = positive.round(), negative.round()
    drawn = next(weights(60, seed=1))[:, :8]
    truth = np.repeat([1, 0], 60)
    slow = [
        roc_auc_score(truth, np.concatenate([positive, negative]), sample_weight=np.concatenate([w, w]))
        for w in drawn.T
    ]
    assert area(positive, negative)(drawn) == pytest.approx(slow, abs=1e-12)


def test_corrupted_is_the_positive_class(cells):
    found = cell_scores(cells["own"], cells["clean"])
    truth = np.repeat([1, 0], SWEEP.samples)
    for name, column, sign in (
        *(("auroc_msp", "confidence", -1), ("auroc_max_logit", "max_logit", -1)),
        ("auroc_energy", "energy", 1),
    ):
        scores = sign * np.concatenate([cells["own"][column], cells["clean"][column]])
        assert found[name].value == pytest.approx(roc_auc_score(truth, scores), abs=1e-12)
        assert found[name].value > 0.5


def test_samples_are_paired_by_their_number(cells):
    fewer = {name: column[::2] for name, column in cells["reference"].items()}
    expected = (cells["own"]["prediction"][::2] == fewer["prediction"]).mean()
    assert cell_scores(cells["own"], reference=fewer)["agreement"].value == pytest.approx(expected)
    clean = {name: column[100:] for name, column in cells["clean"].items()}
    truth = np.repeat([1, 0], SWEEP.samples - 100)
    area = roc_auc_score(truth, -np.concatenate([cells["own"]["confidence"][100:], clean["confidence"]]))
    assert cell_scores(cells["own"], clean)["auroc_msp"].value == pytest.approx(area, abs=1e-12)


def test_what_is_not_there_is_left_out():
    sweep = replace(SWEEP, members=tuple(replace(m, linear_head=False) for m in SWEEP.members))
    found = cell_scores(sweeps.rows(sweep, 1, 3))
    assert tuple(found) == ("accuracy", "ece", "nll", "brier")
    unknown = sweeps.rows(SWEEP, 1, 3) | {"correct": np.full(SWEEP.samples, -1, np.int8)}
    assert not {"accuracy", "ece"} & set(cell_scores(unknown))
    assert cell_scores({name: column[:0] for name, column in unknown.items()}) == {}


def test_samples_without_a_number_do_not_count(cells):
    own = dict(cells["own"])
    own["margin"] = np.where(np.arange(SWEEP.samples) % 4 == 0, np.nan, own["margin"])
    own["correct"] = np.where(np.arange(SWEEP.samples) % 4 == 0, -1, own["correct"]).astype(np.int8)
    found = cell_scores(own)
    assert found["mean_margin"].value == pytest.approx(np.nanmean(own["margin"].astype(np.float64)))
    assert found["accuracy"].value == pytest.approx(cells["own"]["correct"][own["correct"] >= 0].mean())


def test_small_variances_beside_large_means_keep_their_digits():
    values = 1e6 + np.random.default_rng(0).normal(0, 1e-2, 500)
    found = cell_scores({"sample": np.arange(500), "length": values})
    assert found["var_length"].value == pytest.approx(values.var(), rel=1e-6)


@pytest.mark.parametrize("count", [1, 5])
def test_few_samples_have_wide_intervals_or_none_at_all(count: int):
    found = cell_scores(sweeps.rows(sweeps.record(samples=count), 1, 30))
    for name, score in found.items():
        assert score.low <= score.value <= score.high or name == "ece", name


def test_calibration_of_a_perfect_network_is_not_moved_away_from_zero():
    chance = np.random.default_rng(0)
    confidence = chance.uniform(0.3, 1, 1000)
    rows = {"sample": np.arange(1000), "confidence": confidence, "correct": chance.random(1000) < confidence}
    found = cell_scores(rows)["ece"]
    assert 0 <= found.low <= found.value <= found.high < 0.08


def test_the_same_seed_gives_the_same_interval(cells):
    one, again, other = (cell_scores(cells["own"], seed=seed)["accuracy"] for seed in (1, 1, 2))
    assert one == again
    assert one != other


def test_a_cell_of_a_thousand_samples_takes_milliseconds():
    sweep = sweeps.record(samples=1000)
    rows = [sweeps.rows(sweep, member, condition) for member, condition in ((1, 9), (1, 0), (0, 9))]
    times = []
    for _ in range(7):
        began = time.process_time()
        cell_scores(*rows)
        times.append(time.process_time() - began)
    assert min(times) < 0.05


def test_values_alone_are_the_same_values(cells):
    found = cell_scores(*cells.values())
    assert cell_values(*cells.values()) == pytest.approx({name: score.value for name, score in found.items()})
    few = {name: cells["own"][name] for name in ("sample", "confidence", "correct")}
    assert set(cell_values(few)) == {"accuracy", "ece"}
