"""The nouns every analysis receives: Classifier, Tap, Head."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, Literal, TypeVar

from torch import Tensor, nn

from models.errors import UnknownTap
from models.preprocessing import Preprocessing

T = TypeVar("T")
Layout = Literal["nchw", "nhwc", "tokens", "vector"]


@dataclass(frozen=True, slots=True)
class Tap:
    """A place in a network that can be read: the output of the module of that name."""

    name: str
    layout: Layout
    channels: int
    grid: tuple[int, int]  # rows, columns of the map; (1, 1) for a vector
    prefix: int  # tokens before the grid: class, distillation, registers
    stride: tuple[float, float]  # input pixels per map cell, rows and columns

    @property
    def spatial(self) -> bool:
        """Whether it has a map to show (more than one cell)."""
        return self.layout != "vector" and self.grid[0] * self.grid[1] > 1


@dataclass(frozen=True, slots=True, eq=False)
class Head:
    """The final linear map, logits = features @ weight.T + bias."""

    name: str
    weight: Tensor  # (L, D), detached
    bias: Tensor | None  # (L,)
    pooled_tap: str | None  # the tap whose mean over space is the head's input, where there is one


@dataclass(slots=True, eq=False)
class Classifier:
    """A network ready for use. Threads share it: take `exclusive()` around every use of the module."""

    name: str
    architecture: str
    module: nn.Module
    preprocessing: Preprocessing
    class_names: tuple[str, ...]
    taps: Mapping[str, Tap]  # in the order of execution
    default_tap: str | None  # None: no place with a map, e.g. a plain MLP
    head: Head | None  # None: absent or not linear
    fingerprint: str  # sha256 hex of architecture, weights and preprocessing
    source: str = ""  # bundled, timm, torchvision, imported; with licence or card where known
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)
    _found: dict[Callable[..., Any], Any] = field(default_factory=dict, repr=False)

    @contextmanager
    def exclusive(self) -> Iterator[nn.Module]:
        """The module, for this thread alone."""
        with self._lock:
            yield self.module

    def remembered(self, find: Callable[["Classifier"], T]) -> T:
        """What `find` says of this network, asked once: it depends on nothing but the classifier."""
        if find not in self._found:
            self._found[find] = find(self)
        return self._found[find]

    def tap(self, name: str | None = None) -> Tap:
        """The tap of that name; `None` or "auto" is the default tap."""
        name = self.default_tap if name in (None, "auto") else name
        if name is None:
            raise UnknownTap(
                f"{self.name} has no layer with a spatial map, so there is nothing to show over the image."
            )
        if name not in self.taps:
            near = [t for t in self.taps if name.split(".")[0] in t][:6] or list(self.taps)[-6:]
            raise UnknownTap(f"{self.name} has no layer '{name}'. Some it has: {', '.join(near)}.")
        return self.taps[name]
