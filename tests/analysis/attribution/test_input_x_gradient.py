import torch
from captum.attr import InputXGradient

from analysis.attribution.methods.input_x_gradient import input_x_gradient
from tests.analysis.attribution.specimens import LIMITS, one_hot, small_network, some_images


def test_equals_captum_called_directly() -> None:
    network, images = small_network(), some_images()
    expected = InputXGradient(network).attribute(images.requires_grad_(), target=2).sum(1)
    found = input_x_gradient(network, images.detach(), one_hot(2, 2), LIMITS)
    torch.testing.assert_close(found, expected, rtol=0, atol=1e-7)


def test_shares_of_a_linear_network_add_up_to_its_score() -> None:
    network = torch.nn.Sequential(torch.nn.Flatten(), torch.nn.Linear(12, 4, bias=False)).eval()
    images = some_images(2, 2, 2)
    found = input_x_gradient(network, images, one_hot(3, 0), LIMITS)
    torch.testing.assert_close(found.sum((1, 2)), (network(images) * one_hot(3, 0)).sum(1))
