"""The columns of a part, where numbers tie, are few or are none."""

import numpy as np
import pytest
from pyarrow import parquet

from analysis.passes import parts
from analysis.passes.collectors import Seen
from analysis.passes.geometry import LinearHead
from analysis.passes.predictions import columns, log_softmax, top


def test_of_equal_logits_the_first_class_is_taken():
    found = top(np.array([[1, 3, 3, 0, 3, 3], [0, 0, 0, 0, 0, 0], [-np.inf, -1, -np.inf, np.nan, 0, -np.inf]]))
    assert found.tolist() == [[1, 2, 4, 5, 0], [0, 1, 2, 3, 4], [4, 1, 0, 2, 3]]


def test_with_fewer_than_five_classes_there_are_as_many():
    assert top(np.array([[0.0, 2.0, 1.0]])).tolist() == [[1, 2, 0]]


def test_log_softmax_of_large_logits():
    found = log_softmax(np.array([[1e4, 1e4, -1e4]]))
    assert found[0, :2] == pytest.approx([-np.log(2)] * 2)
    assert found[0, 2] == pytest.approx(-2e4 - np.log(2))


def test_what_is_written_is_what_is_read(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 3)
    logits = np.array([[2.0, 0.0], [0.0, 1.0], [np.nan, 1.0]], np.float32)
    features = logits.copy()
    head = LinearHead(np.eye(2), np.zeros(2))
    seen = Seen(1, range(3, 6), np.array([0, 0, -1]), logits, {"penultimate": features}, head)
    values, tally = columns(seen)
    parts.write_part(tmp_path, 1, values, tally)
    assert (tally.samples, tally.known, tally.correct, tally.unusable) == (3, 2, 1, 1)
    assert parts.tally_of(tmp_path, 1, 6) == tally
    assert parts.tally_of(tmp_path, 0, 6) is None
    assert parts.tally_of(tmp_path, 1, 5) is None  # of another size
    first, second, third = parquet.read_table(parts.part_path(tmp_path, 1)).to_pylist()
    confidence = 1 / (1 + np.exp(-2))
    assert first == {
        "sample": 3,
        "truth": 0,
        "prediction": 0,
        "confidence": pytest.approx(confidence),
        "correct": True,
        "loss": pytest.approx(-np.log(confidence)),
        "angle": 0,
        "length": 2,
        "margin": pytest.approx(2 / np.sqrt(2)),
        "top_classes": [0, 1],
        "top_probabilities": pytest.approx([confidence, 1 - confidence]),
    }
    assert (second["correct"], second["margin"]) == (False, pytest.approx(-1 / np.sqrt(2)))
    assert second["angle"] == pytest.approx(np.pi / 2)
    assert [n for n, v in third.items() if v is None] == [
        *("truth", "confidence", "correct", "loss", "angle", "length", "margin"),
    ]
    assert third["prediction"] == 1
