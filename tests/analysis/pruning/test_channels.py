"""Removed channels: the network must answer as if they had been zero all along."""

import copy

import pytest
import torch
from torch import nn

from analysis.errors import NotApplicable
from analysis.pruning.channels import Channels, Group
from analysis.pruning.shortcuts import shortcuts
from models.architectures.cifar_resnet import ChosenShortcut, PadShortcut
from models.architectures.registry import build
from models.preprocessing import CIFAR, DIGITS, IMAGENET, MNIST, SHAPES, Preprocessing

SMALL = Preprocessing((64, 64), None, "bilinear", IMAGENET.mean, IMAGENET.std)
NETWORKS = [
    ("resnet20_cifar", CIFAR),
    ("resnet20_shapes", SHAPES),
    ("cnn_digits", DIGITS),
    ("lenet5_mnist", MNIST),
    ("torchvision/resnet18", SMALL),
    ("torchvision/squeezenet1_0", SMALL),
    ("torchvision/mobilenet_v3_small", SMALL),
    ("timm/resnext26ts", SMALL),
    ("vit_shapes", SHAPES),
]


def made(architecture: str) -> nn.Module:
    torch.manual_seed(0)
    network = build(architecture).eval()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):
            norm.running_mean.normal_(0, 0.1)
            norm.bias.data.normal_(0, 0.3)
            norm.weight.data.uniform_(0.5, 1.5)
    return network


def silenced(network: nn.Module, gone: dict[Group, list[int]]) -> None:
    """Whatever makes those channels makes zeros instead; shapes stay."""
    layers = dict(network.named_modules())
    for group, units in gone.items():
        channels = {c for u in units for c in group.units[u]}
        for member in group.members:
            if member.output:
                places = [p for p, c in zip(member.places, member.channels, strict=True) if c in channels]
                layer = layers[member.name]
                with torch.no_grad():
                    layer.weight[places] = 0
                    if layer.bias is not None:
                        layer.bias[places] = 0
        block = layers.get(group.name.removesuffix(".conv2"))
        if group.name.endswith(".conv2") and isinstance(getattr(block, "downsample", None), PadShortcut):
            block.downsample.register_forward_hook(_without(sorted(channels)))  # it makes them too


def _without(channels: list[int]):
    def hook(module: nn.Module, inputs: tuple, output: torch.Tensor) -> torch.Tensor:
        return output.index_fill(1, torch.tensor(channels), 0.0)

    return hook


@pytest.mark.parametrize(("architecture", "preprocessing"), NETWORKS)
def test_it_answers_as_if_the_channels_were_zero(architecture, preprocessing):
    network = made(architecture)
    narrow, dense = copy.deepcopy(network), copy.deepcopy(network)
    found = Channels(narrow, preprocessing)
    groups = [g for g in found.groups if not any(isinstance(m.layer, nn.LayerNorm) for m in g.members)]
    generator = torch.Generator().manual_seed(3)
    gone = {g: torch.randperm(len(g.units), generator=generator)[: len(g.units) // 3].tolist() for g in groups}
    silenced(dense, gone)
    found.remove(gone)
    images = torch.randn(2, preprocessing.channels, *preprocessing.size, generator=generator)
    with torch.inference_mode():
        expected = dense(images)
        torch.testing.assert_close(narrow(images), expected, rtol=1e-3, atol=1e-4 * float(expected.abs().max()))
        assert not torch.allclose(expected, network(images), rtol=1e-2)
    assert sum(p.numel() for p in narrow.parameters()) < 0.8 * sum(p.numel() for p in network.parameters())


def test_the_classes_stay_whatever_the_last_layer_is():
    for architecture, head in (("torchvision/squeezenet1_0", "classifier.1"), ("cnn_digits", "fc")):
        found = Channels(build(architecture), SMALL if "/" in architecture else DIGITS)
        assert not any(m.name == head and m.output for g in found.groups for m in g.members)
        assert any(m.name == head and not m.output for g in found.groups for m in g.members)


def test_a_padding_shortcut_couples_nothing_and_follows_both_sides():
    network = made("resnet20_cifar")
    found = Channels(network, CIFAR)
    by_name = {g.name: g for g in found.groups}
    assert [len(by_name[n].units) for n in ("conv1", "layer2.0.conv2", "layer3.0.conv2")] == [16, 32, 64]
    found.remove({by_name["conv1"]: [0, 5], by_name["layer2.0.conv2"]: [1, 9, 31]})
    shortcut = network.layer2[0].downsample
    assert isinstance(shortcut, ChosenShortcut)
    left = [c for c in range(32) if c not in (1, 9, 31)]  # of stage 2, whose channels 8-23 are copies of 0-15
    kept = [c for c in range(16) if c not in (0, 5)]
    assert shortcut.sources.tolist() == [kept.index(c - 8) if c - 8 in kept else -1 for c in left]
    again = Channels(network, CIFAR)  # a second time, from where the first has left it
    by_name = {g.name: g for g in again.groups}
    again.remove({by_name["conv1"]: [0]})
    places = [kept[1:].index(c - 8) if c - 8 in kept[1:] else -1 for c in left]
    assert network.layer2[0].downsample.sources.tolist() == places


def test_a_shortcut_whose_channels_all_stay_is_left_as_it_is():
    network = made("resnet20_cifar")
    found = Channels(network, CIFAR)
    found.remove({next(g for g in found.groups if g.name == "layer2.0.conv1"): [0, 1]})
    assert all(isinstance(s.own, PadShortcut) for s in shortcuts(network))


def test_heads_go_as_a_whole():
    network = build("vit_shapes").eval()
    found = Channels(network, SHAPES)
    group = next(g for g in found.groups if g.name == "blocks.1.attn.qkv")
    assert [len(u) for u in group.units] == [32, 32, 32]
    found.remove({group: [1]})
    attention = network.blocks[1].attn
    assert (attention.num_heads, attention.head_dim, attention.attn_dim) == (2, 32, 64)
    assert attention.qkv.weight.shape == (192, 96)
    assert network.blocks[0].attn.num_heads == 3


@pytest.mark.parametrize(
    ("architecture", "says"),
    [("torchvision/swin_t", "ShiftedWindowAttention, whose heads cannot be removed"), ("linear", "no channels")],
)
def test_networks_that_cannot_be_cut_are_told_so(architecture, says):
    network = nn.Sequential(nn.Flatten(), nn.Linear(192, 4)) if architecture == "linear" else build(architecture)
    size = Preprocessing((8, 8), None, "bilinear", (0.5,) * 3, (0.5,) * 3) if architecture == "linear" else IMAGENET
    with pytest.raises(NotApplicable, match=says):
        Channels(network, size, "mine")


def test_a_layer_is_never_emptied():
    found = Channels(build("cnn_digits"), DIGITS, "mine")
    group = found.groups[0]
    with pytest.raises(NotApplicable, match="nothing would be left of the layer"):
        found.remove({group: range(len(group.units))})
