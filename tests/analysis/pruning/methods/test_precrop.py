"""PreCrop: widths for the densities that were asked for, and its control, whose mask is really shuffled."""

import copy

import pytest
import torch

from analysis.pruning.channels import Channels
from analysis.pruning.cropping import crop, widths
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.methods.precrop import initial_masks, precrop, shuffled
from models import structures
from tests.analysis.pruning.making import images, logits, reopened, wrapped
from tests.analysis.pruning.tasks import base, same, task, weights


def count(network) -> int:
    return sum(w.numel() for w in weights_of(prunable(network)).values())


@pytest.mark.parametrize("criterion", ["synflow", "snip", "erk"])
def test_the_share_of_weights_is_gone_and_the_rest_is_trained(criterion, tmp_path):
    (network,) = precrop(task(0.7), criterion=criterion)
    assert count(network) / count(base().module) == pytest.approx(0.3, abs=0.02)
    assert network.fc.out_features == 10
    structure = structures.of(base(), network)
    found = reopened(base(), network, structure, tmp_path)
    own = wrapped(network, base().architecture, preprocessing=base().preprocessing)
    assert found.fingerprint == own.fingerprint
    torch.testing.assert_close(logits(found.module, images(base())), logits(network, images(base())))
    assert not same(network, next(iter(precrop(task(0.7, epochs=0), criterion=criterion))))


def test_the_same_recipe_gives_the_same_bits_and_levels_stand_alone():
    (one,) = precrop(task(0.7), criterion="erk")
    first, second = precrop(task(0.5, 0.7), criterion="erk")
    assert same(one, next(iter(precrop(task(0.7), criterion="erk"))))
    assert count(first) > count(second) == count(one)


def test_widths_are_those_of_densities_that_can_be_met():
    """conv1 * conv2 = .25 and so on: c = .5, .5, .5 is the only solution with the first and last layers' densities."""
    found = Channels(copy.deepcopy(base().module), base().preprocessing)
    own = weights_of(prunable(base().module))
    densities = {"conv1": 0.5, "conv2": 0.25, "conv3": 0.25, "fc": 0.5}
    density = sum(densities[k] * w.numel() for k, w in own.items()) / sum(w.numel() for w in own.values())
    left = widths(found.groups, own, densities, density)
    assert {g.name: n for g, n in left.items()} == {"conv1": 16, "conv2": 32, "conv3": 32}


def test_layers_that_should_stay_denser_stay_wider():
    found = Channels(copy.deepcopy(base().module), base().preprocessing)
    own = weights_of(prunable(base().module))
    left = widths(found.groups, own, {"conv1": 0.9, "conv2": 0.6, "conv3": 0.05, "fc": 0.1}, 0.3)
    named = {g.name: n / len(g.units) for g, n in left.items()}
    assert named["conv1"] > named["conv3"]


def test_what_is_left_is_drawn_for_fewer_inputs():
    network = task(0.5).fresh()
    spread = {n: float(w.std()) for n, w in weights(network).items()}
    found = Channels(network, base().preprocessing)
    crop(found, dict.fromkeys(("conv1", "conv2", "conv3", "fc"), 0.25), 0.25)
    fan_in = {n: w[0].numel() for n, w in weights_of(prunable(base().module)).items()}
    for name, weight in weights(network).items():
        ratio = fan_in[name] / weight[0].numel()
        assert float(weight.std()) == pytest.approx(spread[name] * ratio**0.5, rel=0.15)


@pytest.mark.parametrize("criterion", ["synflow", "erk"])
def test_the_shuffled_mask_has_the_densities_and_other_places(criterion):
    """SynFlow's public `shuffle` rebinds a local variable, and shuffles nothing."""
    own = task(0.8)
    masks = initial_masks(own.fresh(), own, criterion, 0.8)
    total = sum(m.numel() for m in masks.values())
    assert sum(int(m.sum()) for m in masks.values()) == pytest.approx(0.2 * total, abs=4)
    before = {name: mask.clone() for name, mask in masks.items()}
    moved = shuffled(masks, seed=0)
    for name, mask in masks.items():
        assert torch.equal(mask, before[name])  # the original stays
        assert int(moved[name].sum()) == int(mask.sum())
        if 0 < int(mask.sum()) < mask.numel():
            assert not torch.equal(moved[name], mask)
    again, other = shuffled(masks, seed=0), shuffled(masks, seed=1)
    assert all(torch.equal(again[k], moved[k]) for k in moved)
    assert not all(torch.equal(other[k], moved[k]) for k in moved)


def test_masks_survive_the_training():
    own = task(0.8)
    masks = initial_masks(own.fresh(), own, "synflow", 0.8)
    (masked,) = precrop(own, form="mask")
    (mixed,) = precrop(own, form="shuffled mask")
    moved = shuffled(masks, 0)
    for name, weight in weights(masked).items():
        assert not weight[~masks[name]].any()
        assert weight[masks[name]].any()
        assert not weights(mixed)[name][~moved[name]].any()
    assert structures.of(base(), masked) == {}
