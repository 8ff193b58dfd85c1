"""The pruning methods and what each is given.

Methods that score say how much each weight matters; the runner turns scores into masks (allocation.py), for one
sparsity or many. Every mapping goes from a layer's name to a tensor, in the order of the network's modules, and
holds the prunable weights: those of all convolutions (O, I / groups, h, w) and linear maps (O, I), float32.

| kind | a method is called with | returns |
|---|---|---|
| weights | weights; with the parameter `seed` where it draws | scores |
| scales | weights, scales: (O,) gamma of the BatchNorm after each convolution that has one | scores |
| gradients | weights, gradients: of the mean loss over the samples | scores |
| squares | weights, squares: mean over samples of the squared gradient of one sample's loss | scores |
| curvature | weights, products: Hessian of the mean loss times its gradient | scores |
| inputs | weights, norms: l2 norm over samples and places of what each weight multiplies | scores |
| outputs | weights, fractions: (O,) fraction of zeros after the ReLU that follows | scores |
| flow | network (a copy), layers (their names), image (1, C, H, W) of ones; asked in each of its `rounds` | scores |
| rebuild | weight (O, K) of a layer, hessian (K, K) = 2 X X^T of its inputs, sparsity, (n, m) or None | weight (O, K) |
| train | task: see training.py | networks, one a level, each when it is there |
| change | network (a copy), task: see changes.py | (network, structure) |

A `flow` network comes in eval mode and float64, linearised: absolute weights, BatchNorm as identity. A `rebuild`
method works on one layer after the other, each fed by those before it as they are by then.

Scores (the weight's shape): larger matters more; comparable across layers where the scope is global. A method that
scores whole channels returns them expanded to the weight's shape, and allows no finer granularity than "channel".

`amount` says what a recipe's `sparsity` means: "zeros" of the prunable weights; share of "channels" really removed;
share of "parameters" saved; "none", where the method's own parameters say it all.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from analysis.registry import Method, Note, Registry, parameters_of
from models.classifier import Classifier
from models.variant import Granularity, Scope

Kind = Literal[
    "weights",
    "scales",
    "gradients",
    "squares",
    "curvature",
    "inputs",
    "outputs",
    "flow",
    "rebuild",
    "train",
    "change",
]
Amount = Literal["zeros", "channels", "parameters", "none"]
Group = Literal["no data", "a little data", "training", "channels removed", "low rank and shared weights"]
Applies = Callable[[Classifier], str | None]

READS_DATA = ("gradients", "squares", "curvature", "inputs", "outputs", "rebuild", "train")
FINE: tuple[Granularity, ...] = ("weight", "kernel", "channel", "head", "2:4", "4:8", "1:4")
COARSE: tuple[Granularity, ...] = ("channel",)


@dataclass(frozen=True, slots=True)
class PruningMethod(Method):
    """A way to make a classifier smaller."""

    group: Group = "no data"
    amount: Amount = "zeros"
    scope: Scope = "global"  # the usual one
    scopes: tuple[Scope, ...] = ("global", "layer", "uniform_plus", "erk")  # those it can be given
    granularities: tuple[Granularity, ...] = FINE  # the first is the usual one
    needs_data: bool = False
    trains: bool = False  # hours or minutes, not seconds
    untrained: bool = False  # starts from random weights, not from the base's
    applies: Applies | None = None  # the reason why it cannot serve a network, or None


class PruningRegistry(Registry[PruningMethod]):
    def register(
        self,
        kind: Kind,
        name: str,
        *,
        label: str,
        group: Group,
        paper: str,
        reads: str,
        fails: str,
        differs: str = "",
        amount: Amount = "zeros",
        scope: Scope = "global",
        scopes: tuple[Scope, ...] = ("global", "layer", "uniform_plus", "erk"),
        granularities: tuple[Granularity, ...] = FINE,
        needs_data: bool | None = None,
        trains: bool = False,
        untrained: bool = False,
        applies: Applies | None = None,
        version: int = 1,
    ) -> Callable[[Callable], Callable]:
        """A decorator that adds the function and returns it unchanged. needs_data None: as its kind does."""

        def add(function: Callable) -> Callable:
            note = Note(reads=reads, fails=fails, paper=paper, differs=differs)
            method = PruningMethod(
                name=name,
                label=label,
                function=function,
                note=note,
                kind=kind,
                version=version,
                parameters=parameters_of(function),
                group=group,
                amount=amount,
                scope=scope,
                scopes=scopes,
                granularities=granularities,
                needs_data=kind in READS_DATA if needs_data is None else needs_data,
                trains=trains,
                untrained=untrained,
                applies=applies,
            )
            self.add(method)
            return function

        return add


PRUNERS = PruningRegistry("pruning method")
