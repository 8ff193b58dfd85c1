import math

import pytest
import torch
from torch import Tensor

from analysis.attribution import masking
from analysis.attribution.methods.rise import rise, smooth_masks
from analysis.attribution.scoring import Scorer
from tests.analysis.attribution.specimens import one_hot, small_network, some_images

NOTHING = torch.empty(0)


def direct(images: Tensor, weights: Tensor, masks: int, cells: int, visible: float, seed: int) -> Tensor:
    """Equation 6, mask by mask."""
    network, rows, columns = small_network(), *images.shape[2:]
    generator = torch.Generator().manual_seed(seed)
    grids = (torch.rand(masks, cells, cells, generator=generator) < visible).float()
    down, right = math.ceil(rows / cells), math.ceil(columns / cells)
    shifts = (torch.rand(masks, 2, generator=generator) * torch.tensor([down, right])).long().tolist()
    total = torch.zeros_like(images[:, 0])
    for grid, (y, x) in zip(grids, shifts, strict=True):
        size = ((cells + 1) * down, (cells + 1) * right)
        large = torch.nn.functional.interpolate(grid[None, None], size, mode="bilinear", align_corners=False)[0, 0]
        mask = large[y : y + rows, x : x + columns]
        total += (network(images * mask) * weights).sum(1)[:, None, None] * mask
    return total.detach() / (masks * visible)


def test_equals_the_equation() -> None:
    images, weights = some_images(2, 16, 12), one_hot(1, 2)
    found = rise(
        Scorer(small_network(), images, weights), images, NOTHING, masks=20, cells=5, visible=0.4, centred=False, seed=3
    )
    torch.testing.assert_close(found, direct(images, weights, 20, 5, 0.4, 3), rtol=1e-4, atol=1e-6)


def test_centred_equals_the_equation_for_scores_less_their_mean(monkeypatch: pytest.MonkeyPatch) -> None:
    images, weights = some_images(2, 16, 12), one_hot(1, 2)
    taken = []

    class Recorder(Scorer):
        def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
            taken.append(super().__call__(images, owners))
            return taken[-1]

    recorder = Recorder(small_network(), images, weights)
    plain = rise(recorder, images, NOTHING, masks=20, centred=False)
    mean = taken[0].view(2, 20).mean(1)
    ones = rise(Constant(), images, NOTHING, masks=20, centred=False)
    centred = rise(Scorer(small_network(), images, weights), images, NOTHING, masks=20)
    torch.testing.assert_close(centred, plain - mean[:, None, None] * ones, rtol=1e-4, atol=1e-6)


class Constant:
    def expect(self, count: int) -> None:
        pass

    def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
        return torch.ones(len(images))


def test_a_constant_score_gives_one_everywhere_and_nothing_when_centred() -> None:
    images = some_images(1, 32, 32)
    whole = rise(Constant(), images, NOTHING, masks=4000, centred=False)
    torch.testing.assert_close(whole, torch.ones_like(whole), rtol=0, atol=0.08)
    assert rise(Constant(), images, NOTHING, masks=50).abs().max() < 1e-5


class Place:
    """Reads one pixel."""

    def expect(self, count: int) -> None:
        self.expected = count

    def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
        return images[:, 0, 25, 6]


def test_the_place_that_the_score_reads_comes_out() -> None:
    images = torch.ones(1, 3, 32, 40)
    found = rise(Place(), images, NOTHING, masks=1000)[0]
    row, column = divmod(int(found.argmax()), 40)
    assert abs(row - 25) <= 3
    assert abs(column - 6) <= 3


def test_chunks_seeds_and_other_images_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    images, weights = some_images(2), one_hot(1, 2)
    together = rise(Scorer(small_network(), images, weights), images, NOTHING, masks=30)
    monkeypatch.setattr(masking, "_ELEMENTS", 7 * images[:1].numel())
    alone = torch.cat(
        [rise(Scorer(small_network(), images[[n]], weights[[n]]), images[[n]], NOTHING, masks=30) for n in (0, 1)]
    )
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
    other = rise(Scorer(small_network(), images, weights), images, NOTHING, masks=30, seed=1)
    assert not torch.equal(together, other)


def test_masks_are_smooth_and_of_the_image_s_size() -> None:
    masks = smooth_masks(torch.eye(7).repeat(2, 1, 1), torch.tensor([[0, 0], [4, 1]]), (33, 20))
    assert masks.shape == (2, 33, 20)
    assert masks.min() >= 0
    assert masks.max() <= 1
    torch.testing.assert_close(masks[0, 4:, 1:], masks[1, :-4, :-1])
