"""SNIP, GraSP, Taylor and Fisher, from end to end, against their formulas written out in float64."""

import numpy as np
import pytest
import torch
import torch_pruning as peer
from torch import Tensor, nn
from torch.nn import functional as F

from analysis.errors import NotApplicable
from analysis.pruning import PRUNERS
from analysis.pruning.layers import prunable
from analysis.pruning.scoring import scores
from analysis.types import silent
from tests.analysis.pruning.specimens import float64, loss_gradients, small, some_examples, wrapped

EXAMPLES = some_examples(12)


def asked(name: str, **params: bool) -> dict[str, Tensor]:
    network = small()
    return scores(PRUNERS[name], params, network, prunable(network), wrapped(network), EXAMPLES, 0, 0.5, silent)


def written_out() -> tuple[dict[str, Tensor], dict[str, Tensor], nn.Module, Tensor, Tensor]:
    double, images, labels = float64(small(), EXAMPLES)
    gradients = loss_gradients(double, images, labels)
    return {n: m.weight.detach().clone() for n, m in prunable(double).items()}, gradients, double, images, labels  # type: ignore[union-attr]


def close(found: dict[str, Tensor], expected: dict[str, Tensor]) -> None:
    for name, value in expected.items():
        size = float(value.abs().max())
        np.testing.assert_allclose(found[name], value.expand(found[name].shape), rtol=1e-3, atol=1e-4 * size)


def test_snip() -> None:
    weights, gradients, *_ = written_out()
    close(asked("snip"), {name: (weights[name] * g).abs() for name, g in gradients.items()})


def test_snip_is_the_slope_of_the_loss_along_a_mask() -> None:
    """Lee et al. 2019, eq. 4: |dL/dc| at c = 1, by differences, of two weights of each layer."""
    _, _, double, images, labels = written_out()
    found = asked("snip")
    for name, module in prunable(double).items():
        for place in (0, module.weight.numel() // 2):  # type: ignore[union-attr]
            flat = module.weight.data.view(-1)  # type: ignore[union-attr]
            value, step, losses = float(flat[place]), 1e-6, []
            for factor in (1 + step, 1 - step):
                flat[place] = value * factor
                losses.append(float(F.cross_entropy(double(images), labels).detach()))
            flat[place] = value
            slope = abs(losses[0] - losses[1]) / (2 * step)
            assert float(found[name].reshape(-1)[place]) == pytest.approx(slope, rel=1e-2, abs=1e-6)


def test_grasp_is_how_the_squared_gradient_changes() -> None:
    """Wang et al. 2020, eq. 8: half the change of |g|^2 when all weights of a layer shrink a little is -w H g."""
    weights, _, double, images, labels = written_out()
    found = asked("grasp")

    def squared() -> float:
        double.zero_grad()
        F.cross_entropy(double(images) / 200, labels).backward()
        return sum(float(m.weight.grad.square().sum()) for m in prunable(double).values())  # type: ignore[union-attr]

    for name, module in prunable(double).items():
        change = []
        for factor in (1 - 1e-5, 1 + 1e-5):
            module.weight.data.copy_(weights[name] * factor)  # type: ignore[union-attr]
            change.append(squared())
        module.weight.data.copy_(weights[name])  # type: ignore[union-attr]
        growth = (change[1] - change[0]) / 2e-5 / 2
        assert float(found[name].double().sum()) == pytest.approx(growth, rel=2e-3)


def test_grasp_takes_first_what_the_paper_takes_first() -> None:
    """The authors remove the largest -w H g."""
    network = small()
    layers = prunable(network)
    products = {name: torch.randn_like(module.weight) for name, module in layers.items()}  # type: ignore[arg-type]
    weights = {name: module.weight.detach() for name, module in layers.items()}  # type: ignore[union-attr]
    found = PRUNERS["grasp"].function(weights, products)
    paper = torch.cat([(-weights[n] * products[n]).reshape(-1) for n in weights])
    assert int(torch.cat([s.reshape(-1) for s in found.values()]).argmin()) == int(paper.argmax())


@pytest.mark.parametrize("joint", [False, True])
def test_taylor(joint: bool) -> None:
    weights, gradients, *_ = written_out()
    expected = {}
    for name, gradient in gradients.items():
        products = (weights[name] * gradient).flatten(1)
        sums = products.sum(1).abs() if joint else products.abs().sum(1)
        expected[name] = sums.reshape(-1, *[1] * (gradient.ndim - 1))
    close(asked("taylor", joint=joint), expected)


def test_joint_taylor_is_the_change_when_activations_are_scaled() -> None:
    """Molchanov et al. 2017, eq. 6: the sum of w g over a filter is that of z dL/dz over its (bias-free) outputs."""
    _, _, double, images, labels = written_out()
    outputs = double.conv1(images).detach().requires_grad_()  # type: ignore[operator]
    x = F.relu(double.bn1(outputs))  # type: ignore[operator]
    x = F.max_pool2d(F.relu(double.conv2(x)), (1, 2))  # type: ignore[operator]
    x = F.relu(double.fc1(F.adaptive_avg_pool2d(double.bn3(double.conv3(x)), (2, 1)).flatten(1)))  # type: ignore[operator]
    F.cross_entropy(double.fc2(x), labels).backward()  # type: ignore[operator]
    assert outputs.grad is not None
    expected = (outputs * outputs.grad).sum((0, 2, 3)).abs().detach()
    close({"conv1": asked("taylor", joint=True)["conv1"]}, {"conv1": expected.reshape(-1, 1, 1, 1)})


@pytest.mark.parametrize("joint", [False, True])
def test_taylor_is_torch_prunings(joint: bool) -> None:
    _, _, double, _, _ = written_out()  # with its gradients
    graph = peer.DependencyGraph().build_dependency(double, torch.zeros(1, 3, 8, 8, dtype=torch.float64))
    group = graph.get_pruning_group(double.fc1, peer.prune_linear_out_channels, idxs=list(range(10)))  # type: ignore[arg-type]
    alone = peer.dependency.Group()
    alone._group, alone._DG = [group[0]], graph
    importance = peer.importance.GroupTaylorImportance(multivariable=joint, normalizer=None, bias=False)
    theirs = importance(alone)
    assert isinstance(theirs, Tensor)
    np.testing.assert_allclose(asked("taylor", joint=joint)["fc1"][:, 0], theirs.detach(), rtol=1e-3, atol=1e-6)


def test_fisher_is_the_mean_of_squared_gradients_of_single_images() -> None:
    weights, _, double, images, labels = written_out()
    each = [loss_gradients(double, images[n : n + 1], labels[n : n + 1]) for n in range(len(images))]
    fisher = {name: torch.stack([g[name].square() for g in each]).mean(0) for name in weights}
    close(asked("fisher"), {name: weights[name].square() * fisher[name] / 2 for name in weights})


def test_fisher_is_not_the_square_of_the_mean_gradient() -> None:
    """The shortcut that much code takes: squares of the batch's gradient."""
    weights, gradients, *_ = written_out()
    shortcut = weights["fc2"].square() * gradients["fc2"].square() / 2
    assert float(asked("fisher")["fc2"].double().sum()) > 1.5 * float(shortcut.sum())


@pytest.mark.parametrize("name", ["snip", "grasp", "taylor", "fisher", "wanda", "apoz"])
def test_without_images_they_are_refused(name: str) -> None:
    network = small()
    with pytest.raises(NotApplicable, match="reads images, and none were given"):
        scores(PRUNERS[name], {}, network, prunable(network), wrapped(network), None, 0, 0.5, silent)
