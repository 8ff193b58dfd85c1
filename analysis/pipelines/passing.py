"""The shared pass of pictures, taken only where what is kept does not suffice."""

from collections.abc import Callable, Sequence

from torch import Tensor, nn

from analysis.attribution.capture import Pass, joined, run_pass
from analysis.attribution.kept import KeptPasses
from analysis.attribution.targets import ranked_with
from analysis.types import Picture
from models.classifier import Classifier, Tap

TOP = 5


def shared_pass(
    classifier: Classifier,
    module: nn.Module,
    pictures: Sequence[Picture],
    images: Tensor,
    taps: Sequence[Tap],
    needed: Callable[[Tensor], Sequence[Tensor]],
    kept: KeptPasses,
) -> Pass:
    """One pass of images (N, C, H, W), the tensors of these pictures.

    `needed` tells from the logits (N, L) the weights of the scores whose gradients are wanted; those of the top
    five classes come in any case. What was kept is joined where it covers all; else the pass is taken and kept.
    """
    names = [t.name for t in taps]
    found = kept.find(classifier.fingerprint, [p.digest for p in pictures])
    old = [p for p in found if p is not None and set(names) <= set(p.activations)]
    if len(old) == len(pictures) and len({p.classes.shape for p in old}) == 1:
        taken = joined(old, names)
        if all(taken.covers(names, weights) for weights in needed(taken.logits)):
            return taken
    taken = run_pass(module, images, taps, lambda logits: ranked_with(needed(logits), logits, TOP))
    for picture, part in zip(pictures, taken.each(), strict=True):
        kept.keep(classifier.fingerprint, picture.digest, part)
    return taken
