"""PreCrop: a narrower network before any training, as wide in each layer as a pruning at initialisation would leave it
dense (Cai, Hua, Chen, Suh, De Sa & Zhang 2022).

With the mask of that pruning instead of the cropping, and that mask shuffled within each layer, as controls: where
all three learn as well, it is the layers' densities that count, not which weights.
"""

from collections.abc import Iterator
from typing import Literal

import torch
from torch import Tensor, nn

from analysis.pruning import allocation, densities, scoring
from analysis.pruning.channels import Channels
from analysis.pruning.cropping import crop
from analysis.pruning.layers import prunable, put, weights_of
from analysis.pruning.registry import COARSE, PRUNERS
from analysis.pruning.training import TrainTask

Criterion = Literal["synflow", "snip", "erk"]
Form = Literal["channels", "mask", "shuffled mask"]
_SAMPLES = 256  # that SNIP reads


@PRUNERS.register(
    "train",
    "precrop",
    label="PreCrop",
    group="channels removed",
    amount="parameters",
    paper="Cai, Hua, Chen, Suh, De Sa & Zhang 2022",
    reads="The share is of the weights that go before training. With channels gone the network is faster; with a mask "
    "of the same densities it is not.",
    fails="Trained from random weights for as long as the recipe says: short trainings stay behind a trained base.",
    differs="The widths are a least-squares solution for the layers' densities, moved to the size asked for, where the "
    "paper solves its own convex problem for expected SynFlow. SNIP reads 256 images.",
    scope="global",
    scopes=("global",),
    granularities=COARSE,
    trains=True,
    untrained=True,
)
def precrop(task: TrainTask, *, criterion: Criterion = "synflow", form: Form = "channels") -> Iterator[nn.Module]:
    """Make a network smaller before it is trained, then train it.

    task -> a network for each of its levels (shares of the weights), in eval mode.
    """
    for number, level in enumerate(task.levels):
        network = task.fresh()
        masks = initial_masks(network, task, criterion, level)
        if form == "channels":
            found = Channels(network, task.classifier.preprocessing, task.classifier.name)
            crop(found, {name: float(mask.float().mean()) for name, mask in masks.items()}, 1 - level)
            yield task.trained(network.requires_grad_(True), number=number)
        else:
            masks = shuffled(masks, task.recipe.seed) if form == "shuffled mask" else masks
            put(prunable(network), masks)
            yield task.trained(network, masks, number=number)


def initial_masks(network: nn.Module, task: TrainTask, criterion: Criterion, level: float) -> dict[str, Tensor]:
    """What a pruning at initialisation leaves of random weights; with `erk` at random within each layer."""
    layers = prunable(network, task.classifier.name)
    if criterion == "erk":
        shapes = {name: w.shape for name, w in weights_of(layers).items()}
        shares = densities.sparsities(shapes, level, "erk")
        plain = {
            n: torch.arange(w.numel()).reshape(w.shape) >= round(shares[n] * w.numel())
            for n, w in weights_of(layers).items()
        }
        return shuffled(plain, task.recipe.seed)
    method, seed = PRUNERS[criterion], task.recipe.seed
    examples = task.examples.some(_SAMPLES, seed)
    scores = scoring.scores(
        method,
        method.bound(),
        network,
        layers,
        task.classifier,
        examples,
        seed,
        level,
        lambda *_: task.report(0, "Scoring"),
    )
    return allocation.masks(scores, [level])[0]


def shuffled(masks: dict[str, Tensor], seed: int) -> dict[str, Tensor]:
    """As many of each layer stay, others of them: new masks."""
    generator = torch.Generator().manual_seed(seed)
    return {
        name: mask.reshape(-1)[torch.randperm(mask.numel(), generator=generator)].reshape(mask.shape)
        for name, mask in masks.items()
    }
