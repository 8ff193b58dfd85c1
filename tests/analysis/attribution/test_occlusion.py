import pytest
import torch
from captum.attr import Occlusion
from torch import Tensor

from analysis.attribution import masking
from analysis.attribution.methods.occlusion import corners, occlusion
from analysis.attribution.scoring import Scorer
from tests.analysis.attribution.specimens import one_hot, small_network, some_images

NOTHING = torch.empty(0)


@pytest.mark.parametrize(("patch", "stride"), [(4, 2), (5, 3), (3, 3), (1, 1)])
def test_equals_captum_with_the_same_windows(patch: int, stride: int) -> None:
    network, images = small_network(), some_images(2, 16, 12)
    tool = Occlusion(network)
    with torch.no_grad():
        expected = tool.attribute(images, (3, patch, patch), strides=(3, stride, stride), target=2)[:, 0]
    found = occlusion(Scorer(network, images, one_hot(2, 2)), images, NOTHING, patch=patch / 12, stride=stride / 12)
    torch.testing.assert_close(found, expected, rtol=1e-4, atol=1e-6)


class Sum:
    """The sum over an image, all channels."""

    def __init__(self) -> None:
        self.asked, self.expected = 0, 0

    def expect(self, count: int) -> None:
        self.expected = count

    def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
        self.asked += len(images)
        return images.sum((1, 2, 3))


def test_by_hand() -> None:
    # 4 x 4 pixels, patches of 2 x 2 side by side: the drop is the patch's sum over all channels.
    images = torch.zeros(1, 3, 4, 4)
    images[0, :, 0, 1] = torch.tensor([1.0, 2.0, 3.0])
    images[0, 0, 3, 3] = -1.0
    score = Sum()
    found = occlusion(score, images, NOTHING, patch=0.5, stride=0.5)[0]
    assert found.tolist() == [[6, 6, 0, 0], [6, 6, 0, 0], [0, 0, -1, -1], [0, 0, -1, -1]]
    assert score.asked == score.expected == 5


def test_a_pixel_shows_the_mean_over_its_patches() -> None:
    images = torch.zeros(1, 1, 3, 3)
    images[0, 0, 0, 0] = 1.0
    found = occlusion(Sum(), images, NOTHING, patch=0.67, stride=0.34)[0]
    assert found.tolist() == [[1, 0.5, 0], [0.5, 0.25, 0], [0, 0, 0]]


@pytest.mark.parametrize("side", [32, 224])
def test_the_defaults_cover_an_image_of_any_size_with_as_many_patches(side: int) -> None:
    patch, stride = round(0.125 * side), round(0.0625 * side)
    assert len(corners(torch.Size((side, side)), patch, stride)) == 225


def test_a_stride_wider_than_the_patch_leaves_nothing_uncovered() -> None:
    assert occlusion(Sum(), some_images(1), NOTHING, patch=0.1, stride=0.9).isfinite().all()


def test_chunks_and_other_images_do_not_matter(monkeypatch: pytest.MonkeyPatch) -> None:
    images, weights = some_images(2), one_hot(1, 2)
    together = occlusion(Scorer(small_network(), images, weights), images, NOTHING)
    monkeypatch.setattr(masking, "_ELEMENTS", 7 * images[:1].numel())
    alone = torch.cat(
        [occlusion(Scorer(small_network(), images[[n]], weights[[n]]), images[[n]], NOTHING) for n in (0, 1)]
    )
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)
