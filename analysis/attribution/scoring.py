"""Scores of altered images, or of altered activations at a tap, in batches that can be cancelled."""

from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from analysis.attribution.capture import borrowed, forward, hooked
from analysis.types import Report, silent
from models.classifier import Tap
from models.taps import from_nchw

BATCH_PIXELS = 32 * 224 * 224


@dataclass(slots=True, eq=False)
class Scorer:
    """The targets' scores of N images under change: called with altered images and whose they are."""

    module: nn.Module
    images: Tensor  # (N, C, H, W), unaltered
    weights: Tensor  # (N, L) of the logits
    report: Report = silent
    word: str = ""
    _done: int = field(default=0, init=False)
    _expected: int = field(default=0, init=False)

    def expect(self, count: int) -> None:
        """Tell how many scores a method will ask for, so that progress means something."""
        self._expected = count

    def __call__(self, images: Tensor, owners: Tensor) -> Tensor:
        """images (M, C, H, W), owners (M,) int64 -> scores (M,)."""
        size = max(1, BATCH_PIXELS // (images.shape[-1] * images.shape[-2]))
        parts = []
        with torch.inference_mode(False), torch.no_grad(), borrowed(self.module):
            for some, owner in zip(images.split(size), owners.split(size), strict=True):
                logits = forward(self.module, some.contiguous(memory_format=torch.channels_last))
                parts.append((logits.float() * self.weights[owner]).sum(1))
                self._tick(len(some))
        return torch.cat(parts)

    def at(self, tap: Tap) -> Callable[[Tensor, Tensor], Tensor]:
        """The score with the activations replaced at a tap: (M, C, h, w), owners (M,) -> (M,)."""

        def score(activations: Tensor, owners: Tensor) -> Tensor:
            found = torch.empty(len(owners), device=activations.device)
            with torch.inference_mode(False), torch.no_grad(), borrowed(self.module):
                for owner in owners.unique().tolist():
                    mine = owners == owner
                    logits = self._replaced(activations[mine], tap, self.images[owner : owner + 1])
                    found[mine] = (logits.float() * self.weights[owner]).sum(1)
            self._tick(len(owners))
            return found

        return score

    def _replaced(self, activations: Tensor, tap: Tap, image: Tensor) -> Tensor:
        """Logits (M, L). The layers before the tap see one image; the batch grows at the tap."""

        def replace(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
            return from_nchw(activations.to(output.dtype), tap, output)

        with hooked(self.module, {tap.name: replace}):
            try:
                return forward(self.module, image)
            except RuntimeError as error:  # a branch beside the tap is joined by concatenation
                if "size" not in str(error).lower():
                    raise
                return forward(self.module, image.expand(len(activations), -1, -1, -1))

    def _tick(self, count: int) -> None:
        self._done += count
        fraction = min(1.0, self._done / self._expected) if self._expected else 0.0
        self.report(fraction, self.word)
