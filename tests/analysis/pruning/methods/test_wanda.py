"""Wanda: the metric, and that each output loses the same share."""

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.pruning import PRUNERS
from analysis.pruning.allocation import masks
from analysis.pruning.granularity import pattern_masks
from analysis.pruning.layers import prunable
from analysis.pruning.methods.wanda import wanda
from analysis.pruning.scoring import scores
from analysis.types import silent
from tests.analysis.pruning.specimens import INPUT, small, some_examples, wrapped

EXAMPLES = some_examples(16)


def metric_by_hand(weight: Tensor, inputs: Tensor) -> Tensor:
    """Sun et al. 2024, eq. 1: |w_ij| ||x_j||, x_j the feature j over all tokens."""
    return weight.abs() * inputs.norm(dim=0)


def test_within_the_layer_it_is_the_metric() -> None:
    network = small()
    layers = prunable(network)
    given = (PRUNERS["wanda"], {"within": "layer"}, network, layers, wrapped(network), EXAMPLES, 0, 0.5, silent)
    found = scores(*given)
    seen: list[Tensor] = []
    handle = network.fc1.register_forward_pre_hook(lambda _m, inputs: seen.append(inputs[0]))
    images, _ = next(EXAMPLES.batches(16, INPUT))
    with torch.no_grad():
        network(images)
    handle.remove()
    expected = metric_by_hand(network.fc1.weight.detach(), seen[0])
    torch.testing.assert_close(found["fc1"], expected, rtol=1e-4, atol=1e-6)


def test_of_a_convolution_the_inputs_are_its_unfolded_pixels() -> None:
    network = small()
    layers = prunable(network)
    given = (PRUNERS["wanda"], {"within": "layer"}, network, layers, wrapped(network), EXAMPLES, 0, 0.5, silent)
    images, _ = next(EXAMPLES.batches(16, INPUT))
    columns = nn.functional.unfold(images, 3, padding=1).movedim(1, 2).flatten(0, 1)
    expected = metric_by_hand(network.conv1.weight.detach().flatten(1), columns)
    torch.testing.assert_close(scores(*given)["conv1"].flatten(1), expected, rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("sparsity", [0.25, 0.5, 0.75])
def test_each_output_loses_the_same_share_its_smallest(sparsity: float) -> None:
    """Algorithm 1: within each row, by a sort of its own."""
    torch.manual_seed(0)
    weight, norm = torch.randn(7, 40), torch.rand(40).expand(7, 40)
    (found,) = masks(wanda({"a": weight}, {"a": norm}), [sparsity], scope="layer")
    metric = (weight.abs() * norm).numpy()
    for row, kept in zip(metric, found["a"], strict=True):
        expected = set(np.argsort(row)[: int(40 * sparsity)])
        assert set(np.flatnonzero(~kept.numpy())) == expected


def test_a_remainder_goes_by_the_metric() -> None:
    """Of 3 rows of 5 at 40 % each loses 2; at 46.7 % one more goes: the smallest of the three that are next."""
    torch.manual_seed(1)
    weight = torch.randn(3, 5)
    (found,) = masks(wanda({"a": weight}, {"a": torch.ones(3, 5)}), [7 / 15], scope="layer")
    lost = (~found["a"]).sum(1)
    third = weight.abs().sort(dim=1).values[:, 2]
    assert lost.tolist() == [3 if row == int(third.argmin()) else 2 for row in range(3)]


def test_ranks_and_the_metric_choose_alike_in_patterns() -> None:
    torch.manual_seed(2)
    weight, norm = torch.randn(6, 16), torch.rand(6, 16)
    rows, layer = (pattern_masks(wanda({"a": weight}, {"a": norm}, within=w), 2, 4)["a"] for w in ("row", "layer"))
    assert torch.equal(rows, layer)
    assert torch.equal(rows.unflatten(1, (4, 4)).sum(2), torch.full((6, 4), 2))


def test_scopes_that_compare_layers_are_not_offered() -> None:
    method = PRUNERS["wanda"]
    assert method.scope == "layer"
    assert "global" not in method.scopes
    assert "channel" not in method.granularities  # a row's ranks have one mean, whatever the row
