"""Small networks and images for the tests of methods that read the input, and what "left as it came" means."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.classifier import Classifier
from models.preprocessing import Preprocessing

LIMITS = torch.tensor([[-2.1, -2.0, -1.8], [2.2, 2.4, 2.6]])  # black and white after normalisation
CLASSES = 4


class Fragile(nn.Module):
    """A layer that can be told to fail, in the forward or in the backward pass."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = ""

    def forward(self, x: Tensor) -> Tensor:
        if self.fails == "forward":
            raise RuntimeError("told to fail")
        if self.fails == "backward" and x.requires_grad:
            x.register_hook(_fail)
        return x


def _fail(gradient: Tensor) -> Tensor:
    raise RuntimeError("told to fail")


def small_network(*, inplace: bool = False) -> nn.Sequential:
    """Modules only, each used once: every method of captum can serve it."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 6, 3, padding=1),
        nn.BatchNorm2d(6),
        nn.ReLU(inplace=inplace),
        nn.MaxPool2d(2),
        Fragile(),
        nn.Conv2d(6, 8, 3, padding=1),
        nn.ReLU(inplace=inplace),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(32, CLASSES),
    ).eval()


class Functional(nn.Module):
    """Calls its ReLU as a function, where no hook sees it."""

    def __init__(self) -> None:
        super().__init__()
        self.last = nn.Linear(3, CLASSES)

    def forward(self, images: Tensor) -> Tensor:
        return self.last(images.relu().mean((2, 3)))


def some_images(count: int = 2, rows: int = 16, columns: int = 12) -> Tensor:
    return torch.randn(count, 3, rows, columns, generator=torch.Generator().manual_seed(1))


def one_hot(*classes: int) -> Tensor:
    return torch.eye(CLASSES)[list(classes)]


def classifier_of(module: nn.Module, size: tuple[int, int] = (32, 32), **given: Any) -> Classifier:
    names = tuple(map(str, range(CLASSES)))
    known = {"taps": {}, "default_tap": None, "head": None, "fingerprint": "0" * 64} | given
    return Classifier("specimen", "specimen", module.eval(), Preprocessing(size, None), names, **known)


def state_of(network: nn.Module) -> list[Any]:
    """All that a method might change: attributes, hooks, flags, gradients, values."""
    modules = [
        (sorted(vars(m)), {k: list(v) for k, v in vars(m).items() if "hooks" in k and isinstance(v, dict)}, m.training)
        for m in network.modules()
    ]
    tensors = [(k, v.requires_grad, v.grad is None) for k, v in network.named_parameters()]
    values = {k: v.clone() for k, v in network.state_dict().items()}
    return [modules, tensors, values]


def assert_same_state(network: nn.Module, before: list[Any]) -> None:
    modules, tensors, values = state_of(network)
    assert modules == before[0]
    assert tensors == before[1]
    assert all(torch.equal(values[k], before[2][k]) for k in before[2])


def assert_survives_failure(network: nn.Module, run: Callable[[], Any], way: str) -> None:
    """A failure half-way leaves no trace, and afterwards the method works."""
    fragile = next(m for m in network.modules() if isinstance(m, Fragile))
    before = state_of(network)
    fragile.fails = way
    with pytest.raises(RuntimeError, match="told to fail"):
        run()
    fragile.fails = ""
    assert_same_state(network, before)
    run()
