"""Rows of a cell at the edges: one class, a thousand, no linear head, logits that are not numbers."""

import numpy as np
import pytest
from scipy.special import logsumexp, softmax

from analysis.passes.geometry import LinearHead
from analysis.pipelines.sweep_members import joined, not_numbers, rows

NUMBERS = ("angle", "length", "margin")


def made(classes: int, count: int = 7) -> tuple[dict[str, np.ndarray], LinearHead, np.ndarray]:
    chance = np.random.default_rng(0)
    weight, bias = chance.normal(size=(classes, 4)), chance.normal(size=classes)
    features = chance.normal(size=(count, 4)).astype(np.float32)
    logits = (features @ weight.T + bias).astype(np.float32)
    return {"logits": logits, "penultimate": features}, LinearHead(weight, bias), chance.integers(0, classes, count)


def test_a_thousand_classes():
    answers, head, truth = made(1000)
    found, logits = rows(answers, head, np.arange(7), truth), answers["logits"].astype(np.float64)
    shares = softmax(logits, axis=1)
    assert found["brier"] == pytest.approx(((shares - np.eye(1000)[truth]) ** 2).sum(1), rel=1e-5)
    assert found["energy"] == pytest.approx(-logsumexp(logits, axis=1), rel=1e-5)
    assert ((found["margin"] > 0) == found["correct"]).all()


def test_one_class_is_always_right_and_has_no_boundary():
    answers, head, truth = made(1)
    found = rows(answers, head, np.arange(7), truth)
    assert found["correct"].all()
    assert (found["loss"] == 0).all()
    assert (found["brier"] == 0).all()
    assert np.isnan(found["margin"]).all()
    assert np.isfinite(found["angle"]).all()


def test_without_a_linear_head_there_is_no_geometry():
    answers, _, truth = made(5)
    found = rows({"logits": answers["logits"]}, None, np.arange(7), truth)
    assert all(np.isnan(found[n]).all() for n in NUMBERS)
    assert np.isfinite(found["loss"]).all()


def test_what_is_no_number_is_wrong_whatever_it_points_at():
    answers, head, _ = made(5)
    answers["logits"][2, 0] = np.nan
    answers["logits"][3] = np.inf
    truth = answers["logits"].argmax(axis=1)
    truth[3] = -1
    found = rows(answers, head, np.arange(7), truth)
    assert not found["correct"][2]
    assert np.ma.getmaskarray(found["correct"]).tolist() == [False, False, False, True, False, False, False]
    assert found["correct"][[0, 1, 4, 5, 6]].all()
    for name in ("confidence", "loss", "brier", "max_logit", "energy"):
        assert np.isnan(found[name][[2, 3]]).all()
        assert np.isfinite(found[name][[0, 1, 4, 5, 6]]).all()
    assert not_numbers(joined([found, found])) == 4
