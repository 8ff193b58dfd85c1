"""Clouds against the algorithm a point at a time."""

import numpy as np
import pytest
import torch

from analysis.robustness.plasma import clouds
from tests.analysis.robustness.reference.weather import cloud


@pytest.mark.parametrize("side", [2, 8, 64])
@pytest.mark.parametrize("decay", [1.4, 3.0])
def test_clouds(side: int, decay: float):
    chances = np.random.default_rng(0).uniform(size=(3, side, side)).astype(np.float32)
    found = clouds(torch.from_numpy(chances), decay).numpy()
    assert found.min() == 0
    assert found.max() == 1
    for ours, chance in zip(found, chances, strict=True):
        np.testing.assert_allclose(ours, cloud(chance.astype(float), decay), atol=1e-5)
