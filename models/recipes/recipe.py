"""What a recipe is: a network, its settings, and the data it wants, as plain values."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from models.preprocessing import Preprocessing
from models.recipes.adversary import Attack
from models.recipes.training import Settings

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Generated images: the generator's name and what its knobs are set to; the others are at their defaults."""

    generator: str
    params: Mapping[str, Scalar] = field(default_factory=dict)

    def __str__(self) -> str:
        return f"{self.generator} ({', '.join(f'{k} {v}' for k, v in self.params.items())})"


@dataclass(frozen=True, slots=True)
class Recipe:
    """How one of the bundled classifiers was trained.

    `train` None: the data is the user's, given by name or file; the tests too. `attacks` are tried
    on the first of the tests, on its first `attacked` images.
    """

    name: str
    summary: str
    architecture: str
    preprocessing: Preprocessing
    settings: Settings
    train: Wanted | None = None
    tests: Mapping[str, Wanted] = field(default_factory=dict)  # what the card calls it -> images
    class_names: tuple[str, ...] = ()  # where the data must have these, in this order; else the data's own
    attacks: Mapping[str, Attack] = field(default_factory=dict)
    attacked: int = 1000
    data: str = ""  # what the data is, where the user gives it
    minutes: float = 0.0  # on two cores
