"""Profiles: zeros to the last one, multiply-accumulates by hand, sizes of the files that are written."""

import json
import struct
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import nn

from models import cards, catalogue, sparse_files
from models.counting import profile
from models.facts import facts
from models.preprocessing import Preprocessing
from models.profiles import Profile
from models.quantised import int8

SMALL = Preprocessing((8, 8), None, "bilinear", (0, 0, 0), (1, 1, 1))


def wrapped(module: nn.Module):
    return catalogue.wrap(module.eval().requires_grad_(False), preprocessing=SMALL)


def small() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 4, 3, groups=1), nn.BatchNorm2d(4), nn.ReLU(), nn.Conv2d(4, 6, 3, 2, groups=2),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(6, 5),
    )  # fmt: skip


def test_a_network_counted_by_hand():
    network = small()
    with torch.no_grad():
        network[0].weight[:2] = 0  # 54 of 108
        network[6].weight[0, :3] = torch.tensor([0.0, -0.0, 1e-45])  # two are zero, the third is not
        network[6].bias.zero_()
    found = profile(wrapped(network))
    assert [(x.name, x.kind, x.shape) for x in found.layers] == [
        ("0", "Conv2d", (4, 3, 3, 3)),
        ("3", "Conv2d", (6, 2, 3, 3)),
        ("6", "Linear", (5, 6)),
    ]
    assert [(x.weights, x.zeros) for x in found.layers] == [(108, 54), (108, 0), (30, 2)]
    assert [x.macs for x in found.layers] == [6 * 6 * 4 * 27, 2 * 2 * 6 * 18, 30]
    assert found.layers[0].density == 0.5
    assert (found.weights, found.zeros, found.sparsity) == (246, 56, 56 / 246)
    assert found.parameters == 246 + (4 + 6 + 5) + 8
    assert found.nonzeros == found.parameters - 56 - 5 - 4  # bias of the head, beta of the normalisation
    assert found.macs == sum(x.macs for x in found.layers)


@pytest.mark.parametrize("name", ["resnet20-cifar10", "shapes-cnn", "digits-cnn"])
def test_convolutions_and_linear_maps_are_all_there_is(name):
    classifier = catalogue.load(name)
    found, size = profile(classifier), facts(classifier)
    assert (sum(x.macs for x in found.layers), found.macs) == (size.macs, size.macs)
    assert (found.parameters, len(found.layers)) == (size.parameters, size.layers)


def test_layers_are_in_the_order_of_execution():
    class Backwards(nn.Module):
        def __init__(self):
            super().__init__()
            self.head, self.unused, self.conv = nn.Linear(4, 3), nn.Linear(9, 9), nn.Conv2d(3, 4, 3)

        def forward(self, x):
            return self.head(self.conv(self.conv(x)[:, :3]).mean((2, 3)))

    found = profile(wrapped(Backwards()))
    assert [(x.name, x.macs) for x in found.layers] == [
        ("conv", (36 + 16) * 4 * 27),  # used twice
        ("head", 12),
        ("unused", 0),
    ]


def test_the_last_map_of_attention_is_counted():
    class Attending(nn.Module):
        def __init__(self):
            super().__init__()
            self.attention, self.head = nn.MultiheadAttention(3, 1, batch_first=True), nn.Linear(3, 2)

        def forward(self, x):
            tokens = x.flatten(2).transpose(1, 2)  # 64 of 3
            return self.head(self.attention(tokens, tokens, tokens)[0].mean(1))

    found = profile(wrapped(Attending()))
    assert [(x.name, x.macs) for x in found.layers] == [("attention.out_proj", 64 * 9), ("head", 6)]
    products = 64 * 27 + 2 * 64 * 64 * 3  # queries, keys and values; then those with each other, twice
    assert found.macs == 64 * 9 + 6 + products


def test_the_network_is_left_as_it_came():
    classifier = wrapped(small())
    before = {k: v.clone() for k, v in classifier.module.state_dict().items()}
    profile(classifier)
    assert all(torch.equal(v, before[k]) for k, v in classifier.module.state_dict().items())
    assert not any(m._forward_hooks for m in classifier.module.modules())
    assert not any(p.requires_grad for p in classifier.module.parameters())


@pytest.mark.parametrize("density", [1.0, 0.99, 0.5, 0.1])
def test_sizes_are_those_of_the_files(tmp_path: Path, density: float):
    network = small()
    with torch.no_grad():
        weight = network[3].weight
        weight[torch.rand(weight.shape) > density] = 0
        weight.view(-1)[0] = -0.0  # a value like any other in a file
    found = profile(wrapped(network))
    for pack, size in ((False, found.size_dense), (True, found.size_sparse)):
        path = tmp_path / "a.safetensors"
        sparse_files.save(network.state_dict(), path, pack=pack)
        header = struct.unpack("<Q", path.read_bytes()[:8])[0]
        assert path.stat().st_size - 8 - header == size


def test_whole_number_weights_count_as_weights():
    network = small()
    as_floats = profile(wrapped(network))
    quantised = small()
    quantised[6] = int8(quantised[6])
    with torch.no_grad():
        quantised[6].codes[0, 0] = 0
    found = profile(wrapped(quantised))
    assert [x.kind for x in found.layers] == ["Conv2d", "Conv2d", "Int8Layer"]
    assert (found.weights, found.parameters, found.macs) == (as_floats.weights, as_floats.parameters, as_floats.macs)
    assert found.layers[2].zeros == int((quantised[6].codes == 0).sum())
    assert found.size_dense < as_floats.size_dense
    size = facts(wrapped(quantised))
    assert (size.parameters, size.layers, size.macs) == (found.parameters, 3, found.macs)


def test_public_squeezenet_is_pruned_already(shared):
    file = shared / "squeezenet1_0_deepcompression_torchvision.pth"
    found = profile(catalogue.from_file(file, "torchvision/squeezenet1_0"))
    assert 1 - found.sparsity == pytest.approx(0.334, abs=0.0005)
    assert found.macs / 1e9 == pytest.approx(0.819, abs=0.001), "as torchvision says of the architecture"
    assert found.size_sparse < 0.4 * found.size_dense


def test_a_profile_goes_through_json():
    found = profile(wrapped(small()))
    assert Profile.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize("name", cards.cards(catalogue.ASSETS / "models"))
def test_the_cards_of_bundled_models_tell_what_loads(name):
    card, classifier = catalogue.card(name), catalogue.load(name)
    assert card is not None
    assert card.model_id == classifier.fingerprint
    assert card.profile is not None
    assert Profile.from_json(card.profile) == profile(classifier, card.structure)


def test_weights_with_few_values_are_as_small_as_their_file(tmp_path):
    network = small()
    with torch.no_grad():
        network[3].weight.copy_(torch.where(network[3].weight > 0, 0.5, -0.5))
    structure = {"codebooks": {"3.weight": {"bits": 1, "groups": [0] * 6}}}
    found = profile(wrapped(network), structure)
    own = catalogue.card("digits-cnn")
    assert own is not None
    cards.store(replace(own, name="few", structure=structure), network.state_dict(), tmp_path)
    file = (tmp_path / "few.safetensors").read_bytes()
    assert len(file) - 8 - struct.unpack("<Q", file[:8])[0] == found.size_sparse
    assert found.size_sparse == profile(wrapped(network)).size_sparse - 4 * 108 + 108 // 8 + 1 + 2 * 4
