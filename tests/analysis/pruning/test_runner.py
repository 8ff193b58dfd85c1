"""Recipes become networks: bits, bases left alone, rounds, what is refused."""

import copy
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from analysis.errors import BadParameter, Cancelled, NotApplicable
from analysis.pruning.asking import reason_against, recipes
from analysis.pruning.examples import Examples, draw
from analysis.pruning.layers import prunable, sparsity, weights_of
from analysis.pruning.recalibration import recalibrate
from analysis.pruning.registry import PRUNERS
from analysis.pruning.runner import prune
from analysis.pruning.schedules import levels
from analysis.pruning.training import tune
from models import catalogue
from models.classifier import Classifier
from models.fingerprints import fingerprint
from models.preprocessing import Preprocessing
from models.variant import Tuning, VariantRecipe

INPUT = Preprocessing(size=(8, 8), resize=8, mean=(0.5, 0.5, 0.5), std=(0.5, 0.5, 0.5))


class Tiny(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(3, 8, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(8)
        self.relu1 = nn.ReLU()
        self.conv2 = nn.Conv2d(8, 12, 3, padding=1)
        self.relu2 = nn.ReLU()
        self.pool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(12, 3)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        x = self.relu2(self.conv2(self.relu1(self.bn1(self.conv1(x)))))
        return self.fc(self.pool(x).flatten(1))


@pytest.fixture
def base() -> Classifier:
    torch.manual_seed(0)
    module = Tiny().eval().requires_grad_(False)
    return catalogue.wrap(module, name="tiny", preprocessing=INPUT, class_names=("a", "b", "c"))


@pytest.fixture(scope="module")
def examples() -> Examples:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 3, 96)
    images = rng.integers(0, 120, (96, 8, 8, 3)) + labels[:, None, None, None] * 60
    return Examples(images.astype(np.uint8), labels)


def _identity(network: nn.Module) -> str:
    return fingerprint("tiny", network, INPUT)


def test_global_magnitude_is_torchs_own(base: Classifier) -> None:
    (found,) = prune(base, recipes(base, "global_magnitude", [0.7]))
    torch.manual_seed(0)
    theirs = Tiny()
    layers = [(m, "weight") for m in prunable(theirs).values()]
    torch_prune.global_unstructured(layers, torch_prune.L1Unstructured, amount=0.7)
    for name, module in prunable(found.network).items():
        assert torch.equal(module.weight, dict(theirs.named_modules())[name].weight)


def test_the_base_stays_as_it_was_and_zeros_are_plus_zero(base: Classifier) -> None:
    before = _identity(base.module)
    found = list(prune(base, recipes(base, "global_magnitude", [0.3, 0.9])))
    assert _identity(base.module) == before
    for each in found:
        weights = weights_of(prunable(each.network))
        assert not any((torch.signbit(w) & (w == 0)).any() for w in weights.values())
        assert sparsity(weights) == pytest.approx(each.recipe.sparsity, abs=0.001)
        assert not each.network.training
        assert not any(p.requires_grad for p in each.network.parameters())


@pytest.mark.parametrize("rounds", [1, 3])
def test_the_same_recipe_gives_the_same_bits(base: Classifier, examples: Examples, rounds: int) -> None:
    tuning = Tuning(epochs=1, batch=32, distil=True)
    asked = recipes(base, "global_magnitude", [0.6], rounds=rounds, tuning=tuning, recalibrate=64, data="d")
    first, second = (next(iter(prune(base, asked, examples))) for _ in range(2))
    assert _identity(first.network) == _identity(second.network)
    assert sparsity(weights_of(prunable(first.network))) == pytest.approx(0.6, abs=0.001)


def test_rounds_that_begin_others_are_shared_and_equal_those_alone(base: Classifier, examples: Examples) -> None:
    tuning = Tuning(epochs=1, batch=32)
    asked = recipes(base, "global_magnitude", [0.8, 0.5], given_levels=(0.5, 0.8), tuning=tuning, data="d")
    assert [r.levels for r in asked] == [(0.5, 0.8), (0.5,)]
    together = list(prune(base, asked, examples))
    assert [p.recipe.sparsity for p in together] == [0.8, 0.5]
    for recipe, found in zip(asked, together, strict=True):
        (alone,) = prune(base, [recipe], examples)
        assert _identity(alone.network) == _identity(found.network)


def test_what_is_gone_stays_gone_over_rounds(base: Classifier, examples: Examples) -> None:
    tuning = Tuning(epochs=1, batch=32)
    asked = recipes(base, "random", [0.4, 0.8], given_levels=(0.4, 0.8), tuning=tuning, data="d")
    low, high = prune(base, asked, examples)
    for name, weight in weights_of(prunable(low.network)).items():
        assert not (weights_of(prunable(high.network))[name].bool() & ~weight.bool()).any()


def test_a_channel_that_goes_says_nothing_and_classes_stay(base: Classifier) -> None:
    (channels,) = prune(base, recipes(base, "global_magnitude", [0.5], granularity="channel", scope="layer"))
    weights, network = weights_of(prunable(channels.network)), channels.network
    for weight in weights.values():
        rows = weight.flatten(1).bool()
        assert (rows.all(1) | ~rows.any(1)).all()
    assert weights["fc"].bool().all()
    first, second = (~weights[name].flatten(1).any(1) for name in ("conv1", "conv2"))
    assert first.any()
    assert second.any()
    inputs = network.bn1(network.conv1(torch.randn(2, 3, 8, 8)))
    assert not inputs[:, first].any()
    assert inputs[:, ~first].any()
    assert not network.conv2(network.relu1(inputs))[:, second].any()


def test_patterns(base: Classifier) -> None:
    (two_of_four,) = prune(base, recipes(base, "global_magnitude", [0.5], granularity="2:4"))
    weights = weights_of(prunable(two_of_four.network))
    assert weights["conv1"].bool().all()  # three input channels
    assert (weights["conv2"].movedim(1, -1).reshape(-1, 4).bool().sum(1) == 2).all()
    assert any("only whole groups" in remark for remark in two_of_four.remarks)


def test_a_layer_with_nothing_left_is_told(base: Classifier) -> None:
    base.module.get_submodule("conv1").weight.data *= 1e-6
    (found,) = prune(base, recipes(base, "global_magnitude", [0.5]))
    assert any("Nothing is left of 1 of 3 layers: conv1" in remark for remark in found.remarks)


def test_recalibration_gives_the_statistics_of_the_examples(base: Classifier, examples: Examples) -> None:
    network = Tiny().eval()
    assert recalibrate(network, examples, INPUT)
    (batch,) = (b for b, _ in examples.batches(len(examples), INPUT))
    inputs = network.conv1(batch)
    assert torch.allclose(network.bn1.running_mean, inputs.mean((0, 2, 3)), atol=1e-5)
    assert torch.allclose(network.bn1.running_var, inputs.var((0, 2, 3), unbiased=True), rtol=1e-4)
    assert network.bn1.momentum == 0.1
    assert not network.training
    assert not recalibrate(nn.Linear(3, 2), examples, INPUT)


def test_some_of_those_drawn_are_some_of_all(examples: Examples) -> None:
    chosen = draw(len(examples), 40, seed=3)
    drawn = Examples(examples.images[chosen], examples.labels[chosen], drawn=True)
    assert np.array_equal(drawn.some(25, 3).images, examples.some(25, 3).images)


def test_a_cancelled_run_gives_nothing_more(base: Classifier, examples: Examples) -> None:
    seen = []

    def stop(fraction: float, message: str) -> None:
        seen.append(fraction)
        if fraction > 0.4:
            raise Cancelled("stopped")

    tuning = Tuning(epochs=2, batch=8)
    asked = recipes(base, "global_magnitude", [0.6], rounds=3, tuning=tuning, data="d")
    before = _identity(base.module)
    with pytest.raises(Cancelled):
        list(prune(base, asked, examples, report=stop))
    assert _identity(base.module) == before
    assert seen == sorted(seen)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        (0, "above 0 and below 1"),
        (1, "above 0 and below 1"),
        (1.2, r"got 1\.2\.$"),
        ("90", "Did you mean 0.9"),
        ("much", "got 'much'"),
        (float("nan"), "above 0"),
    ],
)
def test_sparsities_that_make_no_sense(base: Classifier, given: object, said: str) -> None:
    with pytest.raises(BadParameter, match=said):
        recipes(base, "global_magnitude", [given])  # type: ignore[list-item]


