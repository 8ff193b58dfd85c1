import torch
import torchvision
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.attribution.nonlinearities import nonlinearities, observed
from tests.analysis.attribution.specimens import assert_survives_failure, classifier_of, small_network, some_images


class Mixed(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.act = nn.ReLU(inplace=True)
        self.scale = nn.Parameter(torch.ones(3, 1, 1))

    def forward(self, images: Tensor) -> Tensor:
        x = self.act(images.clone()) + self.act(-images)
        x = F.gelu(x) * self.scale + torch.sigmoid(x) * x + x.relu()
        return F.softmax(x.mean((2, 3)), dim=1)


def test_functions_are_told_with_the_module_that_called_them() -> None:
    seen = observed(Mixed(), some_images())
    expected = [("relu", "act")] * 2 + [("gelu", ""), ("sigmoid", ""), ("relu", ""), ("softmax", "")]
    assert sorted(seen.calls) == sorted(expected)
    assert seen.uses["act"] == 2
    assert seen.products == ("",)  # the parameter's product is none of activations


def test_a_resnet_uses_one_relu_twice() -> None:
    seen = nonlinearities(classifier_of(torchvision.models.resnet18(num_classes=4)))
    assert {f for f, _ in seen.calls} == {"relu", "max_pool2d"}
    assert seen.uses["layer1.0.relu"] == 2
    assert seen.uses["relu"] == 1
    assert not seen.products


def test_a_failure_leaves_no_trace() -> None:
    network = small_network()
    assert_survives_failure(network, lambda: observed(network, some_images()), "forward")
