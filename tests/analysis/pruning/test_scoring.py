"""What every method that scores promises, whatever it computes."""

import pytest
import torch
from torch import nn

from analysis.errors import MethodError, NotApplicable
from analysis.pruning import PRUNERS
from analysis.pruning.allocation import masks
from analysis.pruning.granularity import grouping, pattern
from analysis.pruning.layers import prunable, sparsity, weights_of
from analysis.pruning.registry import COARSE
from analysis.pruning.scoring import SCORING, refusal, scores
from analysis.types import silent
from models import catalogue
from models.classifier import Classifier
from tests.analysis.pruning.specimens import assert_same_state, small, some_examples, state_of, wrapped

EXAMPLES = some_examples(12)
METHODS = [m.name for m in PRUNERS if m.kind in SCORING]
QUICK = {"synflow": {"rounds": 5}}


def asked(name: str, network: nn.Module, classifier: Classifier, sparsity: float = 0.7) -> dict[str, torch.Tensor]:
    method = PRUNERS[name]
    given = (network, prunable(network), classifier, EXAMPLES, 3, sparsity, silent)
    return scores(method, QUICK.get(name, {}), *given, granularity=method.granularities[0])


@pytest.mark.parametrize("name", METHODS)
def test_contract(name: str) -> None:
    network = small().train()
    network.fc2.weight.requires_grad_(False)
    before, images = state_of(network), EXAMPLES.images.copy()
    found = asked(name, network, wrapped(small()))
    layers = prunable(network)
    assert list(found) == list(layers)
    for layer, module in layers.items():
        assert found[layer].shape == module.weight.shape  # type: ignore[union-attr]
        assert found[layer].dtype == torch.float32
        assert bool(torch.isfinite(found[layer]).all())
        assert not found[layer].requires_grad
    again = asked(name, network, wrapped(small()))
    assert all(torch.equal(found[layer], again[layer]) for layer in found)
    assert_same_state(before, state_of(network))
    assert (EXAMPLES.images == images).all()
    assert any(float(score.std()) > 0 for score in found.values())


@pytest.mark.parametrize("name", METHODS)
def test_the_sparsity_is_reached(name: str) -> None:
    """Within 0.1 %, or half a group."""
    network, method = small(), PRUNERS[name]
    layers = prunable(network)
    groups = grouping(network, layers, method.granularities[0])
    (found,) = masks(asked(name, network, wrapped(network)), [0.7], scope=method.scope, groups=groups)
    whole = weights_of(layers)
    reached = sparsity({layer: found[layer].float() if layer in found else w for layer, w in whole.items()})
    slack = 0.001 if groups is None else float(groups.sizes.max()) / groups.total
    assert reached == pytest.approx(0.7, abs=slack)


@pytest.mark.parametrize("name", METHODS)
def test_methods_that_score_channels_allow_nothing_finer(name: str) -> None:
    found = asked(name, small(), wrapped(small()))
    whole = all(torch.equal(s.flatten(1).amin(1), s.flatten(1).amax(1)) for s in found.values())
    assert whole == (PRUNERS[name].granularities == COARSE)


@pytest.mark.parametrize("name", METHODS)
@pytest.mark.parametrize("base", ["resnet20-cifar10", "shapes-vit", "digits-cnn"])
def test_a_network_is_served_or_told_why_not(name: str, base: str) -> None:
    classifier, method = catalogue.load(base), PRUNERS[name]
    reason = refusal(method, classifier, EXAMPLES)
    assert reason is None or len(reason) > 40
    assert reason is None or (name, base) in {
        ("synflow", "shapes-vit"),
        ("slimming", "shapes-vit"),
        ("apoz", "shapes-vit"),
    }


def test_rounds_go_on_from_a_pruned_network() -> None:
    """What is zero already scores lowest where scores are sizes."""
    network = small()
    with torch.no_grad():
        network.conv2.weight[:6] = 0
    for name in ("global_magnitude", "lamp", "snip", "fisher", "synflow"):
        found = asked(name, network, wrapped(small()))["conv2"]
        assert not found[:6].any()
        assert bool(found[6:].any())


def test_weights_that_are_no_numbers_are_told_of() -> None:
    network = small()
    with torch.no_grad():
        network.conv2.weight[0, 0, 0, 0] = float("nan")
    with pytest.raises(NotApplicable, match="no finite scores for layer 'conv2'"):
        asked("global_magnitude", network, wrapped(small()))


def test_methods_that_give_no_scores_are_refused() -> None:
    network = small()
    with pytest.raises(MethodError, match="gives no scores"):
        scores(PRUNERS["obs"], {}, network, prunable(network), wrapped(network), EXAMPLES, 0, 0.5, silent)


@pytest.mark.parametrize("name", METHODS)
def test_patterns_are_offered_with_the_fine_ones_only(name: str) -> None:
    offered = {g for g in PRUNERS[name].granularities if pattern(g)}
    assert offered in (set(), {"2:4", "4:8", "1:4"})
    assert bool(offered) == ("weight" in PRUNERS[name].granularities)
    assert weights_of(prunable(small()))