def test_what_needs_images_says_so_without(base: Classifier) -> None:
    for asked, said in (
        (recipes(base, "global_magnitude", [0.5], recalibrate=10), "statistics are taken from images"),
        (recipes(base, "global_magnitude", [0.5], tuning=Tuning(epochs=1)), "learns from images"),
        (recipes(base, "lrr", [0.5], tuning=Tuning(epochs=1)), "reads images, and none were given"),
    ):
        with pytest.raises(BadParameter, match=said):
            prune(base, asked)


def test_what_a_method_cannot_do_is_refused_before_anything_runs(base: Classifier, examples: Examples) -> None:
    with pytest.raises(BadParameter, match="one epoch or more"):
        prune(base, recipes(base, "lrr", [0.5]), examples)
    with pytest.raises(BadParameter, match="differ in their sparsity only"):
        prune(base, [*recipes(base, "random", [0.5]), *recipes(base, "random", [0.6], seed=1)])
    with pytest.raises(BadParameter, match="its sparsity is 50%"):
        prune(base, recipes(base, "global_magnitude", [0.8], granularity="2:4"))
    with pytest.raises(NotApplicable, match="no attention heads"):
        prune(base, recipes(base, "global_magnitude", [0.5], granularity="head"))
    with pytest.raises(BadParameter, match="at least one sparsity"):
        recipes(base, "global_magnitude", [])
    with pytest.raises(BadParameter, match="end at the sparsity"):
        recipes(base, "global_magnitude", [0.5], given_levels=(0.2, 0.6))


