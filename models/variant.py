"""How a variant was made from its base: plain values that rebuild it, kept in its card.

A variant is any model with a parent. One that Cutaway made has a `VariantRecipe` too.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from typing import Any, Literal

Scalar = bool | int | float | str
Scope = Literal["global", "layer", "uniform_plus", "erk"]
Granularity = Literal["weight", "kernel", "channel", "head", "2:4", "4:8", "1:4"]


@dataclass(frozen=True, slots=True)
class Tuning:
    """Training of what was pruned; its zeros stay zeros. Zero epochs: none."""

    epochs: int = 0  # after the pruning, or after each round where there are several
    learning_rate: float = 0.02  # the peak of one cycle
    batch: int = 128
    distil: bool = False  # learn from the base's probabilities as well (Hinton et al. 2015)


@dataclass(frozen=True, slots=True)
class VariantRecipe:
    """All that decides what a variant computes: the same recipe gives the same bits on the same machine."""

    base: str  # a name of the catalogue
    base_id: str  # its fingerprint
    method: str  # of the pruner registry
    sparsity: float  # fraction of zeros of the prunable weights; for some methods another share, see the registry
    version: int = 1  # of the method
    params: Mapping[str, Scalar] = field(default_factory=dict)  # of the method, all of them
    scope: Scope = "global"
    granularity: Granularity = "weight"
    levels: tuple[float, ...] = ()  # the sparsity after each round, the last is `sparsity`; one: in one shot
    data: str = ""  # id of the dataset that scores, statistics and tuning read; empty where nothing is read
    data_name: str = ""
    samples: int = 0  # images that the scores are taken from
    recalibrate: int = 0  # images that BatchNorm's statistics are taken from anew, once the weights are final
    tuning: Tuning = field(default_factory=Tuning)
    seed: int = 0

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"params": dict(self.params), "levels": list(self.levels)}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> "VariantRecipe":
        """KeyError, TypeError or ValueError for what is no recipe."""
        known = {f.name for f in fields(cls)}
        given = {k: v for k, v in values.items() if k in known}
        return cls(**given | {"levels": tuple(given.get("levels", ())), "tuning": Tuning(**given.get("tuning", {}))})
