import torch

from analysis.attribution.superpixels import squares, superpixels
from tests.analysis.attribution.specimens import LIMITS


def test_regions_follow_the_colours_and_are_numbered_from_zero() -> None:
    image = LIMITS[0].view(3, 1, 1).repeat(1, 40, 30)
    image[:, :, 15:] = LIMITS[1].view(3, 1, 1)
    labels = superpixels(image, LIMITS, 12)
    assert labels.shape == (40, 30)
    assert labels.dtype == torch.int64
    assert labels.unique().tolist() == list(range(int(labels.max()) + 1))
    assert not set(labels[:, :15].flatten().tolist()) & set(labels[:, 15:].flatten().tolist())


def test_noise_is_cut_into_squares_instead_of_one_region() -> None:
    image = 3 * torch.randn(3, 60, 40, generator=torch.Generator().manual_seed(0))
    assert torch.equal(superpixels(image, LIMITS, 24), squares(60, 40, 24))


def test_squares_cover_an_image_that_is_not_square() -> None:
    labels = squares(60, 40, 24)
    assert labels.unique(return_counts=True)[1].tolist() == [100] * 24
    assert squares(2, 3, 100).unique().tolist() == list(range(6))


def test_one_channel_works() -> None:
    assert superpixels(torch.zeros(1, 20, 20), torch.tensor([[-1.0], [1.0]]), 9).max() == 8
