"""Merged channels: duplicates first and for nothing, the distance by hand, and what is left alone."""

import copy

import pytest
import torch
from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.channels import Channels
from analysis.pruning.merging import merge, seams
from models import catalogue
from models.architectures.registry import build
from models.preprocessing import MNIST, Preprocessing
from tests.analysis.pruning.making import change, images, logits, reopened, wrapped

SIZE = Preprocessing((8, 8), None, "bilinear", (0.5,) * 3, (0.5,) * 3)


class Small(nn.Module):
    def __init__(self, activation: nn.Module) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 6, 3)
        self.norm = nn.BatchNorm2d(6)
        self.act = activation
        self.flat = nn.Flatten()
        self.hidden = nn.Linear(6 * 36, 8)
        self.relu = nn.ReLU()
        self.fc = nn.Linear(8, 4)
        self.norm.running_mean.normal_()
        self.norm.running_var.uniform_(0.5, 2)
        self.norm.weight.data.uniform_(0.5, 2)
        self.norm.bias.data.normal_()

    def forward(self, x):
        return self.fc(self.relu(self.hidden(self.flat(self.act(self.norm(self.conv(x)))))))


def doubled(network: Small, one: int = 1, other: int = 4) -> Small:
    """A channel that is another's twin once BatchNorm is folded in, though its weights are half of it."""
    with torch.no_grad():
        for values in (network.norm.weight, network.norm.bias, network.norm.running_var):
            values[other] = values[one]
        network.conv.weight[other], network.conv.bias[other] = network.conv.weight[one], network.conv.bias[one]
        network.norm.running_mean[other] = network.norm.running_mean[one]
        columns = network.hidden.weight.reshape(8, 6, 36)
        columns[:, other] = columns[:, one]
    return network.eval()


@pytest.mark.parametrize("activation", [nn.ReLU(), nn.GELU()])
def test_a_duplicate_is_merged_first_and_the_logits_stay(activation):
    network = doubled(Small(activation))
    given = torch.randn(5, 3, 8, 8)
    expected = logits(network, given)
    seam = next(s for s in seams(Channels(copy.deepcopy(network), SIZE).groups) if s.group.name == "conv")
    assert merge(seam, 0.0, 0.5) == [4]
    classifier = wrapped(network, "custom", preprocessing=SIZE)
    narrow, _ = change(classifier, "ifm", beta=0.0)
    assert (narrow.conv.out_channels, narrow.hidden.in_features, narrow.hidden.out_features) == (5, 180, 8)
    assert (logits(narrow, given) - expected).abs().max() < 1e-4
    one_more, _ = change(classifier, "ifm", beta=1.0, most=1 / 3)  # the duplicate, then the nearest two
    assert one_more.conv.out_channels == 4
    assert (logits(one_more, given) - expected).abs().max() > 1e-3


def test_the_nearest_two_by_hand():
    network = Small(nn.ReLU()).eval()
    scale = network.norm.weight.double() / (network.norm.running_var.double() + network.norm.eps).sqrt()
    rows = network.conv.weight.detach().double().flatten(1) * scale.detach()[:, None]
    shift = (network.conv.bias.double() - network.norm.running_mean.double()) * scale + network.norm.bias.double()
    columns = network.hidden.weight.detach().double().reshape(8, 6, 36).transpose(0, 1).flatten(1)
    parts = torch.cat([rows, shift.detach()[:, None], columns], dim=1)
    distances = torch.stack([(parts - p).square().sum(1) for p in parts])
    pairs = torch.triu(torch.ones_like(distances), diagonal=1).bool()
    smallest, largest = distances[pairs].min(), distances[pairs].max()
    one, other = next((i, j) for i in range(6) for j in range(i + 1, 6) if distances[i, j] == smallest)
    ratio = float(smallest / largest)

    def gone(beta: float) -> tuple[list[int], nn.Module]:
        own = copy.deepcopy(network)
        seam = next(s for s in seams(Channels(own, SIZE).groups) if s.group.name == "conv")
        return merge(seam, beta, 0.2), own  # one of six at most

    assert gone(ratio * 0.999)[0] == []
    numbers, merged = gone(ratio * 1.001)
    assert numbers == [other]
    folded = (
        merged.conv.weight.double()
        * (merged.norm.weight / (merged.norm.running_var + 1e-5).sqrt())[:, None, None, None]
    )
    torch.testing.assert_close(folded[one].flatten(), (rows[one] + rows[other]) / 2, atol=1e-6, rtol=1e-5)
    after = merged.hidden.weight.detach().double().reshape(8, 6, 36).transpose(0, 1).flatten(1)
    torch.testing.assert_close(after[one], columns[one] + columns[other], atol=1e-6, rtol=1e-5)
    assert not after[other].any()
    others = [n for n in range(6) if n not in (one, other)]
    assert torch.equal(merged.conv.weight[others], network.conv.weight[others])


def test_residual_streams_are_left_alone():
    base = catalogue.load("resnet20-cifar10")
    names = {s.group.name for s in seams(Channels(copy.deepcopy(base.module), base.preprocessing).groups)}
    assert names == {f"layer{stage}.{block}.conv1" for stage in (1, 2, 3) for block in (0, 1, 2)}
    narrow, _ = change(base, "ifm", beta=0.5, most=0.25)
    widths = [[block.conv1.out_channels for block in stage] for stage in (narrow.layer1, narrow.layer2, narrow.layer3)]
    assert all(12 <= w <= 16 for w in widths[0])
    assert narrow.conv1.out_channels == 16
    assert narrow.layer3[0].conv2.out_channels == 64


def test_a_larger_beta_merges_no_fewer_and_zero_leaves_a_trained_network_as_it_is():
    base = catalogue.load("digits-cnn")
    counts = []
    for beta in (0.0, 0.1, 0.2, 0.4):
        narrow, structure = change(base, "ifm", beta=beta)
        counts.append(sum(p.numel() for p in narrow.parameters()))
        if beta == 0:
            assert structure == {}
            assert torch.equal(logits(narrow, images(base)), logits(base.module, images(base)))
    assert counts == sorted(counts, reverse=True)
    assert counts[-1] < counts[0]


@pytest.mark.parametrize("name", ["resnet20-cifar10", "shapes-vit"])
def test_opened_again_it_gives_the_same_logits_bit_for_bit(name, tmp_path):
    base = catalogue.load(name)
    narrow, structure = change(base, "ifm", beta=0.5, most=0.3)
    assert structure["modules"]
    found = reopened(base, narrow, structure, tmp_path)
    assert torch.equal(logits(found.module, images(base)), logits(narrow, images(base)))


def test_a_map_flattened_before_a_linear_layer_is_followed():
    torch.manual_seed(0)
    network = build("lenet5_mnist").eval()
    with torch.no_grad():
        network.conv2.weight[3], network.conv2.bias[3] = network.conv2.weight[7], network.conv2.bias[7]
        columns = network.linear1.weight.reshape(200, 64, 49)
        columns[:, 3] = columns[:, 7]
    base = wrapped(network, "lenet5_mnist", preprocessing=MNIST)
    narrow, _ = change(base, "ifm", beta=0.0)
    assert narrow.conv2.out_channels == 63
    torch.testing.assert_close(logits(narrow, images(base)), logits(network, images(base)), atol=1e-5, rtol=1e-4)


def test_networks_without_such_layers_are_told_so():
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.GroupNorm(2, 4), nn.ReLU(), nn.Flatten(), nn.Linear(144, 2))
    base = wrapped(network, "custom", preprocessing=SIZE)
    with pytest.raises(NotApplicable, match="no layer whose channels can be merged"):
        change(base, "ifm")
