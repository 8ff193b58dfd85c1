"""Networks that differ from their architecture: kept in a card, opened again, and refused where the card lies."""

import copy
import json

import pytest
import torch
from torch import nn

from models import cards, catalogue, low_rank, quantised, structures
from models.architectures.cifar_resnet import ChosenShortcut, PadShortcut
from models.architectures.registry import build
from models.cards import Card
from models.errors import CheckpointMismatch, CutawayError, UnreadableCheckpoint
from models.preprocessing import CIFAR, SHAPES

NAMES = tuple(f"class {i}" for i in range(10))


def plain(seed: int = 0) -> nn.Module:
    torch.manual_seed(seed)
    network = build("resnet20_cifar", 10).eval()
    for norm in network.modules():
        if isinstance(norm, nn.BatchNorm2d):  # fresh ones would hide what is not restored
            norm.running_mean.normal_()
            norm.running_var.uniform_(0.5, 2)
            norm.weight.data.uniform_(0.5, 2)
    return network


def narrowed() -> nn.Module:
    """Stage 1 keeps 10 of 16 channels, stage 2 all; block 2.0's shortcut says which is which."""
    network = plain()
    keep = torch.tensor([0, 2, 3, 5, 6, 8, 9, 11, 14, 15])
    stage = [network.conv1, *(b.conv2 for b in network.layer1)]
    norms = [network.bn1, *(b.bn2 for b in network.layer1)]
    readers = [*(b.conv1 for b in network.layer1), network.layer2[0].conv1]
    for conv in stage:
        conv.weight, conv.out_channels = nn.Parameter(conv.weight[keep]), 10
    for conv in readers:
        conv.weight, conv.in_channels = nn.Parameter(conv.weight[:, keep]), 10
    for norm in norms:
        norm.weight, norm.bias = nn.Parameter(norm.weight[keep]), nn.Parameter(norm.bias[keep])
        norm.running_mean, norm.running_var, norm.num_features = norm.running_mean[keep], norm.running_var[keep], 10
    sources = torch.full((32,), -1)
    sources[8 + keep] = torch.arange(10)
    network.layer2[0].downsample = ChosenShortcut(sources)
    return network


def of_low_rank() -> nn.Module:
    network = plain()
    network.layer3[1].conv1 = low_rank.low_rank(network.layer3[1].conv1, 7)
    network.fc = low_rank.low_rank(network.fc, 4)
    return network


def in_integers() -> nn.Module:
    network = plain()
    network.conv1 = quantised.int8(network.conv1, -2.0, 2.5)
    network.layer2[0].conv1 = quantised.int8(network.layer2[0].conv1, 0.0, 6.0)
    network.fc = quantised.int8(network.fc)
    return network


def all_at_once() -> nn.Module:
    network = narrowed()
    network.layer1[0].conv1 = low_rank.low_rank(network.layer1[0].conv1, 3)
    network.layer1[0].conv1[0] = quantised.int8(network.layer1[0].conv1[0], 0.0, 4.0)
    network.layer1[1].conv1 = quantised.int8(network.layer1[1].conv1, 0.0, 4.0)
    return network


def kept(network: nn.Module, folder, **extra) -> Card:
    """Stored as a variant is."""
    structure = structures.describe("resnet20_cifar", network, 10, CIFAR) | extra
    card = Card("small", "resnet20_cifar", NAMES, CIFAR, structure=structure)
    return cards.store(card, network.state_dict(), folder)


@pytest.mark.parametrize("make", [narrowed, of_low_rank, in_integers, all_at_once])
def test_opened_again_it_gives_the_same_logits_bit_for_bit(make, tmp_path):
    network = make().eval()
    kept(network, tmp_path)
    images = torch.randn(3, 3, 32, 32, generator=torch.Generator().manual_seed(1))
    found = catalogue.load("small", imported=tmp_path)
    with torch.inference_mode():
        assert torch.equal(found.module(images), network(images))
        assert torch.equal(copy.deepcopy(found.module)(images), network(images))
    wrapped = catalogue.wrap(network, architecture="resnet20_cifar", class_names=NAMES)
    assert found.fingerprint == wrapped.fingerprint
    assert found.default_tap == "layer3"


def test_an_architecture_as_it_is_has_no_structure():
    assert structures.describe("resnet20_cifar", plain(), 10, CIFAR) == {}


