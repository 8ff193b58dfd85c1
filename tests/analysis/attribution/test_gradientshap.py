import numpy as np
import torch
from captum.attr import GradientShap

from analysis.attribution.baselines import baseline_like
from analysis.attribution.methods.gradientshap import AT_ONCE, gradientshap
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images(1)
    plain = torch.cat([baseline_like(images, LIMITS, kind) for kind in ("black", "white", "mean")])
    spread = 0.1 * float(images.max() - images.min())
    torch.manual_seed(5)
    np.random.seed(5)  # noqa: NPY002  what captum draws from
    expected = GradientShap(network).attribute(images, plain, n_samples=AT_ONCE, stdevs=spread, target=2).sum(1)
    found, _ = gradientshap(network, images, one_hot(2), LIMITS, samples=AT_ONCE, noise=0.1, seed=5)
    torch.testing.assert_close(found, expected.detach(), rtol=1e-5, atol=1e-6)


def test_many_samples_add_up_to_the_difference_from_the_mean_baseline() -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    maps, remarks = gradientshap(network, images, weights, LIMITS, samples=500, noise=0.0)
    plain = [network(baseline_like(images, LIMITS, kind)) for kind in ("black", "white", "mean")]
    difference = ((network(images) - torch.stack(plain).mean(0)) * weights).sum(1).detach()
    torch.testing.assert_close(maps.sum((1, 2)), difference, rtol=0.15, atol=0.02)
    assert all(r.endswith("baselines: black, white, mean colour") for r in remarks)


def test_a_linear_network_needs_no_more_than_the_mean_baseline() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4)).eval()
    images = some_images(1, 2, 2)
    found, _ = gradientshap(network, images, one_hot(3), LIMITS, samples=500, noise=0.0)
    middle = (LIMITS.sum(0) / 3).view(1, 3, 1, 1)
    expected = ((images - middle) * network[1].weight[3].view(1, 3, 2, 2)).sum(1)
    torch.testing.assert_close(found, expected.detach(), rtol=0.1, atol=0.15)
