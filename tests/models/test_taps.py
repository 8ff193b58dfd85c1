"""Taps, default tap and head on networks small enough to know by heart; and that no trace is left."""

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models.architectures.registry import build
from models.classifier import Tap
from models.errors import NotAClassifier, WrongInputSize
from models.preprocessing import Preprocessing
from models.stages import stages
from models.taps import from_nchw, to_nchw, trace

SMALL = Preprocessing((24, 16), 24)


class Small(nn.Module):
    """Two convolutions, an in-place activation, a mean over space, a linear head."""

    def __init__(self, channels: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 4, 3, stride=2, padding=1)
        self.conv2 = nn.Conv2d(4, channels, 3, stride=2, padding=1)
        self.relu = nn.ReLU(inplace=True)
        self.drop = nn.Dropout(0.5)
        self.fc = nn.Linear(channels, 5)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.conv1(x))
        x = self.relu(self.conv2(x))
        return self.fc(self.drop(x).mean(dim=(2, 3)))


def test_a_small_network_is_read_in_order():
    found = trace(Small(), SMALL)
    assert list(found.taps) == ["conv1", "conv2", "relu", "drop", "fc"]
    assert found.taps["conv1"] == Tap("conv1", "nchw", 4, (12, 8), 0, (2.0, 2.0))
    assert found.taps["relu"].grid == (6, 4)  # called twice: its last call
    assert found.taps["fc"] == Tap("fc", "vector", 5, (1, 1), 0, (24.0, 16.0))
    assert found.default_tap == "relu"
    assert found.num_classes == 5


def test_the_head_is_found_with_its_pooled_tap():
    network = Small()
    head = trace(network, SMALL).head
    assert head is not None
    assert (head.name, head.pooled_tap) == ("fc", "relu")
    assert torch.equal(head.weight, network.fc.weight)
    assert not head.weight.requires_grad


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("mode", [torch.inference_mode, torch.no_grad, torch.enable_grad])
def test_any_caller_and_frozen_parameters(frozen, mode):
    network = Small().requires_grad_(not frozen)
    with mode():
        found = trace(network, SMALL)
    assert found.default_tap == "relu"
    assert found.head is not None


def test_a_network_made_in_inference_mode():
    with torch.inference_mode():
        network = Small()
        assert trace(network, SMALL).default_tap == "relu"


def left_as_it_came(network: nn.Module, use) -> bool:
    network.train()
    network.conv1.eval()
    network.conv2.weight.grad = torch.ones_like(network.conv2.weight)
    flags = [m.training for m in network.modules()]
    weights = {k: v.clone() for k, v in network.state_dict().items()}
    generator = torch.get_rng_state()
    use()
    return (
        flags == [m.training for m in network.modules()]
        and all(torch.equal(weights[k], v) for k, v in network.state_dict().items())
        and all(not m._forward_hooks for m in network.modules())
        and [n for n, p in network.named_parameters() if p.grad is not None] == ["conv2.weight"]
        and bool((network.conv2.weight.grad == 1).all())
        and torch.equal(generator, torch.get_rng_state())
    )


def test_no_trace_is_left():
    network = Small()
    assert left_as_it_came(network, lambda: trace(network, SMALL))


def test_no_trace_is_left_after_an_exception():
    network = Small()
    network.fc = nn.Linear(9, 5)

    def use():
        with pytest.raises(WrongInputSize, match="3 x 24 x 16"):
            trace(network, SMALL)

    assert left_as_it_came(network, use)


def test_what_gives_no_logits_is_refused():
    with pytest.raises(NotAClassifier, match=r"\(2, 4, 22, 14\)"):
        trace(nn.Conv2d(3, 4, 3), SMALL)


def test_a_map_as_wide_as_its_channels_is_read_by_its_neighbours():
    network = nn.Sequential(nn.Conv2d(3, 8, 3, 2, 1), nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8, 2))
    found = trace(network, Preprocessing((16, 16), 16))
    assert found.taps["1"].layout == "nchw"


