"""What pruning methods read of a network on some images.

One forward and, where gradients are asked for, one backward pass a batch serve every kind. Only the product of
Hessian and gradient takes passes of its own, since it needs the whole gradient first (curvature.py). The loss is the
cross-entropy of the given labels. The network is in evaluation mode: BatchNorm uses its running statistics, as it
will when the pruned network is used (papers that prune before training take those of the batch).
"""

from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from analysis.errors import EmptyDataset
from analysis.pruning import curvature
from analysis.pruning.activity import InputNorms, Zeros
from analysis.pruning.borrowing import borrowed, projections_called
from analysis.pruning.examples import Examples
from analysis.pruning.followers import followers
from analysis.pruning.layers import weight_of
from analysis.pruning.losses import Batches, gradients, loss, squares_one_by_one
from analysis.pruning.per_sample import SquaredGradients
from analysis.types import Report, silent
from models.preprocessing import Preprocessing

BATCH = 32
KINDS = ("gradients", "squares", "products", "norms", "fractions")

Tensors = Mapping[str, Tensor]


@dataclass(frozen=True, slots=True, eq=False)
class Statistics:
    """Layer -> tensor of its weight's shape (fractions: (O,)), float32; empty where it was not asked for."""

    gradients: Tensors = field(default_factory=dict)  # of the mean loss over the samples
    squares: Tensors = field(default_factory=dict)  # mean over samples of the squared gradient of one sample's loss
    products: Tensors = field(default_factory=dict)  # Hessian of the mean loss times its gradient
    norms: Tensors = field(default_factory=dict)  # l2 norm of what the weight multiplies, over samples and places
    fractions: Tensors = field(default_factory=dict)  # of zeros after the ReLU; layers without one are left out


def scales(network: nn.Module, layers: Mapping[str, nn.Module], preprocessing: Preprocessing) -> dict[str, Tensor]:
    """Gamma (O,) of the BatchNorm right after each layer; layers without one are left out."""
    found = followers(network, layers, preprocessing).scales
    return {name: found[name].float() for name in layers if name in found}


def collect(
    network: nn.Module,
    layers: Mapping[str, nn.Module],
    examples: Examples,
    preprocessing: Preprocessing,
    kinds: Iterable[str],
    *,
    batch: int = BATCH,
    report: Report = silent,
) -> Statistics:
    """Run the network over the examples, in their order, and keep what the kinds ask for; it is left as it came."""
    kinds = set(kinds)
    if unknown := kinds - set(KINDS):
        raise ValueError(f"there is no statistic '{min(unknown)}'; there are {', '.join(KINDS)}")
    if not examples:
        raise EmptyDataset("There are no images to take statistics from; give at least one.")
    weights = {name: weight_of(module) for name, module in layers.items()}
    device = next(iter(weights.values())).device

    def batches() -> Iterator[tuple[Tensor, Tensor]]:
        parts = examples.batches(batch, preprocessing, device)
        for done, (images, labels) in zip(range(0, len(examples), batch), parts, strict=True):
            report(done / len(examples), f"Reading the network: image {done + 1:,} of {len(examples):,}")
            yield images, labels

    with borrowed(network, weights.values()):
        found: dict[str, Tensors] = {}
        if kinds - {"products"}:
            found |= _shared(network, layers, weights, batches, kinds, len(examples))
        if "products" in kinds:
            found["products"] = curvature.products(network, weights, batches, len(examples))
    return Statistics(**found)


def _shared(
    network: nn.Module,
    layers: Mapping[str, nn.Module],
    weights: Mapping[str, Tensor],
    batches: Batches,
    kinds: set[str],
    samples: int,
) -> dict[str, Tensors]:
    """All kinds that one forward and one backward pass a batch can serve."""
    norms, zeros, squared = InputNorms(layers), Zeros(layers), SquaredGradients(layers)
    watching = {"norms": norms.hooks, "squares": squared.hooks, "fractions": lambda: zeros.followers}
    slopes = bool(kinds & {"gradients", "squares"})
    total = {name: torch.zeros_like(w, dtype=torch.float64) for name, w in weights.items()}
    with ExitStack() as stack:
        stack.enter_context(projections_called(network))
        stack.enter_context(torch.set_grad_enabled(slopes))
        for kind in kinds & set(watching):
            stack.enter_context(watching[kind]())
        for images, labels in batches():
            squared.start(len(images))
            logits = network(images)
            if slopes:
                found = gradients(loss(logits, labels), weights)
                total = {name: total[name] + gradient for name, gradient in found.items()}
                squared.finish(found if "squares" in kinds else {})
    taken: dict[str, Tensors] = {}
    if "gradients" in kinds:
        taken["gradients"] = {name: (value / samples).float() for name, value in total.items()}
    if "squares" in kinds:
        odd = {name: weight for name, weight in weights.items() if name in squared.odd}
        sums = squared.squares | (squares_one_by_one(network, odd, batches) if odd else {})
        taken["squares"] = {name: (value / samples).float() for name, value in sums.items()}
    if "norms" in kinds:
        taken["norms"] = norms.taken()
    if "fractions" in kinds:
        taken["fractions"] = zeros.taken()
    return taken
