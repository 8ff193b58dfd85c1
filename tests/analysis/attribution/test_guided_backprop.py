import timm
import torch
import torchvision
from captum.attr import GuidedBackprop
from torch import Tensor, nn

from analysis.attribution import METHODS
from analysis.attribution.methods.guided_backprop import guided_backprop
from tests.analysis.attribution.specimens import LIMITS, Functional, classifier_of, one_hot, small_network, some_images

APPLIES = METHODS["guided_backprop"].applies


def test_equals_captum_called_directly(recwarn: object) -> None:
    network, images = small_network(), some_images()
    found = guided_backprop(network, images, one_hot(2, 2), LIMITS)
    assert not recwarn.list  # captum's own notice about hooks is held back
    expected = GuidedBackprop(network).attribute(images.requires_grad_(), target=2)
    torch.testing.assert_close(found, expected.abs().amax(1), rtol=0, atol=1e-7)
    recwarn.clear()


def test_negative_gradients_do_not_pass_a_relu() -> None:
    network = nn.Sequential(nn.Conv2d(1, 2, 1, bias=False), nn.ReLU(), nn.Flatten(), nn.Linear(2, 4, bias=False)).eval()
    with torch.no_grad():
        network[0].weight.copy_(torch.tensor([2.0, 3.0]).view(2, 1, 1, 1))
        network[3].weight.copy_(torch.tensor([[1.0, -1.0]] * 4))
    found = guided_backprop(network, torch.ones(1, 1, 1, 1), one_hot(0), LIMITS[:, :1])
    assert float(found) == 2.0  # plain gradient: 2 * 1 + 3 * -1 = -1


class Shortcut(nn.Module):
    """Two of what comes in, less its positive part."""

    def __init__(self) -> None:
        super().__init__()
        self.relu = nn.ReLU()

    def forward(self, x: Tensor) -> Tensor:
        return 2 * x - self.relu(x)


def test_a_shortcut_around_a_relu_is_not_held_back() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(1, 4, bias=False), Shortcut()).eval()
    with torch.no_grad():
        network[1].weight.fill_(-1.0)
    found = guided_backprop(network, -torch.ones(1, 1, 1, 1), -one_hot(0), LIMITS[:, :1])
    # To the shortcut -2, to the ReLU 1: together -1, which captum's hook would make 0; times the weight -1.
    assert float(found) == 1.0


def test_it_says_before_it_runs_which_networks_it_cannot_serve() -> None:
    assert APPLIES(classifier_of(small_network()), None) is None
    assert APPLIES(classifier_of(torchvision.models.resnet18(num_classes=4)), None) is None
    vit = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=4)
    assert "has none" in APPLIES(classifier_of(vit), None)
    functional = nn.Sequential(nn.ReLU(), Functional())
    assert APPLIES(classifier_of(functional), None) == "The guided rule acts on ReLU modules, and '1' calls relu."
    mixed = timm.create_model("mobilenetv3_small_050", num_classes=4)
    assert "hardswish" in APPLIES(classifier_of(mixed), None)
