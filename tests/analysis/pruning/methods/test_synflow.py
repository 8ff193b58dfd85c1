"""SynFlow: the formula, conservation, no collapse where others collapse, and the known slips of public code."""

import copy

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning import PRUNERS, flow
from analysis.pruning.allocation import masks
from analysis.pruning.layers import prunable, put, weights_of
from analysis.pruning.methods.synflow import synflow
from analysis.pruning.schedules import levels
from analysis.pruning.scoring import scores
from analysis.types import silent
from models import catalogue
from models.classifier import Classifier
from tests.analysis.pruning.specimens import assert_same_state, small, state_of, wrapped


def asked(classifier: Classifier, sparsity: float, granularity: str = "weight", **params: int) -> dict[str, Tensor]:
    network = classifier.module
    given = (PRUNERS["synflow"], params, network, prunable(network), classifier, None, 0, sparsity, silent)
    return scores(*given, granularity=granularity)  # type: ignore[arg-type]


def mlp() -> nn.Sequential:
    torch.manual_seed(0)
    return nn.Sequential(nn.Flatten(), nn.Linear(192, 9), nn.ReLU(), nn.Linear(9, 7), nn.ReLU(), nn.Linear(7, 4)).eval()


def by_hand(weights: list[np.ndarray]) -> list[np.ndarray]:
    """Tanaka et al. 2020, eq. 3: a weight's score is the product of |weights| summed over all paths through it."""
    absolute = [np.abs(w) for w in weights]
    into, found = np.ones(absolute[0].shape[1]), []
    for layer, weight in enumerate(absolute):
        out_of = np.ones(absolute[-1].shape[0])
        for later in reversed(absolute[layer + 1 :]):
            out_of = later.T @ out_of
        found.append(weight * out_of[:, None] * into[None, :])
        into = weight @ into
    return found


def test_the_formula_in_one_round() -> None:
    network = mlp()
    found = asked(wrapped(network), 0.5, rounds=1)
    expected = by_hand([w.double().numpy() for w in weights_of(prunable(network)).values()])
    most = max(e.max() for e in expected)
    for score, value in zip(found.values(), expected, strict=True):
        np.testing.assert_allclose(score, value / most, rtol=1e-5)


def test_many_rounds_are_the_algorithm() -> None:
    """Algorithm 1 in numpy: score, keep the best (1 - s)^(k / n), on the weights that are left."""
    network, sparsity, rounds = mlp(), 0.97, 20
    layers = prunable(network)
    weights = [w.double().numpy().copy() for w in weights_of(layers).values()]
    total = sum(w.size for w in weights)
    for k in range(1, rounds + 1):
        ranked = by_hand(weights)
        flat = np.concatenate([r.reshape(-1) for r in ranked])
        threshold = np.sort(flat)[round((1 - (1 - sparsity) ** (k / rounds)) * total) - 1]
        for weight, rank in zip(weights, ranked, strict=True):
            weight[rank <= threshold] = 0
    (found,) = masks(asked(wrapped(network), sparsity, rounds=rounds), [sparsity])
    for weight, mask in zip(weights, found.values(), strict=True):
        np.testing.assert_array_equal(weight != 0, mask)


def test_flow_is_conserved_from_layer_to_layer() -> None:
    """Tanaka et al. 2020, theorem 2: scores of a layer add up to R, where all paths pass through it."""
    straight = flow.linear(small())
    image = torch.ones(1, 3, 8, 8, dtype=torch.float64)
    names = ["conv1", "fc1", "fc2"]
    found = synflow(straight, names, image)
    with torch.no_grad():
        flows = float(straight(image).sum())
    assert {name: float(score.sum()) for name, score in found.items()} == pytest.approx(dict.fromkeys(names, flows))


def test_the_network_that_is_asked() -> None:
    """Absolute weights, no biases, BatchNorm as the identity: its statistics are not made absolute, as elsewhere."""
    network = small()
    before = state_of(network)
    straight = flow.linear(network)
    assert_same_state(before, state_of(network))
    assert torch.equal(straight.conv1.weight, network.conv1.weight.double().abs())  # type: ignore[union-attr]
    assert not straight.conv2.bias.any()  # type: ignore[union-attr]
    assert not straight.bn1.running_mean.any()  # type: ignore[union-attr]
    maps = torch.rand(2, 8, 3, 3, dtype=torch.float64) - 0.5
    assert torch.equal(straight.bn1(maps), maps)  # type: ignore[operator]


