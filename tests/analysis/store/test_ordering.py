"""Pages of long lists, against a full sort."""

import numpy as np
import pytest

from analysis.store.ordering import page


@pytest.mark.parametrize("kind", ["spread", "ties", "one value", "whole numbers"])
@pytest.mark.parametrize("descending", [False, True])
def test_a_page_is_a_slice_of_the_full_order(kind, descending):
    rng = np.random.default_rng(1)
    samples = np.sort(rng.choice(200_000, 50_000, replace=False))
    keys = {
        "spread": rng.normal(size=50_000).astype(np.float32),
        "ties": np.round(rng.normal(size=50_000), 1).astype(np.float32),
        "one value": np.ones(50_000, np.float32),
        "whole numbers": rng.integers(-1, 10, 50_000).astype(np.int32),
    }[kind]
    if kind != "whole numbers":
        keys[rng.random(50_000) < 0.3] = np.nan
    missing = np.isnan(keys) if kind != "whole numbers" else keys < 0
    values = np.where(missing, 0, keys).astype(np.float64)
    order = np.lexsort((samples, -values if descending else values, missing))
    known = int((~missing).sum())
    for start in (0, 60, known - 90, known - 30, known, 49_990, 50_000, 60_000):
        found = page(samples, keys, descending=descending, start=start, stop=start + 60)
        assert found.tolist() == samples[order][start : start + 60].tolist(), start
    assert page(samples, keys, descending=descending, start=5, stop=5).tolist() == []
