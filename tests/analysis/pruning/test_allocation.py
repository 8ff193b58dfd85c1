import numpy as np
import pytest
import torch
from torch import nn

from analysis.errors import BadParameter, NotApplicable
from analysis.pruning import allocation, densities
from analysis.pruning.granularity import check, grouping, pattern_masks
from analysis.pruning.layers import prunable


class Small(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.a = nn.Conv2d(3, 8, 3)
        self.b = nn.Conv2d(8, 16, 3)
        self.c = nn.Linear(16, 10)


def _scores() -> dict[str, torch.Tensor]:
    return {name: m.weight.detach().abs() for name, m in prunable(Small()).items()}


def _zeros(masks: dict[str, torch.Tensor]) -> float:
    return sum(int((~m).sum()) for m in masks.values()) / sum(m.numel() for m in masks.values())


@pytest.mark.parametrize("sparsity", [0.1, 0.5, 0.9, 0.995])
@pytest.mark.parametrize("scope", ["global", "layer", "erk"])
def test_the_fraction_is_exact_to_one_weight(sparsity: float, scope) -> None:
    (found,) = allocation.masks(_scores(), [sparsity], scope=scope)
    total = sum(m.numel() for m in found.values())
    assert abs(_zeros(found) - sparsity) <= 1 / total


def test_one_sort_gives_what_each_sparsity_gives_alone() -> None:
    several = allocation.masks(_scores(), [0.9, 0.2, 0.5])
    for sparsity, found in zip([0.9, 0.2, 0.5], several, strict=True):
        (alone,) = allocation.masks(_scores(), [sparsity])
        assert all(torch.equal(found[name], alone[name]) for name in alone)


def test_a_higher_sparsity_keeps_nothing_that_a_lower_one_took() -> None:
    low, high = allocation.masks(_scores(), [0.5, 0.8])
    assert all(not (high[name] & ~low[name]).any() for name in low)


def test_of_equal_scores_the_last_go_and_exactly_so_many() -> None:
    scores = {"a": torch.ones(2, 5), "b": torch.ones(1, 10)}
    (found,) = allocation.masks(scores, [0.35])
    assert torch.cat([found["a"].flatten(), found["b"].flatten()]).tolist() == [True] * 13 + [False] * 7


def test_a_global_threshold_takes_the_smallest_of_all() -> None:
    scores = _scores()
    (found,) = allocation.masks(scores, [0.6])
    gone = torch.cat([scores[n][~m] for n, m in found.items()])
    stays = torch.cat([scores[n][m] for n, m in found.items()])
    assert gone.max() <= stays.min()


def test_erk_by_hand() -> None:
    # sum over product: a (4 + 6) / 24, b (10 + 10) / 100; at 50 % neither is full
    shapes = {"a": (4, 6), "b": (10, 10)}
    found = densities.sparsities(shapes, 0.5, "erk")
    kept = {name: (1 - found[name]) * np.prod(shape) for name, shape in shapes.items()}
    assert kept["a"] + kept["b"] == pytest.approx(62)
    assert kept["a"] / kept["b"] == pytest.approx(10 / 20)


def test_erk_leaves_small_layers_whole() -> None:
    found = densities.sparsities({"small": (2, 2), "large": (100, 100)}, 0.5, "erk")
    assert found["small"] == 0
    assert found["large"] * 10_000 == pytest.approx(0.5 * 10_004)


def test_uniform_plus_keeps_the_first_layer_and_a_fifth_of_the_last() -> None:
    shapes = {"first": (10, 10), "middle": (100, 100), "last": (10, 10)}
    found = densities.sparsities(shapes, 0.9, "uniform_plus")
    assert found["first"] == 0
    assert found["last"] == pytest.approx(0.8)
    assert sum(found[n] * np.prod(s) for n, s in shapes.items()) == pytest.approx(0.9 * 10_200)
    with pytest.raises(BadParameter, match="is the most"):
        densities.sparsities(shapes, 0.995, "uniform_plus")


@pytest.mark.parametrize(("granularity", "axes"), [("channel", 1), ("kernel", 2)])
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_groups_go_whole(granularity, axes: int, scope) -> None:
    network = Small()
    layers = prunable(network)
    groups = grouping(network, layers, granularity)
    (found,) = allocation.masks(_scores(), [0.5], scope=scope, groups=groups)
    for mask in found.values():
        flat = mask.flatten(axes) if mask.ndim > axes else mask[..., None]
        assert (flat.all(-1) | ~flat.any(-1)).all()
    total = sum(m.weight.numel() for m in layers.values())
    assert abs(sum(int((~m).sum()) for m in found.values()) / total - 0.5) < 0.03
    assert ("c" in found) == (granularity == "kernel")  # channels of the last layer are the classes


def test_a_groups_score_is_the_mean_of_its_weights() -> None:
    network = Small()
    groups = grouping(network, prunable(network), "channel")
    assert groups is not None
    expected = torch.cat([score.flatten(1).mean(1) for name, score in _scores().items() if name != "c"])
    assert torch.allclose(groups.pooled(_scores()), expected)


def test_two_of_four_along_the_input_channels() -> None:
    torch.manual_seed(1)
    scores = {"a": torch.rand(5, 8, 3, 3), "b": torch.rand(6, 12), "odd": torch.rand(4, 3, 3, 3)}
    found = pattern_masks(scores, 2, 4)
    assert set(found) == {"a", "b"}
    for name, mask in found.items():
        blocks = mask.movedim(1, -1).reshape(-1, 4)
        values = scores[name].movedim(1, -1).reshape(-1, 4)
        assert (blocks.sum(-1) == 2).all()
        best = torch.zeros_like(blocks).scatter_(1, values.topk(2).indices, torch.ones_like(blocks))
        assert torch.equal(blocks, best)


def test_a_pattern_decides_the_sparsity() -> None:
    check(0.5, "2:4")
    with pytest.raises(BadParameter, match="50%"):
        check(0.8, "2:4")


def test_heads_go_with_their_columns_of_the_projection() -> None:
    timm = pytest.importorskip("timm")
    network = timm.create_model("vit_tiny_patch16_224", num_classes=5)
    layers = prunable(network)
    groups = grouping(network, layers, "head")
    assert groups is not None
    scores = {name: torch.zeros_like(m.weight) for name, m in layers.items()}
    width = 192 // 3
    for name, score in scores.items():
        if name.endswith("qkv"):
            score += 1
            score.unflatten(0, (3, 3, width))[:, 1] = 0  # the middle one of three heads
        if name.endswith("attn.proj"):
            score += 1
            score.unflatten(1, (3, width))[:, 1] = 0
    (found,) = allocation.masks(scores, [1 / 3], groups=groups)
    for name in (n for n in found if n.endswith("qkv")):
        assert torch.equal(found[name], scores[name].bool())
        assert torch.equal(found[name.replace("qkv", "proj")], scores[name.replace("qkv", "proj")].bool())


def test_a_network_without_heads_says_so() -> None:
    network = Small()
    with pytest.raises(NotApplicable, match="no attention heads"):
        grouping(network, prunable(network), "head")
