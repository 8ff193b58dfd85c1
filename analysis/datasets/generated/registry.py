"""The generated datasets: where truth is known, because we made it.

A generator is one function whose keyword-only arguments are its knobs; it yields blocks of images, so
that memory does not grow with their number. It is pure: the same knobs give the same images on every
machine. `split` keeps training and test images apart.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import numpy as np

from analysis.registry import Method, Note, Registry, parameters_of


@dataclass(frozen=True, slots=True, eq=False)
class Generated:
    """A block of generated images with all that is known of them."""

    images: np.ndarray  # (N, H, W, C) uint8, C 1 or 3
    labels: np.ndarray  # (N,) int64, what the dataset says
    class_names: tuple[str, ...]
    masks: np.ndarray | None = None  # (N, H, W) bool, the object
    columns: Mapping[str, np.ndarray] = field(default_factory=dict)  # more that is known of each image, (N,)
    remarks: tuple[str, ...] = ()

    def __len__(self) -> int:
        return len(self.images)

    def first(self, count: int) -> "Generated":
        """The first images of the block."""
        masks = None if self.masks is None else self.masks[:count]
        columns = {k: v[:count] for k, v in self.columns.items()}
        return Generated(self.images[:count], self.labels[:count], self.class_names, masks, columns, self.remarks)


Blocks = Iterator[Generated]


@dataclass(frozen=True, slots=True)
class Generator(Method):
    """One registered generator."""

    sized: bool = True  # whether `count` says how many images there are; else the data does


class GeneratorRegistry(Registry[Generator]):
    def register(
        self, name: str, *, label: str, reads: str, fails: str, paper: str, differs: str = "", sized: bool = True
    ) -> Callable[[Callable[..., Blocks]], Callable[..., Blocks]]:
        """Register the decorated function; its knobs are read off its signature."""

        def decorate(function: Callable[..., Blocks]) -> Callable[..., Blocks]:
            note = Note(reads, fails, paper, differs)
            self.add(Generator(name, label, function, note, "generator", 1, parameters_of(function), sized))
            return function

        return decorate


GENERATORS = GeneratorRegistry("generated dataset")


def joined(blocks: Blocks) -> Generated:
    """All blocks in one, for sets that fit into memory."""
    parts = list(blocks)
    masks = [p.masks for p in parts if p.masks is not None]
    return Generated(
        np.concatenate([p.images for p in parts]),
        np.concatenate([p.labels for p in parts]),
        parts[0].class_names,
        np.concatenate(masks) if masks else None,
        {k: np.concatenate([p.columns[k] for p in parts]) for k in parts[0].columns},
        parts[0].remarks,
    )
