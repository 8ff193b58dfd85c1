"""The ways to alter images: corruptions, edits of what a mask shows, attacks on a network. Each is one function.

| kind | a function is called with | returns |
|---|---|---|
| corruption | images, level, draws | images |
| edit | images, masks (n, H, W) bool: where the object is, level, draws | images |
| attack | network: images -> logits (n, L), images, labels (n,) int64, level, draws | images |

images are (n, C, H, W) float32 from 0 to 1, C 1 or 3, on any device; what is returned may leave that range: it is cut
off there and, but for attacks, truncated to bytes as the published sets are. `level` is the entry of one severity in
the table for images of this size: a number or a tuple. `draws` (draws.py) is the only source of chance: a stream for
each image by its place in the dataset, so that nothing depends on how images are batched or where they are computed.
Keyword-only arguments with a default are what a user may turn.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from analysis.registry import Method, Note, Registry, parameters_of

Kind = Literal["corruption", "edit", "attack"]
Group = Literal[
    "noise", "blur", "weather", "digital", "resolution", "geometry", "colour", "frequency", "object", "attack"
]
Table = Literal["cifar", "tiny", "imagenet", "any"]
"""Of levels: for images of about 32, 64 and 224 pixels; or one for all."""

SEVERITIES = (1, 2, 3, 4, 5)


@dataclass(frozen=True, slots=True)
class Corruption(Method):
    """A way to alter images, in five severities."""

    group: Group = "noise"
    levels: Mapping[Table, tuple[Any, ...]] = field(default_factory=dict)  # five each
    benchmark: bool = False  # one of the fifteen that mCE is the mean of
    extra: bool = False  # one of the four that Hendrycks and Dietterich add to these
    random: bool = False  # reads its draws

    def table(self, rows: int, columns: int) -> Table:
        """Which levels serve images of this size."""
        if "any" in self.levels:
            return "any"
        side = min(rows, columns)
        return "cifar" if side <= 48 else "tiny" if side <= 128 else "imagenet"


class CorruptionRegistry(Registry[Corruption]):
    def register(
        self,
        name: str,
        *,
        label: str,
        group: Group,
        paper: str,
        reads: str,
        fails: str,
        levels: Mapping[Table, tuple[Any, ...]],
        kind: Kind = "corruption",
        differs: str = "",
        benchmark: bool = False,
        extra: bool = False,
        random: bool = False,
        version: int = 1,
    ) -> Callable[[Callable], Callable]:
        """A decorator that adds the function and returns it unchanged."""

        def add(function: Callable) -> Callable:
            method = Corruption(
                name=name,
                label=label,
                function=function,
                note=Note(reads=reads, fails=fails, paper=paper, differs=differs),
                kind=kind,
                version=version,
                parameters=parameters_of(function),
                group=group,
                levels=levels,
                benchmark=benchmark,
                extra=extra,
                random=random,
            )
            self.add(method)
            return function

        return add


CORRUPTIONS = CorruptionRegistry("corruption")
