"""Which places of a network are measured without being named."""

import dataclasses

import pytest
import torch
from torch import nn

from analysis.pipelines.geometry_asking import all_taps, main_taps
from analysis.pipelines.geometry_taps import outline
from models import catalogue


def wrapped(module: nn.Module, size: int = 32):
    preprocessing = dataclasses.replace(catalogue.load("resnet20-cifar10").preprocessing, size=(size, size))
    names = tuple(map(str, range(10)))
    return catalogue.wrap(module.eval(), architecture="tiny", preprocessing=preprocessing, class_names=names)


def test_what_each_block_of_a_residual_network_gives_and_the_input_of_its_head():
    found = catalogue.load("resnet20-cifar10")
    assert main_taps(found) == (
        *("relu", "layer1.0", "layer1.1", "layer1.2", "layer2.0", "layer2.1", "layer2.2", "layer3.0", "layer3.1"),
        "penultimate",  # what layer3.2 gives, pooled
    )
    everything = all_taps(found)
    assert everything[-2:] == ("penultimate", "fc")
    assert len(everything) == len(found.taps) + 1


def test_what_each_block_of_a_transformer_gives():
    found = main_taps(catalogue.load("shapes-vit"))
    assert found[-5:] == ("blocks.0", "blocks.1", "blocks.2", "blocks.3", "penultimate")


def test_activations_where_there_are_no_blocks():
    assert main_taps(catalogue.load("digits-cnn")) == ("relu1", "relu2", "penultimate")


class Block(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1, self.bn1 = nn.Conv2d(3, 3, 1), nn.Sequential(nn.BatchNorm2d(3), nn.ReLU())

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.bn1(self.conv1(x))


@pytest.mark.parametrize("count", [5, 40])
def test_no_more_than_sixteen_of_many_blocks(count):
    head = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(3, 8), nn.ReLU(), nn.Linear(8, 10))
    network = nn.Sequential(nn.Conv2d(3, 3, 1), nn.Sequential(*(Block() for _ in range(count))), head)
    found = main_taps(wrapped(network))
    assert len(found) == min(count + 2, 16)
    assert found[0] == "0"
    assert found[-2:] == (f"1.{count - 1}", "penultimate")
    assert count > 5 or found[1:-1] == tuple(f"1.{i}" for i in range(count))
    order = all_taps(wrapped(network))
    assert list(found) == sorted(found, key=order.index)


def test_the_default_layer_is_last_where_the_head_is_not_linear():
    network = nn.Sequential(
        nn.Sequential(*(Block() for _ in range(3))), nn.Conv2d(3, 10, 1), nn.AdaptiveAvgPool2d(1), nn.Flatten()
    )
    found = wrapped(network)
    assert found.head is None
    taps = main_taps(found)
    assert "penultimate" not in taps
    assert taps[-1] == found.default_tap


def test_what_lies_inside_a_block_does_not_follow_what_stood_before_it():
    order = [name for name in all_taps(catalogue.load("resnet20-cifar10")) if name != "fc"]
    found = outline(order)
    assert found[:4] == ["conv1", "bn1", "relu", "layer1.0"]
    assert found[-5:] == ["layer3.1", "layer3.2", "layer3", "avgpool", "penultimate"]
    assert not [name for name in found if "downsample" in name]
    main = list(main_taps(catalogue.load("shapes-vit")))
    assert outline(main) == main
    assert outline(["relu1", "relu2", "penultimate"]) == ["relu1", "relu2", "penultimate"]
