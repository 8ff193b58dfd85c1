"""What comes right after a convolution or linear map: its BatchNorm, its ReLU. Seen while the network runs.

The calls of a forward pass are followed rather than the modules, so that `F.relu(self.bn1(self.conv1(x)))` is read
like a Sequential. Dropout and max pooling between them are passed through; sums and concatenations are not: what
follows those belongs to several layers.
"""

from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode
from torch.utils.weak import WeakTensorKeyDictionary

from analysis.pruning.borrowing import borrowed
from analysis.pruning.layers import prunable
from models.classifier import Classifier
from models.preprocessing import Preprocessing

_MAPS = {"conv1d", "conv2d", "conv3d", "linear"}
_RELUS = {"relu", "relu6"}
_FOLLOWERS = _RELUS | {"hardtanh", "batch_norm", "dropout", "dropout2d", "max_pool1d", "max_pool2d", "max_pool3d"}

Saw = Callable[[str, Tensor], None]
"""(layer, output of the ReLU that follows it)."""


class Followers(TorchFunctionMode):
    """While it is entered, notes what follows each of these layers."""

    def __init__(self, layers: Mapping[str, nn.Module], saw_relu: Saw | None = None) -> None:
        super().__init__()
        self.scales: dict[str, Tensor] = {}  # layer -> gamma of its BatchNorm, (O,)
        self.rectified: set[str] = set()  # layers that a ReLU follows
        self._names = {id(module.weight): name for name, module in layers.items()}
        self._from = WeakTensorKeyDictionary()
        self._saw_relu = saw_relu

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = kwargs or {}
        name = getattr(func, "__name__", "").strip("_")
        before = args[0] if args else kwargs.get("input")
        layer = self._layer(name, before, args, kwargs)  # asked first: the call may write to its input
        output = func(*args, **kwargs)
        if layer is not None and isinstance(output, Tensor):
            self._note(name, layer, args, kwargs, output)
            self._from[output] = layer
        elif output is before and isinstance(output, Tensor):  # written to: no longer what the layer gave
            self._from.pop(output, None)
        return output

    def _layer(self, name: str, before: Any, args: Any, kwargs: Any) -> str | None:
        """The layer that this call is, or that it follows."""
        if name in _MAPS:
            return self._names.get(id(args[1] if len(args) > 1 else kwargs.get("weight")))
        if name in _FOLLOWERS and isinstance(before, Tensor):
            return self._from.get(before)
        return None

    def _note(self, name: str, layer: str, args: Any, kwargs: Any, output: Tensor) -> None:
        if name == "batch_norm":
            gamma = args[3] if len(args) > 3 else kwargs.get("weight")  # of torch.nn.functional's
            if isinstance(gamma, Tensor):
                self.scales.setdefault(layer, gamma.detach())
        elif name in _RELUS or (name == "hardtanh" and _lowest(args, kwargs) == 0):
            self.rectified.add(layer)
            if self._saw_relu is not None:
                self._saw_relu(layer, output.detach())


def _lowest(args: Any, kwargs: Any) -> float:
    return args[1] if len(args) > 1 else kwargs.get("min_val", -1.0)


def followers(network: nn.Module, layers: Mapping[str, nn.Module], preprocessing: Preprocessing) -> Followers:
    """Run the network once on one grey image and say what follows what."""
    some = next(iter(layers.values())).weight
    assert isinstance(some, Tensor)
    shape = (1, preprocessing.channels, *preprocessing.size)
    found = Followers(layers)
    with borrowed(network), torch.no_grad(), found:
        network(torch.zeros(shape, device=some.device, dtype=some.dtype))
    return found


def without_batchnorm(classifier: Classifier) -> str | None:
    """Why scales of a BatchNorm cannot be read of this network, or None."""
    if classifier.remembered(_of).scales:
        return None
    return (
        "No BatchNorm follows any convolution of this network, so there is no scale to read; a norm of filters serves."
    )


def without_relu(classifier: Classifier) -> str | None:
    """Why zeros after a ReLU cannot be counted in this network, or None."""
    if classifier.remembered(_of).rectified:
        return None
    return "No ReLU follows any layer of this network directly, so there are no zeros to count."


def _of(classifier: Classifier) -> Followers:
    with classifier.exclusive() as network:
        return followers(network, prunable(network, classifier.name), classifier.preprocessing)
