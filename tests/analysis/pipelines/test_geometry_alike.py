"""Which layers of a network give the same features."""

from pathlib import Path

import numpy as np

from analysis.passes.features import feature_path
from analysis.pipelines.geometry_alike import same_as


def keep(workspace: Path, **features: np.ndarray) -> None:
    folder = workspace / "passes" / "p"
    folder.mkdir(parents=True)
    for tap, values in features.items():
        np.save(feature_path(folder, tap), values.astype(np.float32))


def test_the_heads_input_stands_for_what_is_like_it_else_the_first(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    a, b = rng.normal(size=(2, 20, 4))
    nearly = b.copy()
    nearly[-1, -1] += 1
    wide = rng.normal(size=(20, 5))
    keep(tmp_path, conv=a, block=a, late=nearly, pool=b, wide=wide, penultimate=b)
    taps = ("conv", "block", "late", "pool", "wide", "penultimate", "gone", "gone too")
    assert same_as(tmp_path, "p", taps) == {"block": "conv", "pool": "penultimate"}
    assert same_as(tmp_path, "p", ("pool",)) == {}
