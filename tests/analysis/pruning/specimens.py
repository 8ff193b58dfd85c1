"""Networks and images small enough to write every formula out, and references that share no code with the product."""

from collections.abc import Mapping

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.pruning.examples import Examples
from analysis.pruning.layers import prunable
from models import catalogue
from models.classifier import Classifier
from models.preprocessing import Preprocessing

INPUT = Preprocessing(size=(8, 8), resize=8, mean=(0.4, 0.5, 0.6), std=(0.5, 0.4, 0.3))
CLASSES = 4


class Small(nn.Module):
    """BatchNorm, groups, stride, mirrored padding, dilation, functional and in-place ReLUs, dropout, linear maps."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.conv2 = nn.Conv2d(8, 12, 3, stride=2, padding=1, groups=2, padding_mode="reflect")
        self.relu2 = nn.ReLU(inplace=True)
        self.conv3 = nn.Conv2d(12, 8, (2, 1), dilation=(2, 1), bias=False)
        self.bn3 = nn.BatchNorm2d(8)
        self.drop = nn.Dropout(0.5)
        self.fc1 = nn.Linear(16, 10)
        self.fc2 = nn.Linear(10, CLASSES)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu(self.bn1(self.conv1(x)))
        x = F.max_pool2d(self.relu2(self.conv2(x)), (1, 2))
        x = self.bn3(self.conv3(x))
        x = F.relu(self.drop(self.fc1(F.adaptive_avg_pool2d(x, (2, 1)).flatten(1))))
        return self.fc2(x)


def small(seed: int = 0) -> Small:
    """With statistics and scales that are not those of a fresh BatchNorm."""
    torch.manual_seed(seed)
    network = Small()
    for norm in (network.bn1, network.bn3):
        nn.init.normal_(norm.weight, 0.6, 0.7)  # some below zero
        nn.init.normal_(norm.bias, 0, 0.3)
        nn.init.normal_(norm.running_mean, 0, 0.3)
        nn.init.uniform_(norm.running_var, 0.5, 2)
    return network.eval()


def wrapped(network: nn.Module) -> Classifier:
    return catalogue.wrap(network, name="small", preprocessing=INPUT, class_names=tuple("abcd"))


def some_examples(count: int = 10, seed: int = 0) -> Examples:
    rng = np.random.default_rng(seed)
    images = rng.integers(0, 256, (count, 8, 8, 3)).astype(np.uint8)
    return Examples(images, rng.integers(0, CLASSES, count))


def float64(network: nn.Module, examples: Examples) -> tuple[nn.Module, Tensor, Tensor]:
    """The network and what enters it in float64; labels."""
    images = torch.from_numpy(examples.images).double().permute(0, 3, 1, 2) / 255
    mean, std = (torch.tensor(v, dtype=torch.float64).view(1, 3, 1, 1) for v in (INPUT.mean, INPUT.std))
    double = small().double()
    double.load_state_dict(network.state_dict())
    return double.eval(), (images - mean) / std, torch.from_numpy(examples.labels)


def loss_gradients(network: nn.Module, images: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """Of the mean loss over these images, the way a training loop takes them."""
    network.requires_grad_(True)
    network.zero_grad()
    F.cross_entropy(network(images), labels).backward()
    return {name: layer.weight.grad.clone() for name, layer in prunable(network).items()}  # type: ignore[union-attr]


def state_of(network: nn.Module) -> dict[str, object]:
    """Everything that a measurement might leave behind."""
    return {
        "values": {key: value.clone() for key, value in network.state_dict().items()},
        "training": [m.training for m in network.modules()],
        "wanted": [(p.requires_grad, p.grad is None) for p in network.parameters()],
        "hooks": [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in network.modules()],
        "modules": [id(m) for m in network.modules()],
    }


def assert_same_state(before: Mapping[str, object], after: Mapping[str, object]) -> None:
    for key, value in before.items():
        if key == "values":
            assert isinstance(value, dict)
            found = after[key]
            assert isinstance(found, dict)
            assert all(torch.equal(value[name], found[name]) for name in value)
        else:
            assert value == after[key], key
