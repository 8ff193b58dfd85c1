"""Which nonlinear functions a network calls, and from which module: what backward rules must know beforehand."""

from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from models.classifier import Classifier

ACTIVATIONS = {
    *("relu", "relu6", "leaky_relu", "prelu", "rrelu", "elu", "selu", "celu", "gelu", "silu", "mish", "glu"),
    *("hardtanh", "hardswish", "hardsigmoid", "sigmoid", "tanh", "softplus", "softsign", "clamp", "clamp_min"),
}
_NORMS = {"layer_norm", "rms_norm", "group_norm", "instance_norm", "normalize", "local_response_norm"}
_ATTENTION = {"scaled_dot_product_attention", "multi_head_attention_forward", "softmax", "log_softmax"}
_POOLS = {"max_pool1d", "max_pool2d", "max_pool3d", "adaptive_max_pool2d", "max", "amax", "maximum"}
_OTHER = {"exp", "log", "abs", "pow", "square", "sqrt", "rsqrt", "norm", "sin", "cos", "erf"}
_PRODUCTS = {"mul", "matmul", "bmm", "einsum", "div", "true_divide"}
_NONLINEAR = ACTIVATIONS | _NORMS | _ATTENTION | _POOLS | _OTHER


@dataclass(frozen=True, slots=True, eq=False)
class Nonlinearities:
    """What one forward pass called."""

    calls: tuple[tuple[str, str], ...]  # function, name of the innermost module that called it
    uses: Counter[str]  # how often each module ran, by name
    products: tuple[str, ...]  # modules in which activations multiply activations

    def modules_of(self, function: str) -> list[str]:
        return [owner for name, owner in self.calls if name == function]


def place(owner: str) -> str:
    """A module's name for a message; the outermost has none."""
    return f"'{owner}'" if owner else "the network's own forward"


def nonlinearities(classifier: Classifier) -> Nonlinearities:
    """Run a classifier once on two images of the mean colour and note what is not linear on the way."""
    with classifier.exclusive() as network, torch.no_grad():
        some = next(network.parameters(), torch.empty(0))
        shape = (2, classifier.preprocessing.channels, *classifier.preprocessing.size)
        return observed(network, torch.zeros(shape, device=some.device, dtype=some.dtype))


def observed(network: nn.Module, images: Tensor) -> Nonlinearities:
    """The same for a bare network: images (N, C, H, W), N at least 2."""
    with _path(network) as (path, uses):
        observer = _Observer(len(images), path)
        with observer:
            network(images)
    return Nonlinearities(tuple(observer.calls), uses, tuple(observer.products))


@contextmanager
def _path(network: nn.Module) -> Iterator[tuple[list[str], Counter[str]]]:
    """Names of the modules that are running, outermost first, and how often each ran."""
    path: list[str] = []
    uses: Counter[str] = Counter()

    def entered(name: str) -> Any:
        def hook(*_: Any) -> None:
            path.append(name)
            uses[name] += 1

        return hook

    def left(*_: Any) -> None:
        path.pop()

    handles = []
    try:
        for name, module in network.named_modules():
            handles += [module.register_forward_pre_hook(entered(name)), module.register_forward_hook(left)]
        yield path, uses
    finally:
        for handle in handles:
            handle.remove()


class _Observer(TorchFunctionMode):
    def __init__(self, batch: int, path: list[str]) -> None:
        super().__init__()
        self.batch = batch
        self.path = path
        self.calls: list[tuple[str, str]] = []
        self.products: list[str] = []

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        name = getattr(func, "__name__", "").strip("_")
        owner = self.path[-1] if self.path else ""
        if name in _NONLINEAR:
            self.calls.append((name, owner))
        elif name in _PRODUCTS and sum(self._moves(a) for a in args) > 1:
            self.products.append(owner)
        return func(*args, **(kwargs or {}))

    def _moves(self, value: Any) -> bool:
        """Whether a value depends on the images: only then is there one for each."""
        return isinstance(value, Tensor) and value.ndim > 1 and len(value) == self.batch