def test_a_structure_says_only_what_differs():
    assert structures.describe("resnet20_cifar", of_low_rank(), 10, CIFAR) == {
        "replaced": {"layer3.1.conv1": {"as": "low_rank", "rank": 7}, "fc": {"as": "low_rank", "rank": 4}}
    }
    found = structures.describe("resnet20_cifar", narrowed(), 10, CIFAR)
    assert found["replaced"] == {"layer2.0.downsample": {"as": "chosen_shortcut"}}
    assert found["modules"]["conv1"] == {"out_channels": 10}
    assert found["modules"]["layer2.0.conv1"] == {"in_channels": 10}
    assert found["tensors"]["layer1.0.bn2.running_var"] == [10]


def test_a_layer_that_no_card_describes_is_refused():
    network = plain()
    network.relu = nn.GELU()
    with pytest.raises(TypeError, match=r"'relu' is a GELU in place of a ReLU"):
        structures.describe("resnet20_cifar", network, 10, CIFAR)


def test_heads_of_a_transformer_come_back(tmp_path):
    network = build("vit_shapes", 12).eval()
    attention = network.blocks[0].attn
    attention.num_heads, attention.head_dim = 6, 16  # other heads over the same weights: another function
    images = torch.randn(2, 3, 64, 64)
    structure = structures.describe("vit_shapes", network, 12, SHAPES)
    assert structure == {"modules": {"blocks.0.attn": {"num_heads": 6, "head_dim": 16}}}
    again = structures.network("vit_shapes", structure, network.state_dict(), 12, SHAPES).eval()
    with torch.inference_mode():
        assert torch.equal(again(images), network(images))
        assert not torch.equal(build_from(network.state_dict())(images), network(images))


def build_from(state) -> nn.Module:
    network = build("vit_shapes", 12).eval()
    network.load_state_dict(state)
    return network


def test_a_chosen_shortcut_is_the_padded_one_where_no_channel_went():
    images = torch.randn(2, 16, 8, 8)
    sources = torch.cat([torch.full((8,), -1), torch.arange(16), torch.full((8,), -1)])
    assert torch.equal(ChosenShortcut(sources)(images), PadShortcut(16)(images))
    few = torch.tensor([-1, 3, 0])
    got = ChosenShortcut(few)(images)
    assert not got[:, 0].any()
    assert torch.equal(got[:, 1:], images[:, [3, 0], ::2, ::2])


@pytest.mark.parametrize(
    "structure",
    [
        {"replaced": {"fc": {"as": "exec"}}},
        {"replaced": {"fc": {"as": "low_rank", "rank": 10**9}}},
        {"replaced": {"fc": {"as": "low_rank"}}},
        {"replaced": {"relu": {"as": "int8"}}},
        {"replaced": {"nowhere.at.all": {"as": "int8"}}},
        {"modules": {"conv1": {"forward": 3}}},
        {"modules": {"conv1": {"out_channels": "3"}}},
        {"modules": {"conv1": {"out_channels": -3}}},
        {"modules": {"conv1": {"training": 1}}},
        {"modules": ["conv1"]},
        {"tensors": {"conv1.nothing": [3]}},
        {"tensors": {"conv1.weight": [10**6, 10**6]}},
        {"codebooks": {"fc.weight": {"bits": 4, "groups": [0] * 10}}},
    ],
)
def test_a_card_that_makes_no_sense_is_refused_before_it_takes_memory(structure):
    with pytest.raises((UnreadableCheckpoint, CheckpointMismatch)) as caught:
        structures.network("resnet20_cifar", structure, {**plain().state_dict()} | _without_fc(structure), 10, CIFAR)
    assert isinstance(caught.value, CutawayError)


def _without_fc(structure) -> dict:
    """Codes that are too few for the weight, where there is a table."""
    if "codebooks" not in structure:
        return {}
    return {"fc.weight": torch.zeros(0), "fc.weight.codes": torch.zeros(3, dtype=torch.uint8)}


def test_weights_that_do_not_fit_the_structure_are_refused(tmp_path):
    card = kept(narrowed(), tmp_path)
    path = tmp_path / "small.json"
    values = json.loads(path.read_text())
    values["structure"]["tensors"]["conv1.weight"] = [9, 3, 3, 3]
    path.write_text(json.dumps(values))
    with pytest.raises(CheckpointMismatch, match=r"'conv1.weight' has the size \[10, 3, 3, 3\] in the file"):
        catalogue.load(card.name, imported=tmp_path)
