import torch
from captum.attr import KernelShap
from torch import Tensor, nn

from analysis.attribution.methods.kernelshap import kernelshap
from analysis.attribution.superpixels import superpixels
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images(1)
    parts = superpixels(images[0], LIMITS, 6)
    torch.manual_seed(5)
    tool = KernelShap(network)
    expected = tool.attribute(images, target=2, feature_mask=parts[None, None], n_samples=50, perturbations_per_eval=16)
    found, _ = kernelshap(network, images, one_hot(2), LIMITS, regions=6, samples=50, seed=5)
    torch.testing.assert_close(found, expected[:, 0], rtol=1e-4, atol=1e-6)


class Additive(nn.Module):
    """The sum over the image, so that a region's Shapley value is its own sum."""

    def forward(self, images: Tensor) -> Tensor:
        return images.sum((1, 2, 3))[:, None].expand(-1, 4)


def test_an_additive_score_gives_each_region_its_own_part_and_adds_up() -> None:
    images = some_images(2)
    maps, remarks = kernelshap(Additive(), images, one_hot(0, 1), LIMITS, regions=6, samples=100)
    for image, found in zip(images, maps, strict=True):
        parts = superpixels(image, LIMITS, 6)
        own = torch.zeros(int(parts.max()) + 1).index_add_(0, parts.flatten(), image.sum(0).flatten())
        torch.testing.assert_close(found, own[parts], rtol=1e-3, atol=1e-3)
    assert all("by 0.0%" in r and "regions; baseline: mean colour" in r for r in remarks)


def test_one_region_takes_the_whole_difference(monkeypatch) -> None:
    monkeypatch.setattr(
        "analysis.attribution.methods.kernelshap.superpixels", lambda image, *_: image[0].long().zero_()
    )
    images = some_images(1)
    maps, _ = kernelshap(Additive(), images, one_hot(0), LIMITS, regions=4)
    torch.testing.assert_close(maps, images.sum().expand(1, 16, 12))
