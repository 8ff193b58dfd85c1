"""Slimming and APoZ: what follows a layer is found, whatever the network's form; layers without it go last."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import NotApplicable
from analysis.pruning import PRUNERS
from analysis.pruning.followers import followers
from analysis.pruning.layers import prunable
from analysis.pruning.scoring import scores
from analysis.types import silent
from models import catalogue
from tests.analysis.pruning.specimens import INPUT, small, some_examples, wrapped

EXAMPLES = some_examples(12)


def asked(name: str, network: nn.Module) -> dict[str, Tensor]:
    layers = prunable(network)
    return scores(PRUNERS[name], {}, network, layers, wrapped(network), EXAMPLES, 0, 0.5, silent, granularity="channel")


def test_slimming_scores_by_gamma() -> None:
    network = small()
    found = asked("slimming", network)
    for conv, norm in (("conv1", network.bn1), ("conv3", network.bn3)):
        expected = norm.weight.detach().abs()
        assert torch.equal(found[conv], expected.reshape(-1, 1, 1, 1).expand(found[conv].shape))
        assert bool((norm.weight < 0).any())  # or the test would not see a missing abs


def test_apoz_scores_by_how_often_a_channel_is_above_zero() -> None:
    network = small()
    found = asked("apoz", network)
    images, _ = next(EXAMPLES.batches(12, INPUT))
    with torch.no_grad():
        alive = (F.relu(network.bn1(network.conv1(images))) > 0).float().mean((0, 2, 3))
    np.testing.assert_allclose(found["conv1"][:, 0, 0, 0], alive, atol=1e-6)


@pytest.mark.parametrize(("name", "with_it"), [("slimming", {"conv1", "conv3"}), ("apoz", {"conv1", "conv2", "fc1"})])
def test_layers_without_it_go_last_the_shortest_filters_first(name: str, with_it: set[str]) -> None:
    network = small()
    found = asked(name, network)
    most = max(float(found[layer].max()) for layer in with_it)
    for layer in set(found) - with_it:
        assert float(found[layer].min()) > most
        norms = prunable(network)[layer].weight.detach().flatten(1).norm(dim=1)  # type: ignore[union-attr]
        assert torch.equal(found[layer].flatten(1)[:, 0].argsort(), norms.argsort())


class Functional(nn.Module):
    """All in one forward: in-place calls, a residual sum, a chain through pooling."""

    def __init__(self) -> None:
        super().__init__()
        self.a, self.b, self.c, self.d = (nn.Conv2d(3, 3, 3, padding=1) for _ in range(4))
        self.norm_a, self.norm_b, self.norm_c = (nn.BatchNorm2d(3) for _ in range(3))
        self.head = nn.Linear(3, 4)

    def forward(self, x: Tensor) -> Tensor:
        a = F.relu_(self.norm_a(self.a(x)))
        b = self.norm_b(self.b(a))
        b += a
        b = F.relu(b, inplace=True)
        c = torch.relu(F.max_pool2d(F.dropout(self.norm_c(self.c(b)), training=self.training), 2))
        d = self.d(c).sigmoid_()
        return self.head(F.relu(d).mean((2, 3)))


def test_what_follows_is_read_from_the_calls() -> None:
    network = Functional().eval()
    found = followers(network, prunable(network), INPUT)
    assert set(found.scales) == {"a", "b", "c"}
    for name in "abc":
        assert found.scales[name].data_ptr() == getattr(network, f"norm_{name}").weight.data_ptr()
    assert found.rectified == {"a", "c"}  # after b comes a sum, after d a sigmoid


@pytest.mark.parametrize("name", ["resnet20-cifar10", "shapes-cnn", "digits-cnn"])
def test_in_bundled_networks_each_convolution_has_the_norm_of_its_own_width(name: str) -> None:
    network = catalogue.load(name).module
    layers = prunable(network)
    classifier = catalogue.load(name)
    found = followers(network, layers, classifier.preprocessing)
    convolutions = [n for n, m in layers.items() if isinstance(m, nn.Conv2d)]
    assert list(found.scales) == convolutions
    assert all(len(found.scales[n]) == len(layers[n].weight) for n in convolutions)  # type: ignore[arg-type]


def test_networks_without_them_are_refused_with_the_reason() -> None:
    torch.manual_seed(0)
    plain = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GELU(), nn.Flatten(), nn.Linear(144, 4)).eval()
    with pytest.raises(NotApplicable, match="No BatchNorm follows"):
        asked("slimming", plain)
    with pytest.raises(NotApplicable, match="No ReLU follows"):
        asked("apoz", plain)
