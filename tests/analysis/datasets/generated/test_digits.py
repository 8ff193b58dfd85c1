"""Digits and BlockDigits against scikit-learn's own arrays."""

from typing import Any

import numpy as np
import pytest
from sklearn.datasets import load_digits

from analysis.datasets.generated import GENERATORS, Generated, joined


def made(kind: str, **knobs: int | str) -> Generated:
    return joined(GENERATORS[kind].function(**GENERATORS[kind].bound(knobs)))


@pytest.fixture(scope="module")
def loaded() -> Any:
    return load_digits()


@pytest.mark.parametrize("seed", [0, 7])
def test_both_splits_are_all_digits_once(loaded: Any, seed: int) -> None:
    train, test = (made("digits", split=split, seed=seed) for split in ("train", "test"))
    assert (len(train), len(test)) == (1437, 360)
    places = np.concatenate([train.columns["source"], test.columns["source"]])
    assert sorted(places.tolist()) == list(range(1797))
    images = np.concatenate([train.images, test.images])[np.argsort(places), :, :, 0]
    np.testing.assert_allclose(images / 255 * 16, loaded.images, atol=0.5 * 16 / 255)
    np.testing.assert_array_equal(
        np.concatenate([train.labels, test.labels])[np.argsort(places)],
        loaded.target,
    )


def test_another_seed_deals_otherwise() -> None:
    one, other = (set(made("digits", split="test", seed=seed).columns["source"].tolist()) for seed in (0, 1))
    assert one != other


def test_the_mask_is_the_block_with_the_digit() -> None:
    data = made("blockdigits", count=600)
    assert data.images.shape == (600, 56, 28, 1)
    assert data.masks is not None
    assert (data.masks.sum(axis=(1, 2)) == 28 * 28).all()
    top = data.columns["digit_on_top"]
    np.testing.assert_array_equal(data.masks[:, 0, 0], top)
    np.testing.assert_array_equal(data.masks[:, -1, 0], ~top)
    assert 0.4 < top.mean() < 0.6
    nulls = data.images[..., 0][~data.masks].reshape(600, 28, 28)
    assert (nulls == nulls[0]).all()  # the same everywhere: it tells nothing


def test_a_block_holds_the_digit_it_is_said_to_hold(loaded: Any) -> None:
    """Shrunk back to 8 x 8 at the brightest fit, a block is most like its own source."""
    data = made("blockdigits", count=100)
    assert data.masks is not None
    blocks = data.images[..., 0][data.masks].reshape(100, 28, 28).astype(float)
    sources = loaded.images
    for block, source, label in zip(blocks, data.columns["source"], data.labels, strict=True):
        assert loaded.target[source] == label
        windows = [block[y : y + 24, x : x + 24] for y in range(5) for x in range(5)]
        small = [w.reshape(8, 3, 8, 3).mean(axis=(1, 3)).ravel() for w in windows]
        likeness = max(np.corrcoef(s, sources[source].ravel())[0, 1] for s in small)
        assert likeness > 0.97


def test_splits_share_no_digit_and_prefixes_agree() -> None:
    train, test = (made("blockdigits", count=700, split=split) for split in ("train", "test"))
    assert set(train.columns["source"].tolist()).isdisjoint(test.columns["source"].tolist())
    np.testing.assert_array_equal(made("blockdigits", count=501).images, train.images[:501])
