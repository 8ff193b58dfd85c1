"""What a model's weights are made of, layer by layer: how many, how many are zero, what they take.

Reading a profile takes no torch; counting one does (counting.py).
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    pass


@dataclass(frozen=True, slots=True)
class LayerProfile:
    """One layer with weights that can be pruned."""

    name: str
    kind: str  # Conv2d, Linear
    shape: tuple[int, ...]  # of its weight
    weights: int
    zeros: int
    macs: int  # of one image, zeros multiplied like any other number

    @property
    def density(self) -> float:
        return 1 - self.zeros / self.weights if self.weights else 0.0


@dataclass(frozen=True, slots=True)
class Profile:
    """Of a whole network."""

    parameters: int  # all of them, biases and normalisation too
    nonzeros: int  # of those
    weights: int  # the prunable ones: of convolutions and linear maps
    zeros: int  # of those
    macs: int  # multiply-accumulates of one image, zeros multiplied like any other number
    size_dense: int  # bytes of the weights as they are
    size_sparse: int  # bytes of Cutaway's sparse file: a bit for each weight, and the values that are not zero
    layers: tuple[LayerProfile, ...]

    @property
    def sparsity(self) -> float:
        return self.zeros / self.weights if self.weights else 0.0

    def to_json(self) -> dict[str, Any]:
        layers = [asdict(each) | {"shape": list(each.shape)} for each in self.layers]
        return asdict(self) | {"layers": layers}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "Profile":
        layers = tuple(LayerProfile(**{**each, "shape": tuple(each["shape"])}) for each in values["layers"])
        return cls(**{**values, "layers": layers})
