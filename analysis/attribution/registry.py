"""The attribution methods and what each is given.

| kind | a method is called with | returns |
|---|---|---|
| gradients | activations (N, C, h, w), gradients (N, C, h, w), scores (N,) | channels |
| activations | activations (N, C, h, w) | channels |
| head | activations (N, C, h, w), weights (N, C) of the target's row of the head | channels |
| noisy | activations, gradients (S, N, C, h, w), scores (S, N) of S noisy copies | channels |
| curvature | activations, gradients, products (N, C, h, w): Hessian times activations | channels |
| masks | score, images (N, 3, H, W), activations (N, C, h, w) or None (`ignores_tap`) | channels, or (N, H, W) |
| ablation | score_at_tap, activations (N, C, h, w), scores (N,) | channels |
| input | network, images (N, C, H, W), weights (N, L) of the logits, limits (2, C) | maps (N, H, W) |
| guided | network, layer (the tap's module), images (N, C, H, W), weights (N, L) | maps (N, H, W) |
| attention | attentions: per layer (N, heads, T, T); prefix tokens, grid | maps (N, h, w) |
| joint | as gradients, but lists over the chosen taps | maps (N, h, w) of the largest grid |

"channels" are weighted activations (N, C, h, w), which the runner sums (or, for eigen smoothing, projects
onto their first principal component), or maps (N, h, w) where the method has nothing to sum. A noisy
method has the parameters `samples`, `noise` and `seed`. A method of kind input may return `(maps, remarks)`,
one text for each image. `limits` are black and white after normalisation: (0 - mean) / std and (1 - mean) / std.

All tensors are float32, `nchw`, on one device. Raw maps are signed and not normalised.
`score(images (M, 3, H, W), owners (M,)) -> (M,)` is the target's score of altered images;
`score_at_tap(activations (M, C, h, w), owners (M,)) -> (M,)` the same with the activations replaced
at the tap. Both batch inside, report progress and raise Cancelled.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from torch import Tensor

from analysis.registry import Method, Note, Registry, parameters_of
from models.classifier import Classifier, Tap

Kind = Literal[
    "gradients",
    "activations",
    "head",
    "noisy",
    "curvature",
    "masks",
    "ablation",
    "input",
    "guided",
    "attention",
    "joint",
]
Applies = Callable[[Classifier, Tap | None], str | None]


@dataclass(frozen=True, slots=True)
class AttributionMethod(Method):
    """A method of one image and one target."""

    class_agnostic: bool = False  # the map does not depend on the target
    slow: bool = False  # many forward passes: offered as a job, with progress
    signed: bool = True  # whether values below zero mean evidence against
    retarget: Callable[..., Tensor] | None = None  # (logits, weights, **params) -> weights of another score
    applies: Applies | None = None  # the reason why it cannot serve a network, or None
    ignores_tap: bool = False  # of kind masks or activations, but with masks of its own
    same_on_pooled_head: bool = False  # equals CAM where the tap's mean over space feeds a linear head

    @property
    def reads_tap(self) -> bool:
        return self.kind not in ("input", "attention") and not self.ignores_tap


class AttributionRegistry(Registry[AttributionMethod]):
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
        class_agnostic: bool = False,
        slow: bool = False,
        signed: bool = True,
        applies: Applies | None = None,
        ignores_tap: bool = False,
        same_on_pooled_head: bool = False,
        retarget: Callable[..., Tensor] | None = None,
        version: int = 1,
    ) -> Callable[[Callable], Callable]:
        """A decorator that adds the function and returns it unchanged."""

        def add(function: Callable) -> Callable:
            note = Note(reads=reads, fails=fails, paper=paper, differs=differs)
            method = AttributionMethod(
                name=name,
                label=label,
                function=function,
                note=note,
                kind=kind,
                version=version,
                parameters=parameters_of(function),
                class_agnostic=class_agnostic,
                slow=slow,
                signed=signed,
                applies=applies,
                ignores_tap=ignores_tap,
                same_on_pooled_head=same_on_pooled_head,
                retarget=retarget,
            )
            self.add(method)
            return function

        return add


METHODS = AttributionRegistry("attribution method")