class LastAxis(nn.Module):
    """Channels last, with as many channels as rows."""

    def __init__(self) -> None:
        super().__init__()
        self.embed = nn.Conv2d(3, 8, 2, 2)
        self.norm = nn.LayerNorm(8)
        self.mix = nn.Linear(8, 8)
        self.head = nn.Linear(8, 4)

    def forward(self, x: Tensor) -> Tensor:
        return self.head(self.mix(self.norm(self.embed(x).permute(0, 2, 3, 1))).mean((1, 2)))


def test_channels_last_with_as_many_channels_as_rows():
    taps = trace(LastAxis(), Preprocessing((16, 16), 16)).taps
    assert [(n, t.layout) for n, t in taps.items()][:3] == [("embed", "nchw"), ("norm", "nhwc"), ("mix", "nhwc")]


def test_a_convolution_as_head_is_no_default():
    network = build("squeezenet1_0", 7)
    found = trace(network, Preprocessing((64, 64), 64))
    assert found.head is None
    assert found.default_tap == "features"


def test_a_network_without_maps():
    network = nn.Sequential(nn.Flatten(), nn.Linear(3 * 24 * 16, 6), nn.ReLU(), nn.Linear(6, 3))
    found = trace(network, SMALL)
    assert found.default_tap is None
    assert found.head is not None
    assert found.head.pooled_tap is None


class Scaled(Small):
    def forward(self, x: Tensor) -> Tensor:
        return super().forward(x) * 2


def test_a_head_whose_output_is_changed_afterwards_is_none():
    assert trace(Scaled(), SMALL).head is None


class Cosine(nn.Linear):
    def forward(self, x: Tensor) -> Tensor:
        return F.linear(F.normalize(x), F.normalize(self.weight))


def test_a_head_that_is_not_linear_is_none():
    network = Small()
    network.fc = Cosine(8, 5)
    assert trace(network, SMALL).head is None


def test_places_after_the_last_attention_have_no_gradient_and_are_no_default():
    network = build("timm/vit_tiny_patch16_224", 5, image_size=(48, 32))
    found = trace(network, Preprocessing((48, 32), 48))
    assert found.default_tap == "blocks.11.norm1"
    assert found.taps["blocks.11"].spatial  # listed all the same


@pytest.mark.parametrize("tap", [
    Tap("a", "nchw", 5, (3, 4), 0, (1, 1)),
    Tap("a", "nhwc", 5, (3, 4), 0, (1, 1)),
    Tap("a", "tokens", 5, (3, 4), 2, (1, 1)),
    Tap("a", "vector", 5, (1, 1), 0, (1, 1)),
])  # fmt: skip
def test_layouts_go_back_and_forth(tap):
    shapes = {"nchw": (2, 5, 3, 4), "nhwc": (2, 3, 4, 5), "tokens": (2, 14, 5), "vector": (2, 5)}
    activation = torch.randn(shapes[tap.layout])
    maps = to_nchw(activation, tap)
    assert maps.shape == (2, 5, *tap.grid)
    assert torch.equal(from_nchw(maps, tap, activation), activation)


def test_tokens_are_read_row_by_row_after_the_prefix():
    tokens = torch.arange(1 + 6).view(1, 7, 1)
    maps = to_nchw(tokens, Tap("a", "tokens", 1, (2, 3), 1, (1, 1)))
    assert maps[0, 0].tolist() == [[1, 2, 3], [4, 5, 6]]


def test_stages_are_one_tap_a_resolution():
    found = trace(build("resnet20_cifar"), Preprocessing((32, 32), 32))
    assert [t.name for t in stages(found.taps, found.default_tap)] == ["layer1", "layer2", "layer3"]


def test_stages_of_one_resolution_are_spread_over_depth():
    found = trace(build("timm/vit_tiny_patch16_224", 5, image_size=(48, 32)), Preprocessing((48, 32), 48))
    names = [t.name for t in stages(found.taps, found.default_tap)]
    assert names == ["blocks.2", "blocks.5", "blocks.8", "blocks.11.norm1"]
