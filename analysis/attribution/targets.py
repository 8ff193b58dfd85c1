"""From what a user names ("predicted", a class, "A rather than B") to weights of the logits."""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from analysis.errors import MethodError
from models.errors import UnknownName

PREDICTED = "predicted"


@dataclass(frozen=True, slots=True)
class Target:
    """The classes of a score: `plus` alone, or `plus` rather than `minus`; None is the predicted one."""

    plus: int | None
    minus: int | None = None
    contrast: bool = False

    @property
    def key(self) -> str:
        """The same for all ways to name the same target."""
        words = [PREDICTED if c is None else str(c) for c in (self.plus, self.minus)]
        return ":".join(words) if self.contrast else words[0]

    def weights(self, logits: Tensor) -> Tensor:
        """logits (N, L) -> the score's derivative by each logit (N, L)."""
        weights = _one_hot(self.plus, logits)
        return weights - _one_hot(self.minus, logits) if self.contrast else weights

    def label(self, class_names: Sequence[str], predicted: int) -> str:
        """In words, for one image whose predicted class is given."""
        plus, minus = (class_names[predicted if c is None else c] for c in (self.plus, self.minus))
        return f"{plus} rather than {minus}" if self.contrast else plus


def _one_hot(index: int | None, logits: Tensor) -> Tensor:
    chosen = logits.argmax(1) if index is None else torch.full((len(logits),), index, device=logits.device)
    return torch.zeros_like(logits).scatter_(1, chosen[:, None], 1.0)


def parse(text: str, class_names: Sequence[str]) -> Target:
    """Read "predicted", an index, a class name, or two of them joined by a colon."""
    text = text.strip()
    try:
        return Target(_class(text, class_names))
    except UnknownName:
        if ":" not in text:
            raise
    plus, minus = (_class(part.strip(), class_names) for part in text.split(":", 1))
    if plus == minus:
        raise MethodError(f"'{text}' sets a class against itself; name two different classes.")
    return Target(plus, minus, contrast=True)


def _class(text: str, class_names: Sequence[str]) -> int | None:
    if text.lower() == PREDICTED:
        return None
    if text.isdecimal() and text.isascii():
        if int(text) >= len(class_names):
            raise MethodError(f"There is no class {text}: the classes are 0 to {len(class_names) - 1}.")
        return int(text)
    wanted = text.lower()
    for index, name in enumerate(class_names):
        if wanted == name.lower() or wanted in (part.strip() for part in name.lower().split(",")):
            return index
    raise UnknownName("class", text, class_names)


def ranked_with(needed: Sequence[Tensor], logits: Tensor, least: int = 5) -> Tensor:
    """The classes (N, K) that these target weights (N, L) use, filled with the best of the others.

    K is `least`, or as many as one image needs, and at most the number of classes.
    """
    used = torch.zeros_like(logits, dtype=torch.bool)
    for weights in needed:
        used |= weights != 0
    count = min(max(least, int(used.sum(1).max())), logits.shape[1])
    first = torch.where(used, logits + (logits.max() - logits.min() + 1), logits)
    return first.topk(count, dim=1).indices
