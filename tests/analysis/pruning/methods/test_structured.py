"""Channels removed: against Torch-Pruning, against the formulas by hand, and the defects of public code."""

import copy

import numpy as np
import pytest
import torch
import torch_pruning
from torch import nn
from torch.nn import functional as F

from analysis.errors import NotApplicable
from analysis.pruning.channels import Channels
from analysis.pruning.examples import Examples
from analysis.pruning.importance import channel_importance
from models import catalogue
from models.architectures.registry import build
from models.preprocessing import IMAGENET, Preprocessing
from tests.analysis.pruning.making import change, images, logits, parameters, reopened, wrapped

SMALL = Preprocessing((64, 64), None, "bilinear", IMAGENET.mean, IMAGENET.std)


@pytest.fixture(scope="module")
def resnet18():
    torch.manual_seed(0)
    return wrapped(build("torchvision/resnet18"), "torchvision/resnet18", preprocessing=IMAGENET)


def test_half_of_resnet18s_channels(resnet18):
    network, _ = change(resnet18, "structured", 0.5)
    given = torch.randn(1, 3, 224, 224)
    macs, count = torch_pruning.utils.count_ops_and_params(network, given)
    dense, dense_count = torch_pruning.utils.count_ops_and_params(resnet18.module, given)
    assert (round(dense / 1e9, 3), round(dense_count / 1e6, 2)) == (1.822, 11.69)
    assert (round(macs / 1e9, 3), round(count / 1e6, 3)) == (0.487, 3.056)


@pytest.mark.parametrize(("kind", "order"), [("l1", 1), ("l2", 2)])
def test_the_same_network_as_torch_prunings(resnet18, kind, order):
    network, _ = change(resnet18, "structured", 0.3, importance=kind)
    peer = copy.deepcopy(resnet18.module).requires_grad_(True)
    pruner = torch_pruning.pruner.BasePruner(
        peer,
        torch.randn(1, 3, 64, 64),
        torch_pruning.importance.GroupMagnitudeImportance(p=order),
        pruning_ratio=0.3,
        ignored_layers=[peer.fc],
        **{name: {} for name in ("in_channel_groups", "out_channel_groups", "num_heads")},
    )
    pruner.step()
    own, others = network.state_dict(), peer.state_dict()
    assert own.keys() == others.keys()
    assert all(torch.equal(own[k], others[k]) for k in own)


def test_the_share_is_of_channels_and_parameters_fall_by_more():
    base = catalogue.load("resnet20-cifar10")
    for ratio in (0.25, 0.5, 0.75):
        network, _ = change(base, "structured", ratio)
        assert network.layer3[1].conv1.out_channels == 64 * (1 - ratio)
        share = 1 - parameters(network) / parameters(base.module)
        assert share == pytest.approx(1 - (1 - ratio) ** 2, abs=0.01)


@pytest.mark.parametrize("name", ["resnet20-cifar10", "shapes-cnn", "digits-cnn", "shapes-vit"])
@pytest.mark.parametrize("scope", ["layer", "global"])
def test_opened_again_it_gives_the_same_logits_bit_for_bit(name, scope, tmp_path):
    base = catalogue.load(name)
    network, structure = change(base, "structured", 0.5, scope=scope)
    found = reopened(base, network, structure, tmp_path)
    given = images(base)
    assert torch.equal(logits(found.module, given), logits(network, given))
    assert found.head is not None
    assert len(found.head.weight) == len(base.class_names)
    again, same = change(base, "structured", 0.5, scope=scope)
    assert same == structure
    assert torch.equal(logits(again, given), logits(network, given))


def test_one_threshold_takes_its_share_and_empties_no_group():
    base = catalogue.load("digits-cnn")
    lopsided = copy.deepcopy(base.module)
    with torch.no_grad():
        lopsided.conv2.weight *= 1e-6  # importance is over the group's mean: a small layer is no unimportant one
    for network in (base.module, lopsided):
        classifier = wrapped(network, "cnn_digits", preprocessing=base.preprocessing)
        for ratio in (0.3, 0.9, 0.99):
            narrow, _ = change(classifier, "structured", ratio, scope="global")
            left = [narrow.conv1.out_channels, narrow.conv2.out_channels, narrow.conv3.out_channels]
            assert min(left) >= 1
            assert sum(left) == max(3, int(160 * (1 - ratio) + 1e-6))


def test_channels_left_are_multiples():
    network, _ = change(catalogue.load("resnet20-cifar10"), "structured", 0.4, round_to=8)
    widths = {m.out_channels for m in network.modules() if isinstance(m, nn.Conv2d)}
    assert widths == {8, 16, 40}  # of 16, 32 and 64: 9.6, 19.2, 38.4


