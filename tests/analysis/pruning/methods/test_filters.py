"""Scores of whole filters: norms and geometric median, against Torch-Pruning where it is right."""

from collections.abc import Mapping

import numpy as np
import pytest
import torch
import torch_pruning as peer
from scipy.spatial.distance import cdist
from torch import Tensor, nn

from analysis.pruning import PRUNERS
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.methods.fpgm import fpgm
from tests.analysis.pruning.specimens import small

NETWORK = small()
WEIGHTS = weights_of(prunable(NETWORK))


def per_filter(scores: Mapping[str, Tensor]) -> dict[str, np.ndarray]:
    """One value an output; all its weights have it."""
    for score in scores.values():
        assert torch.equal(score.flatten(1).amin(1), score.flatten(1).amax(1))
    return {name: score.flatten(1)[:, 0].double().numpy() for name, score in scores.items()}


def at_peer(importance: peer.importance.Importance, layer: nn.Conv2d) -> np.ndarray:
    """Torch-Pruning's score of each filter of a convolution, its group being that filter alone."""
    network = nn.Sequential(layer)
    graph = peer.DependencyGraph().build_dependency(network, torch.zeros(1, layer.in_channels, 8, 8))
    group = graph.get_pruning_group(layer, peer.prune_conv_out_channels, idxs=list(range(layer.out_channels)))
    found = importance(group)
    assert isinstance(found, Tensor)
    return found.detach().double().numpy()


@pytest.mark.parametrize(("name", "order"), [("l1_filter", 1), ("l2_filter", 2)])
def test_norms(name: str, order: int) -> None:
    found = per_filter(PRUNERS[name].function(WEIGHTS))
    for layer, weight in WEIGHTS.items():
        norms = np.linalg.norm(weight.double().numpy().reshape(len(weight), -1), ord=order, axis=1)
        np.testing.assert_allclose(found[layer], norms / norms.mean(), rtol=1e-6)


@pytest.mark.parametrize(("name", "order"), [("l1_filter", 1), ("l2_filter", 2)])
def test_norms_are_torch_prunings(name: str, order: int) -> None:
    layer = NETWORK.conv1
    importance = peer.importance.GroupMagnitudeImportance(
        p=order, normalizer="mean", group_reduction="mean", bias=False
    )
    theirs = at_peer(importance, layer)
    ours = per_filter(PRUNERS[name].function({"a": layer.weight.detach()}))["a"]
    power = 1 if order == 1 else 2  # theirs is the sum of |w|^p, without the root
    np.testing.assert_allclose(theirs, ours**power / (ours**power).mean(), rtol=1e-5)


def test_the_geometric_median_is_of_the_weights_themselves() -> None:
    found = per_filter(fpgm(WEIGHTS))
    for layer, weight in WEIGHTS.items():
        filters = weight.double().numpy().reshape(len(weight), -1)
        sums = cdist(filters, filters, "euclidean").sum(1)
        np.testing.assert_allclose(found[layer], sums / sums.mean(), rtol=1e-6)


def test_signs_count_unlike_torch_prunings() -> None:
    """Filters of the same sizes and opposite signs are far apart: Torch-Pruning 1.6 calls them one and the same."""
    filters = torch.tensor([[1.0, 1.0], [-1.0, -1.0], [0.9, 1.1]])
    found = per_filter(fpgm({"a": filters}))["a"]
    assert found.argmax() == 1
    expected = np.array(
        [2 * 2**0.5 + 0.02**0.5, 2 * 2**0.5 + (1.9**2 + 2.1**2) ** 0.5, 0.02**0.5 + (1.9**2 + 2.1**2) ** 0.5]
    )
    np.testing.assert_allclose(found, expected / expected.mean(), rtol=1e-6)
    layer = nn.Conv2d(2, 3, 1, bias=False)
    with torch.no_grad():
        layer.weight.copy_(filters[..., None, None])
    theirs = at_peer(peer.importance.FPGMImportance(p=2, bias=False), layer)
    assert theirs[0] == pytest.approx(theirs[1])


def test_the_distance_is_euclidean_not_the_cosine() -> None:
    """Of three filters of one direction, cosine distances (which `or "cos"` in the authors' code asks for) are zero."""
    found = per_filter(fpgm({"a": torch.tensor([[1.0, 2.0], [2.0, 4.0], [3.0, 6.0]])}))["a"]
    np.testing.assert_allclose(found, np.array([3.0, 2.0, 3.0]) / (8 / 3), rtol=1e-6)


@pytest.mark.parametrize("name", ["l1_filter", "l2_filter", "fpgm"])
def test_a_layer_of_zeros_or_of_one_filter_scores_zero_or_one(name: str) -> None:
    found = PRUNERS[name].function({"zeros": torch.zeros(3, 2), "one": torch.ones(1, 2)})
    assert not found["zeros"].any()
    assert torch.equal(found["one"], torch.full((1, 2), 0.0 if name == "fpgm" else 1.0))


@pytest.mark.parametrize("name", ["l1_filter", "l2_filter", "fpgm"])
def test_layers_are_not_compared_unless_asked(name: str) -> None:
    method = PRUNERS[name]
    assert (method.scope, method.granularities) == ("layer", ("channel",))
