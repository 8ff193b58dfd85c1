import math

import torch
from captum._utils.models.linear_model import SkLearnRidge
from captum.attr import Lime
from torch import Tensor, nn

from analysis.attribution.methods.lime import closeness, lime
from analysis.attribution.superpixels import superpixels
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images(1)
    parts = superpixels(images[0], LIMITS, 6)
    torch.manual_seed(5)
    tool = Lime(network, interpretable_model=SkLearnRidge(alpha=1.0), similarity_func=closeness)
    expected = tool.attribute(images, target=2, feature_mask=parts[None, None], n_samples=50, perturbations_per_eval=16)
    found, _ = lime(network, images, one_hot(2), LIMITS, regions=6, samples=50, seed=5)
    torch.testing.assert_close(found, expected[:, 0], rtol=1e-4, atol=1e-6)


def test_closeness_falls_from_one_as_regions_are_hidden() -> None:
    assert closeness(torch.empty(0), torch.empty(0), torch.ones(1, 4)) == 1
    distance = 1 - 1 / 2  # one of four regions visible: cosine 1 / sqrt(4)
    expected = math.exp(-(distance**2) / 0.25**2) ** 0.5
    assert math.isclose(closeness(torch.empty(0), torch.empty(0), torch.tensor([[1, 0, 0, 0]])), expected)


class Corner(nn.Module):
    """The mean of the upper left quarter."""

    def forward(self, images: Tensor) -> Tensor:
        quarter = images[:, :, : images.shape[2] // 2, : images.shape[3] // 2]
        return 100 * quarter.mean((1, 2, 3))[:, None].expand(-1, 4)


def test_only_regions_that_the_score_reads_count() -> None:
    image = torch.ones(1, 3, 16, 16)
    maps, (remark,) = lime(Corner(), image, one_hot(0), LIMITS, regions=16, samples=1000)
    assert maps[0, :8, :8].min() > 3
    assert maps[0, 9:, 9:].abs().max() < 1
    assert remark == "16 regions; baseline: mean colour"