def test_statistics_of_batchnorm_do_not_change_the_scores() -> None:
    network, other = small(), small()
    nn.init.uniform_(other.bn1.running_mean, -3, 3)
    nn.init.uniform_(other.bn3.running_var, 0.01, 9)
    one, two = asked(wrapped(network), 0.9, rounds=5), asked(wrapped(other), 0.9, rounds=5)
    assert all(torch.equal(one[name], two[name]) for name in one)


def test_no_layer_is_emptied_where_magnitude_and_snip_empty_some() -> None:
    """Max compression leaves a weight a layer; here about three, in 100 rounds."""
    network = mlp()
    nn.init.normal_(network[3].weight, 0, 1e-3)  # a layer of small weights, as a trained network has
    classifier = wrapped(network)
    total = sum(w.numel() for w in weights_of(prunable(network)).values())
    sparsity = 1 - 9 / total
    (kept,) = masks(asked(classifier, sparsity), [sparsity])
    assert min(int(k.sum()) for k in kept.values()) >= 1
    pruned = copy.deepcopy(network)
    put(prunable(pruned), kept)
    with torch.no_grad():
        assert bool(flow.linear(pruned)(torch.ones(1, 3, 8, 8).double()).any())  # a path is left
    (magnitude,) = masks(PRUNERS["global_magnitude"].function(weights_of(prunable(network))), [sparsity])
    assert min(int(k.sum()) for k in magnitude.values()) == 0


@pytest.mark.slow
def test_a_real_network_keeps_all_its_layers_at_99_8_percent() -> None:
    classifier = catalogue.load("resnet20-cifar10")
    (kept,) = masks(asked(classifier, 0.998), [0.998])
    assert min(int(k.sum()) for k in kept.values()) >= 1
    (magnitude,) = masks(PRUNERS["global_magnitude"].function(weights_of(prunable(classifier.module))), [0.998])
    assert min(int(k.sum()) for k in magnitude.values()) == 0


def test_one_round_is_not_a_hundred() -> None:
    """What a single shot takes at high sparsity is another set of weights: the rounds are really run."""
    classifier = wrapped(mlp())
    once, often = (masks(asked(classifier, 0.98, rounds=n), [0.98])[0] for n in (1, 100))
    assert not all(torch.equal(once[name], often[name]) for name in once)


def test_earlier_rounds_zeros_score_zero() -> None:
    """And so do weights that no path passes through any more."""
    found = asked(wrapped(mlp()), 0.9, rounds=10)
    flat = torch.cat([score.reshape(-1) for score in found.values()])
    went = round(levels(0.9, 10)[-2] * len(flat))
    assert went <= int((flat == 0).sum()) < round(0.9 * len(flat))


def test_channels_go_as_wholes_in_every_round() -> None:
    network = small()
    found = asked(wrapped(network), 0.6, "channel", rounds=6)
    whole = found["conv1"].flatten(1)
    assert bool(((whole == 0).all(1) | (whole > 0).all(1)).all())
    assert any(bool((s.flatten(1) == 0).all(1).any()) for s in found.values())


@pytest.mark.parametrize(
    "part", [nn.GELU(), nn.LayerNorm(8), nn.Softmax(-1), nn.BatchNorm2d(3, track_running_stats=False)]
)
def test_networks_that_are_not_linear_in_their_flow_are_refused(part: nn.Module) -> None:
    torch.manual_seed(0)
    network = nn.Sequential(part, nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(144, 4)).eval()
    with pytest.raises(NotApplicable, match=r"Flow is measured|Nothing that can be measured"):
        asked(wrapped(network), 0.5)


def test_bundled_networks_are_served_as_far_as_they_can() -> None:
    assert flow.reason_against(catalogue.load("resnet20-cifar10")) is None
    assert flow.reason_against(catalogue.load("shapes-cnn")) is None
    assert "does not double" in (flow.reason_against(catalogue.load("shapes-vit")) or "")
