"""The projections and what each is given.

| kind | a method is called with | returns |
|---|---|---|
| alone | features (N, D) float32, given (`Given`) | Projected |
| joint | features [(N, D), (N, D') ...] of the same samples, given | [Projected, ...], one each |

Features are finite, in the order of the samples that are laid, and not to be modified. Keyword-only arguments are what
a user may turn; dimensions and seed come in `given`. A method that has no map of its own for new features returns no
placer, and new features are placed between their nearest neighbours (`placing`).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from analysis.registry import Method, Note, Registry, parameters_of
from analysis.types import Report, silent

Kind = Literal["alone", "joint"]
Need = Literal["labels", "head"]


@dataclass(frozen=True, slots=True, eq=False)
class Given:
    """What a projection may read beside the features of N samples."""

    dims: int = 2
    seed: int = 0
    labels: np.ndarray | None = None  # (N,) int64, the dataset's classes, -1 where there is none
    class_names: tuple[str, ...] = ()  # of the labels
    weight: np.ndarray | None = None  # (L, D) of a linear head whose input the features are
    head_classes: tuple[str, ...] = ()  # of its rows
    report: Report = silent


@dataclass(frozen=True, slots=True, eq=False)
class Placer:
    """A map for features that were not there when the picture was made.

    linear: (f - mean) @ matrix. angles: degrees between f and each column of the matrix.
    """

    kind: Literal["linear", "angles"]
    mean: np.ndarray  # (D,)
    matrix: np.ndarray  # (D, dims)


@dataclass(frozen=True, slots=True, eq=False)
class Projected:
    """N samples laid out."""

    points: np.ndarray  # (N, dims) float32
    axes: tuple[str, ...]  # what each axis is: "PC 1 (32 %)", "UMAP 1", "angle to cat (degrees)"
    placer: Placer | None = None
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Projection(Method):
    """A method that lays out features."""

    needs: tuple[Need, ...] = ()  # what must be there
    seeded: bool = True  # whether the seed changes anything
    quick: bool = False  # ready within about a second: computed while the page is drawn
    knob: str = ""  # the parameter that decides what is seen, and over which small pictures are drawn
    steps: tuple[int, ...] = ()  # its values there
    most: int = 100_000  # samples that are laid by the method itself; of more, a part, and the rest is placed


class ProjectionRegistry(Registry[Projection]):
    def register(
        self,
        kind: Kind,
        name: str,
        *,
        label: str,
        paper: str,
        reads: str,
        fails: str,
        differs: str = "",
        needs: tuple[Need, ...] = (),
        seeded: bool = True,
        quick: bool = False,
        knob: str = "",
        steps: tuple[int, ...] = (),
        most: int = 100_000,
        version: int = 1,
    ) -> Callable[[Callable], Callable]:
        """A decorator that adds the function and returns it unchanged."""

        def add(function: Callable) -> Callable:
            method = Projection(
                name=name,
                label=label,
                function=function,
                note=Note(reads=reads, fails=fails, paper=paper, differs=differs),
                kind=kind,
                version=version,
                parameters=parameters_of(function),
                needs=needs,
                seeded=seeded,
                quick=quick,
                knob=knob,
                steps=steps,
                most=most,
            )
            self.add(method)
            return function

        return add


PROJECTIONS = ProjectionRegistry("projection")
