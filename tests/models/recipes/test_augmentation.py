"""Augmentations move pixels and make none."""

import pytest
import torch

from models.recipes.augmentation import AUGMENTATIONS, mirror, shift, turn


@pytest.fixture
def batch() -> torch.Tensor:
    return torch.arange(1, 1 + 200 * 2 * 6 * 6).float().reshape(200, 2, 6, 6)


@pytest.mark.parametrize("name", AUGMENTATIONS)
def test_seeded_and_of_the_same_shape(batch: torch.Tensor, name: str) -> None:
    before = batch.clone()
    one, again, other = (AUGMENTATIONS[name](batch, torch.Generator().manual_seed(s)) for s in (0, 0, 1))
    assert torch.equal(one, again)
    assert not torch.equal(one, other)
    assert one.shape == batch.shape
    assert torch.equal(batch, before)


def test_about_half_are_mirrored(batch: torch.Tensor) -> None:
    flipped = [torch.equal(a, b.flip(-1)) for a, b in zip(mirror(batch, torch.Generator()), batch, strict=True)]
    kept = [torch.equal(a, b) for a, b in zip(mirror(batch, torch.Generator()), batch, strict=True)]
    assert all(a != b for a, b in zip(flipped, kept, strict=True))
    assert 70 < sum(flipped) < 130


def test_all_four_turns_occur(batch: torch.Tensor) -> None:
    turned = turn(batch, torch.Generator().manual_seed(0))
    quarters = [
        [torch.equal(t, b.rot90(q, (1, 2))) for q in range(4)].index(True) for t, b in zip(turned, batch, strict=True)
    ]
    assert all(30 < quarters.count(q) < 70 for q in range(4))


def test_shift_moves_by_at_most_so_much_and_fills_with_zeros() -> None:
    point = torch.zeros(300, 1, 11, 11)
    point[:, :, 5, 5] = 1
    places = shift(point, torch.Generator().manual_seed(0), most=2)[:, 0].nonzero()[:, 1:]
    assert len(places) == 300
    assert {tuple(p) for p in places.tolist()} == {(y, x) for y in range(3, 8) for x in range(3, 8)}
    assert (shift(torch.ones(50, 1, 6, 6), torch.Generator().manual_seed(0))[:, 0].sum((1, 2)) < 36).any()
