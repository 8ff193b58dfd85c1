"""The panes of ice."""

import hashlib

import torch
from skimage.transform import resize

from analysis.robustness.textures import COLUMNS, ROWS, ice


def test_five_panes_at_three_sizes():
    for scale in (0.2, 0.3, 1.0):
        panes = ice(scale)
        assert panes.shape == (5, 3, round(ROWS * scale), round(COLUMNS * scale))
        assert float(panes.min()) >= 0
        assert float(panes.max()) <= 1
        assert 0.25 < float(panes.mean()) < 0.6


def test_panes_differ_and_never_change():
    panes = ice(1.0)
    flat = panes.mean(1).flatten(1)  # light, without the colour that all share
    assert torch.corrcoef(flat).triu(1).abs().max() < 0.2
    coarse = (panes.mean(1)[:, ::50, ::50] * 32).round().byte().numpy()  # no last bits of another machine
    assert hashlib.sha256(coarse.tobytes()).hexdigest()[:8] == "3ecd294d"


def test_small_panes_are_the_large_ones():
    large = ice(1.0)[0].permute(1, 2, 0).numpy()
    small = ice(0.2)[0].permute(1, 2, 0).numpy()
    theirs = resize(large, small.shape, order=1, anti_aliasing=False)
    assert abs(theirs - small).max() < 0.01
