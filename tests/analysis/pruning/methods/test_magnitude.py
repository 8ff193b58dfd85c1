"""Magnitude and random choose the very weights that torch.nn.utils.prune does."""

import copy

import pytest
import torch
from torch.nn.utils import prune as peer

from analysis.pruning import PRUNERS
from analysis.pruning.allocation import masks
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.scoring import scores
from analysis.types import silent
from tests.analysis.pruning.specimens import small, wrapped

WEIGHTS = weights_of(prunable(small()))
TOTAL = sum(w.numel() for w in WEIGHTS.values())


def gone_at_peer(method: type, sparsity: float, *, whole: bool) -> dict[str, torch.Tensor]:
    network = copy.deepcopy(small())
    layers = prunable(network)
    if whole:
        peer.global_unstructured([(m, "weight") for m in layers.values()], method, amount=round(sparsity * TOTAL))
    else:
        for module in layers.values():
            method.apply(module, "weight", sparsity)  # type: ignore[attr-defined]
    return {name: module.weight_mask == 0 for name, module in layers.items()}  # type: ignore[operator]


def gone_here(name: str, sparsity: float, scope: str, **params: int) -> dict[str, torch.Tensor]:
    (found,) = masks(PRUNERS[name].function(WEIGHTS, **params), [sparsity], scope=scope)  # type: ignore[arg-type]
    return {layer: ~mask for layer, mask in found.items()}


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9, 0.99])
def test_global_magnitude(sparsity: float) -> None:
    theirs, ours = (
        gone_at_peer(peer.L1Unstructured, sparsity, whole=True),
        gone_here("global_magnitude", sparsity, "global"),
    )
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.75])  # no layer has half a weight over
def test_layer_magnitude(sparsity: float) -> None:
    theirs, ours = (
        gone_at_peer(peer.L1Unstructured, sparsity, whole=False),
        gone_here("layer_magnitude", sparsity, "layer"),
    )
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9])
def test_random_draws_as_torch_does(sparsity: float) -> None:
    torch.manual_seed(7)
    theirs = gone_at_peer_random(sparsity, 7)
    ours = gone_here("random", sparsity, "global", seed=7)
    assert all(torch.equal(theirs[name], ours[name]) for name in theirs)


def gone_at_peer_random(sparsity: float, seed: int) -> dict[str, torch.Tensor]:
    network = small()  # which seeds torch itself
    layers = prunable(network)
    torch.manual_seed(seed)
    peer.global_unstructured(
        [(m, "weight") for m in layers.values()], peer.RandomUnstructured, amount=round(sparsity * TOTAL)
    )
    return {name: module.weight_mask == 0 for name, module in layers.items()}  # type: ignore[operator]


def test_a_seed_of_zero_is_the_recipes() -> None:
    network = small()
    classifier = wrapped(network)

    def drawn(recipe: int, **params: int) -> torch.Tensor:
        given = (PRUNERS["random"], params, network, prunable(network), classifier, None, recipe, 0.5, silent)
        return scores(*given)["conv1"]

    assert torch.equal(drawn(3), drawn(3))
    assert not torch.equal(drawn(3), drawn(4))
    assert torch.equal(drawn(3, seed=5), drawn(4, seed=5))
    assert torch.equal(drawn(3, seed=0), drawn(3))


def test_random_takes_the_same_share_everywhere_on_average() -> None:
    gone = gone_here("random", 0.5, "global", seed=1)
    assert sum(int(g.sum()) for g in gone.values()) == round(0.5 * TOTAL)
    assert all(0.35 < float(g.float().mean()) < 0.65 for g in gone.values() if g.numel() > 100)