def test_a_base_that_is_sparse_already_is_pruned_further_not_less(base: Classifier) -> None:
    (half,) = prune(base, recipes(base, "global_magnitude", [0.5]))
    again = catalogue.wrap(half.network, name="half", preprocessing=INPUT, class_names=("a", "b", "c"))
    with pytest.raises(BadParameter, match=r"50\.0% of the weights of half are zero already"):
        prune(again, recipes(again, "random", [0.3]))
    (more,) = prune(again, recipes(again, "random", [0.8]))
    assert more.sparsity == pytest.approx(0.8, abs=0.001)
    for name, weight in weights_of(prunable(half.network)).items():
        assert not (weights_of(prunable(more.network))[name].bool() & ~weight.bool()).any()


def test_a_network_without_prunable_layers_says_so() -> None:
    module = nn.Sequential(nn.ReLU(), nn.AdaptiveAvgPool2d(1), nn.Flatten()).eval()
    nothing = catalogue.wrap(module, name="nothing", preprocessing=INPUT, class_names=("a", "b", "c"))
    reason = reason_against(PRUNERS["global_magnitude"], nothing)
    assert reason is not None
    assert "no layer that can be pruned" in reason
    with pytest.raises(NotApplicable, match="no layer that can be pruned"):
        prune(nothing, recipes(nothing, "global_magnitude", [0.5]))


def test_schedules_by_hand() -> None:
    assert levels(0.488, 3) == pytest.approx((0.2, 0.36, 0.488), abs=1e-6)
    assert levels(0.6, 3, "linear") == pytest.approx((0.2, 0.4, 0.6))
    assert levels(0.8, 2, "cubic") == pytest.approx((0.7, 0.8))
    assert levels(0.8, 1, "cubic") == (0.8,)
    with pytest.raises(BadParameter):
        levels(0.5, 0)


def test_a_recipe_survives_json(base: Classifier) -> None:
    (recipe,) = recipes(base, "random", [0.5], rounds=2, tuning=Tuning(epochs=3, distil=True), seed=7, data="d")
    assert VariantRecipe.from_json(recipe.to_json()) == recipe
    assert VariantRecipe.from_json(recipe.to_json() | {"of a later version": 1}) == recipe
    assert replace(recipe, seed=8) != recipe


def test_public_numbers_of_resnet20(shared) -> None:
    from models.recipes.evaluation import accuracy

    base = catalogue.from_file(shared / "resnet20_cifar10.th", "resnet20_cifar", [str(i) for i in range(10)])
    test, train = (np.load(shared / f"cifar10_{name}_lossless.npz") for name in ("test_first1000", "train_first4000"))
    examples = Examples(train["x"], train["y"])

    def reached(sparsities: list[float], recalibrated: int) -> list[float]:
        asked = recipes(base, "global_magnitude", sparsities, recalibrate=recalibrated, data="d")
        found = prune(base, asked, examples)
        return [accuracy(p.network, test["x"], test["y"], base.preprocessing) for p in found]

    assert reached([0.5, 0.7], 0) == pytest.approx([0.906, 0.724], abs=0.003)
    assert reached([0.7], 4000) == pytest.approx([0.828], abs=0.003)


@pytest.mark.parametrize("device", ["cpu", pytest.param("cuda", marks=pytest.mark.gpu)])
def test_zeros_go_with_the_network_to_a_device_and_through_a_tuning(
    base: Classifier, examples: Examples, device: str
) -> None:
    (found,) = prune(base, recipes(base, "global_magnitude", [0.7]))
    zeros = {name: w == 0 for name, w in weights_of(prunable(found.network)).items()}
    moved = copy.deepcopy(found.network).requires_grad_(True).to(device)
    masks = {name: ~gone for name, gone in zeros.items()}
    tuned = tune(moved, examples, INPUT, Tuning(epochs=2, batch=32), masks=masks)
    for name, weight in weights_of(prunable(tuned)).items():
        assert weight.device.type == device
        assert torch.equal(weight.cpu() == 0, zeros[name])
