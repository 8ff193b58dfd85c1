"""What holds for every method that reads the input, whatever it computes."""

import numpy as np
import pytest
import torch
import torchvision
from torch import Tensor, nn

from analysis.attribution import METHODS
from analysis.attribution.registry import AttributionMethod
from tests.analysis.attribution.specimens import (
    LIMITS,
    assert_same_state,
    assert_survives_failure,
    one_hot,
    small_network,
    some_images,
    state_of,
)

BY_INPUT = [m for m in METHODS if m.kind in ("input", "guided")]
DRAWING = [m for m in BY_INPUT if "seed" in {p.name for p in m.parameters}]
WITHOUT_GRADIENT = {"kernelshap", "lime"}
FEW = {"samples": 24, "regions": 6, "steps": 4}  # small values of whatever a method has


def maps_of(method: AttributionMethod, network: nn.Module, images: Tensor, weights: Tensor, **params: object) -> Tensor:
    params = {k: v for k, v in FEW.items() if k in {p.name for p in method.parameters}} | params
    layer = next(m for m in reversed(list(network.modules())) if isinstance(m, nn.Conv2d))
    data = (network, layer, images, weights) if method.kind == "guided" else (network, images, weights, LIMITS)
    found = method.function(*data, **method.bound(params))
    return found[0] if isinstance(found, tuple) else found


each = pytest.mark.parametrize("method", BY_INPUT, ids=lambda m: m.name)


@each
def test_it_gives_one_map_of_the_input_size_for_each_image(method: AttributionMethod) -> None:
    maps = maps_of(method, small_network(), some_images(2, 16, 12), one_hot(1, 2))
    assert maps.shape == (2, 16, 12)
    assert maps.dtype == torch.float32
    assert maps.isfinite().all()
    assert not maps.requires_grad
    assert maps.any()
    assert method.signed or (maps >= 0).all()


@each
def test_two_images_at_once_equal_one_by_one(method: AttributionMethod) -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    together = maps_of(method, network, images, weights)
    alone = torch.cat([maps_of(method, network, images[[n]], weights[[n]]) for n in range(2)])
    torch.testing.assert_close(together, alone, rtol=1e-4, atol=1e-6)


@each
def test_the_network_and_the_data_are_left_as_they_came(method: AttributionMethod) -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    before, given = state_of(network), (images.clone(), weights.clone())
    maps_of(method, network, images, weights)
    assert_same_state(network, before)
    assert torch.equal(images, given[0])
    assert torch.equal(weights, given[1])
    assert not images.requires_grad
    assert images.grad is None


@each
def test_a_failure_leaves_no_trace(method: AttributionMethod) -> None:
    network = small_network()
    for way in ("forward",) if method.name in WITHOUT_GRADIENT else ("forward", "backward"):
        assert_survives_failure(network, lambda: maps_of(method, network, some_images(), one_hot(1, 2)), way)


@each
def test_random_numbers_of_others_are_not_touched(method: AttributionMethod) -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    torch.manual_seed(7)
    np.random.seed(7)  # noqa: NPY002  the global state is what is tested
    before = torch.get_rng_state(), np.random.get_state()[1].copy()  # noqa: NPY002
    maps_of(method, network, images, weights)
    assert torch.equal(before[0], torch.get_rng_state())
    assert (before[1] == np.random.get_state()[1]).all()  # noqa: NPY002


@pytest.mark.parametrize("method", DRAWING, ids=lambda m: m.name)
def test_a_seed_gives_the_same_map_again_and_another_another(method: AttributionMethod) -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    first, again, other = (maps_of(method, network, images, weights, seed=s) for s in (3, 3, 4))
    assert torch.equal(first, again)
    assert not torch.equal(first, other)


@each
def test_it_works_for_frozen_parameters_and_callers_in_inference_mode(method: AttributionMethod) -> None:
    network, images, weights = small_network(), some_images(), one_hot(1, 2)
    expected = maps_of(method, network, images, weights)
    network.requires_grad_(False)
    with torch.inference_mode():
        found = maps_of(method, network, images.clone(), weights.clone())
    assert torch.equal(found, expected)


@each
def test_layers_that_work_in_place_change_nothing(method: AttributionMethod) -> None:
    expected = maps_of(method, small_network(), some_images(), one_hot(1, 2))
    found = maps_of(method, small_network(inplace=True), some_images(), one_hot(1, 2))
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-7)


@each
def test_it_serves_a_network_whose_first_layer_overwrites_its_input(method: AttributionMethod) -> None:
    network = nn.Sequential(nn.ReLU(inplace=True), *small_network()).eval()
    images = some_images()
    given = images.clone()
    assert maps_of(method, network, images, one_hot(1, 2)).isfinite().all()
    assert torch.equal(images, given)


@pytest.mark.parametrize("method", [m for m in BY_INPUT if m.name != "deeplift"], ids=lambda m: m.name)
def test_it_serves_a_torchvision_resnet(method: AttributionMethod) -> None:
    torch.manual_seed(0)
    network = torchvision.models.resnet18(num_classes=4).eval()
    before = state_of(network)
    maps = maps_of(method, network, some_images(1, 40, 32), one_hot(2))
    assert maps.isfinite().all()
    assert maps.any()
    assert_same_state(network, before)


@pytest.mark.parametrize("name", ["input_x_gradient", "integrated_gradients", "deeplift", "kernelshap", "gradientshap"])
def test_a_rather_than_b_is_the_difference_of_their_maps(name: str) -> None:
    method, network, images = METHODS[name], small_network(), some_images()
    of_a, of_b, contrast = (
        maps_of(method, network, images, w) for w in (one_hot(1, 1), one_hot(2, 2), one_hot(1, 1) - one_hot(2, 2))
    )
    torch.testing.assert_close(contrast, of_a - of_b, rtol=1e-4, atol=1e-6)
