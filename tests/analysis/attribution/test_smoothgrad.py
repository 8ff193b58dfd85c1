import torch
from captum.attr import NoiseTunnel, Saliency

from analysis.attribution.methods.saliency import saliency
from analysis.attribution.methods.smoothgrad import smoothgrad
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images(1)
    spread = 0.2 * float(images.max() - images.min())
    torch.manual_seed(5)
    tunnel = NoiseTunnel(Saliency(network))
    expected = tunnel.attribute(images, nt_samples=6, stdevs=spread, target=2, abs=False).abs().amax(1)
    found = smoothgrad(network, images, one_hot(2), LIMITS, samples=6, noise=0.2, seed=5)
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


def test_without_noise_it_is_saliency() -> None:
    network, images, weights = small_network(), some_images(), one_hot(2, 1)
    found = smoothgrad(network, images, weights, LIMITS, samples=11, noise=0.0)
    torch.testing.assert_close(found, saliency(network, images, weights, LIMITS), rtol=1e-5, atol=1e-7)
