import pytest
import timm
import torch
from captum.attr import DeepLift
from torch import Tensor, nn

from analysis.attribution import METHODS
from analysis.attribution.baselines import baseline_like
from analysis.attribution.methods.deeplift import deeplift
from tests.analysis.attribution.specimens import LIMITS, Functional, classifier_of, one_hot, small_network, some_images

APPLIES = METHODS["deeplift"].applies


class Copy(nn.Module):
    def forward(self, x: Tensor) -> Tensor:
        return x.clone()


@pytest.mark.filterwarnings("ignore:Setting forward, backward hooks")
@pytest.mark.parametrize("baseline", ["mean", "black", "blurred"])
def test_equals_captum_called_directly(baseline: str) -> None:
    network, images = small_network(), some_images()
    start = baseline_like(images, LIMITS, baseline)
    # A copy between ReLU and MaxPool2d, without which captum loses the second's rule (its issue 1104).
    apart = nn.Sequential(*network[:3], Copy(), *network[3:]).eval()
    expected = torch.cat(
        [DeepLift(apart).attribute(images[[n]].requires_grad_(), start[[n]], target=2) for n in range(2)]
    )
    found, _ = deeplift(network, images, one_hot(2, 2), LIMITS, baseline=baseline)
    torch.testing.assert_close(found, expected.detach().sum(1), rtol=0, atol=1e-6)


def test_the_map_adds_up_to_the_score_difference() -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    maps, remarks = deeplift(network, images, weights, LIMITS, baseline="white")
    start = baseline_like(images, LIMITS, "white")
    difference = ((network(images) - network(start)) * weights).sum(1)
    torch.testing.assert_close(maps.sum((1, 2)), difference.detach(), rtol=1e-4, atol=1e-5)
    assert all("by 0.0%" in r and r.endswith("baseline: white") for r in remarks)


def test_rescale_rule_by_hand() -> None:
    # score = relu(2a - b) from a = 3, b = 1 against 0, 0: the difference 5 is shared as 6 and -1.
    network = nn.Sequential(nn.Flatten(), nn.Linear(2, 1, bias=False), nn.ReLU(), nn.Linear(1, 4, bias=False)).eval()
    with torch.no_grad():
        network[1].weight.copy_(torch.tensor([[2.0, -1.0]]))
        network[3].weight.fill_(1.0)
    maps, _ = deeplift(network, torch.tensor([3.0, 1.0]).view(1, 1, 1, 2), one_hot(0), LIMITS[:, :1])
    assert maps.flatten().tolist() == [6.0, -1.0]


class Gated(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gate = nn.Sigmoid()
        self.flat = nn.Flatten()
        self.last = nn.Linear(3 * 32 * 32, 4)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(self.flat(images * self.gate(images)))


def test_it_says_before_it_runs_which_networks_it_cannot_serve() -> None:
    assert APPLIES(classifier_of(small_network()), None) is None
    assert APPLIES(classifier_of(timm.create_model("vgg11", num_classes=4), (64, 64)), None) is None
    overlapping = timm.create_model("resnet10t", num_classes=4)
    assert "windows that do not overlap; those of 'maxpool' do" in APPLIES(classifier_of(overlapping), None)
    act = nn.ReLU()
    reused = nn.Sequential(nn.Conv2d(3, 3, 1), act, nn.Conv2d(3, 3, 1), act, nn.Flatten(), nn.Linear(3072, 4))
    assert "'1' is used 2 times" in APPLIES(classifier_of(reused), None)
    vit = timm.create_model("vit_tiny_patch16_224", img_size=32, num_classes=4)
    assert "calls layer_norm" in APPLIES(classifier_of(vit), None)
    assert "the network's own forward calls relu without one" in APPLIES(classifier_of(Functional()), None)
    assert "multiply each other" in APPLIES(classifier_of(Gated()), None)
