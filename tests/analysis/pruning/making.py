"""Methods of kind "change", called as the runner calls them, and what is kept of them opened again."""

import copy
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from analysis.pruning import PRUNERS
from analysis.pruning.changes import ChangeTask
from analysis.pruning.examples import Examples
from analysis.types import silent
from models import cards, catalogue
from models.cards import Card
from models.classifier import Classifier
from models.variant import Scope, VariantRecipe


def wrapped(network: nn.Module, architecture: str, **more: Any) -> Classifier:
    return catalogue.wrap(network.eval().requires_grad_(False), architecture=architecture, **more)


def change(
    classifier: Classifier,
    method: str,
    sparsity: float = 0.5,
    *,
    scope: Scope = "layer",
    examples: Examples | None = None,
    seed: int = 0,
    **params: Any,
) -> tuple[nn.Module, dict[str, Any]]:
    """The variant's network and its structure; the base must be as it was."""
    chosen = PRUNERS[method]
    recipe = VariantRecipe(
        "base", classifier.fingerprint, method, sparsity, params=chosen.bound(params), scope=scope, seed=seed
    )
    before = {k: v.clone() for k, v in classifier.module.state_dict().items()}
    task = ChangeTask(classifier, recipe, examples, silent)
    network, structure = chosen.function(copy.deepcopy(classifier.module).eval(), task, **recipe.params)
    assert all(torch.equal(v, before[k]) for k, v in classifier.module.state_dict().items())
    return network.eval().requires_grad_(False), structure


def reopened(classifier: Classifier, network: nn.Module, structure: dict[str, Any], folder: Path) -> Classifier:
    """Stored in a folder as a variant is, and loaded from there."""
    card = Card("v", classifier.architecture, classifier.class_names, classifier.preprocessing, structure=structure)
    cards.store(card, network.state_dict(), folder)
    return catalogue.load("v", imported=folder)


def images(classifier: Classifier, count: int = 3, seed: int = 1) -> Tensor:
    shape = (count, classifier.preprocessing.channels, *classifier.preprocessing.size)
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def logits(network: nn.Module, given: Tensor) -> Tensor:
    with torch.inference_mode():
        return network(given)


def parameters(network: nn.Module) -> int:
    return sum(p.numel() for p in network.parameters())
