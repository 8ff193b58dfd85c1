"""The bundled family: variants of the CIFAR ResNet-20 and of Shapes-CNN that show what each way of pruning does.

    FAMILY["resnet20-cifar10-lrr-80"].asked         what to ask of `pruning.make`
    cutaway train resnet20-cifar10-lrr-80 --data cifar10-train.zip --test cifar10-test.zip

Trainings are short: epochs are of all training images, for each round. `family_making.py` makes them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

Scalar = bool | int | float | str

CIFAR, SHAPES = "resnet20-cifar10", "shapes-cnn"


@dataclass(frozen=True, slots=True)
class Variant:
    """One of the family: everything about it that is not its method's usual."""

    base: str
    method: str
    sparsity: float  # or the share of channels
    levels: tuple[float, ...] = ()  # of the rounds; empty: at once
    epochs: int = 0
    learning_rate: float = 0.1
    samples: int = 0
    recalibrate: int = 0
    params: Mapping[str, Scalar] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.base}-{self.method.replace('_', '-')}-{100 * self.sparsity:g}"

    @property
    def summary(self) -> str:
        rounds = " a round" if len(self.levels) > 1 else ""
        trained = f", {self.epochs} epochs{rounds}" if self.epochs else ""
        return f"{self.base} pruned by {self.method} to {100 * self.sparsity:g} %{trained}"

    def asked(self, *, epochs: int | None = None, seed: int | None = None) -> dict[str, Any]:
        """The arguments of `pruning.asked`; epochs and seed where others are wanted."""
        epochs = self.epochs if epochs is None else epochs
        return {
            "method": self.method,
            "sparsities": [self.sparsity],
            "levels": self.levels,
            "params": self.params,
            "samples": self.samples,
            "recalibrate": self.recalibrate,
            "tuning": {"epochs": epochs, "learning_rate": self.learning_rate} if self.epochs else None,
            "seed": seed or 0,
        }


def _at_once(method: str, *sparsities: float, base: str, **more: Any) -> list[Variant]:
    return [Variant(base, method, sparsity, **more) for sparsity in sparsities]


def _in_rounds(method: str, *sparsities: float, base: str, **more: Any) -> list[Variant]:
    """Each goes on from those before, so one run makes all of them."""
    return [
        Variant(base, method, sparsity, levels=sparsities[: place + 1], **more)
        for place, sparsity in enumerate(sparsities)
    ]


def _of(base: str, *, from_scratch: float, short: int, scores: int) -> list[Variant]:
    """The same story for each base.

    `from_scratch`: the learning rate of trainings that start from random weights; `short`: epochs after one cut;
    `scores`: epochs in which the scores of random weights are learnt.
    """
    found: list[Variant] = []
    for method in ("random", "global_magnitude", "layer_magnitude"):
        found += _at_once(method, 0.5, 0.8, 0.95, base=base, recalibrate=4000)
    for method in ("snip", "fisher"):
        found += _at_once(method, 0.5, 0.8, 0.95, base=base, recalibrate=4000, samples=1000)
    found += _at_once("magnitude_tuned", 0.8, base=base, epochs=short)
    found += _in_rounds("lrr", 0.5, 0.8, 0.95, base=base, epochs=3)
    found += _in_rounds("gmp", 0.8, 0.95, base=base, epochs=3)
    found += _in_rounds("lth", 0.5, 0.8, base=base, epochs=4, learning_rate=from_scratch)
    found += _at_once("edge_popup", 0.5, base=base, epochs=scores)
    found += _at_once("biprop", 0.5, base=base, epochs=scores)
    found += _at_once("structured", 0.25, 0.5, base=base, epochs=short)
    return found


FAMILY: Mapping[str, Variant] = {
    variant.name: variant
    for variant in (
        *_of(CIFAR, from_scratch=0.4, short=1, scores=5),  # of 50,000 images
        *_of(SHAPES, from_scratch=0.3, short=2, scores=10),  # of 24,000
    )
}
