import torch
from captum.attr import Saliency

from analysis.attribution.methods.saliency import saliency
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images()
    expected = Saliency(network).attribute(images.requires_grad_(), target=2).amax(1)
    found = saliency(network, images.detach(), one_hot(2, 2), LIMITS)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_a_linear_network_has_the_size_of_its_weights() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4)).eval()
    found = saliency(network, some_images(1, 2, 2), one_hot(3), LIMITS)
    torch.testing.assert_close(found[0], network[1].weight[3].view(3, 2, 2).abs().amax(0))


def test_a_rather_than_b_is_the_gradient_of_the_difference() -> None:
    network, images = small_network(), some_images().requires_grad_()
    logits = network(images)
    (gradient,) = torch.autograd.grad((logits[:, 1] - logits[:, 3]).sum(), images)
    found = saliency(network, images.detach(), one_hot(1, 1) - one_hot(3, 3), LIMITS)
    torch.testing.assert_close(found, gradient.abs().amax(1))