def group_of(network: nn.Module, name: str, preprocessing: Preprocessing):
    return next(g for g in Channels(network, preprocessing).groups if g.name == name)


def test_bn_scale_is_that_of_torch_pruning():
    base = catalogue.load("resnet20-cifar10")
    group = group_of(copy.deepcopy(base.module), "layer2.0.conv2", base.preprocessing)
    gammas = [m.layer.weight.detach().abs() for m in group.members if isinstance(m.layer, nn.BatchNorm2d)]
    assert len(gammas) == 3  # of three blocks that share a stream
    expected = torch.stack(gammas).double().mean(0)
    values = channel_importance(group, "bn_scale")
    torch.testing.assert_close(values, expected / expected.mean())


def test_the_geometric_median_is_taken_of_the_weights_with_their_signs():
    """Torch-Pruning's takes distances between |w|^p: a filter and its negative are one to it."""
    torch.manual_seed(0)
    network = nn.Sequential(nn.Conv2d(3, 4, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4 * 36, 3))
    with torch.no_grad():
        network[0].weight[1] = -network[0].weight[0]
    preprocessing = Preprocessing((8, 8), None, "bilinear", (0.5,) * 3, (0.5,) * 3)
    group = group_of(copy.deepcopy(network), "0", preprocessing)
    filters = network[0].weight.detach().double().flatten(1).numpy()
    columns = network[3].weight.detach().double().t().numpy()  # (4 * 36, 3): each channel has 36 of them
    distances = np.sqrt(((filters[:, None] - filters[None]) ** 2).sum(-1)).sum(1)
    between = np.sqrt(((columns[:, None] - columns[None]) ** 2).sum(-1)).sum(1).reshape(4, 36).sum(1)
    expected = distances + between
    values = channel_importance(group, "geometric_median")
    np.testing.assert_allclose(values.numpy(), expected / expected.mean(), rtol=1e-10)

    graph = torch_pruning.DependencyGraph().build_dependency(network, torch.randn(1, 3, 8, 8))
    theirs = graph.get_pruning_group(network[0], torch_pruning.prune_conv_out_channels, [0, 1, 2, 3])
    of_one = torch_pruning.importance.FPGMImportance(p=2, group_reduction="first", normalizer=None)(theirs)
    squares = filters**2
    theirs_by_hand = np.sqrt(((squares[:, None] - squares[None]) ** 2).sum(-1)).sum(1)
    np.testing.assert_allclose(of_one.numpy(), theirs_by_hand, rtol=1e-5)  # the defect, as it is there
    assert not np.allclose(of_one.numpy() / of_one.mean().item(), distances / distances.mean(), rtol=0.05)


def test_taylor_is_weight_times_gradient_of_every_layer_that_has_the_channel():
    base = catalogue.load("digits-cnn")
    rng = np.random.default_rng(0)
    examples = Examples(rng.integers(0, 256, (40, 8, 8, 1), dtype=np.uint8), rng.integers(0, 10, 40))
    network, _ = change(base, "structured", 0.5, examples=examples, importance="taylor")

    dense = copy.deepcopy(base.module).double().requires_grad_(True)
    ((given, labels),) = examples.batches(40, base.preprocessing)
    F.cross_entropy(dense(given.double()), labels).backward()
    kept = {}
    for conv, norm, after in ((dense.conv1, dense.bn1, dense.conv2), (dense.conv3, dense.bn3, dense.fc)):
        own = (conv.weight * conv.weight.grad).abs().flatten(1).sum(1)
        own += (norm.weight * norm.weight.grad).abs()
        own += (after.weight * after.weight.grad).abs().transpose(0, 1).flatten(1).sum(1)
        kept[norm] = own.argsort()[len(own) // 2 :].sort().values
    assert torch.equal(network.bn1.bias, base.module.bn1.bias[kept[dense.bn1]])
    assert torch.equal(network.bn3.bias, base.module.bn3.bias[kept[dense.bn3]])


def test_what_is_missing_is_said():
    base = catalogue.load("digits-cnn")
    with pytest.raises(NotApplicable, match="Taylor importance reads labelled images"):
        change(base, "structured", 0.5, importance="taylor")
    torch.manual_seed(0)
    lenet = wrapped(build("lenet5_mnist"), "lenet5_mnist")
    with pytest.raises(NotApplicable, match="no BatchNorm whose scale"):
        change(lenet, "structured", 0.5, importance="bn_scale")


def test_random_channels_are_those_of_the_seed():
    base = catalogue.load("digits-cnn")
    given = images(base)
    one, same, other = (
        logits(change(base, "structured", 0.5, importance="random", seed=seed)[0], given) for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
