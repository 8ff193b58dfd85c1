"""Maps of the geometry against finite differences, the product rule of the logit, and captum for the logit."""

import numpy as np
import pytest
import torch
from captum.attr import InputXGradient, LayerGradCam, Occlusion, Saliency
from torch import Tensor, nn

from analysis.attribution.geometric import WAYS, geometric_maps
from analysis.attribution.geometric_numbers import NUMBERS, Directions, of_features, of_logits, slopes
from analysis.errors import BadParameter
from analysis.passes.geometry import LinearHead, geometry
from models.classifier import Classifier
from tests.analysis.attribution.conftest import Case, assert_same_state, state_of, wrapped
from tests.analysis.attribution.specimens import some_images

CLASSES = [2, 0]


class Smooth(nn.Module):
    """Without kinks, so that finite differences are exact to their order."""

    def __init__(self, classes: int = 4) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 6, 3, padding=1)
        self.last = nn.Conv2d(6, 5, 3, padding=1)
        self.head = nn.Linear(5, classes)

    def forward(self, images: Tensor) -> Tensor:
        return self.head(torch.tanh(self.last(torch.tanh(self.conv(images)))).mean((2, 3)))


def smooth(classes: int = 4) -> Classifier:
    torch.manual_seed(3)
    return wrapped(Smooth(classes).double(), (16, 12), classes)


def pictures(count: int = 2) -> Tensor:
    return some_images(count).double()


def test_the_numbers_are_those_of_the_pass() -> None:
    chance = np.random.default_rng(0)
    features, weight, bias = chance.normal(size=(50, 7)), chance.normal(size=(6, 7)), chance.normal(size=6)
    classes = chance.integers(0, 6, 50)
    weight[5] = weight[4]  # no boundary between these two
    expected = geometry(features, LinearHead(weight, bias), classes)
    head = Directions(torch.tensor(weight), torch.tensor(bias))
    found = of_features(torch.tensor(features), head, torch.tensor(classes))
    for name in ("angle", "length", "margin"):
        np.testing.assert_allclose(found[name].numpy(), getattr(expected, name), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found["logit"].numpy(), (features @ weight.T + bias)[np.arange(50), classes])


def test_no_number_is_nan_and_its_slope_zero() -> None:
    features = torch.tensor(
        [[0.0, 0.0], [3.0, 4.0], [1.0, 0.0], [torch.inf, 1.0]], dtype=torch.float64
    ).requires_grad_()
    head = Directions(torch.tensor([[1.0, 0.0], [0.0, 2.0]]).double(), torch.tensor([0.5, 0.0]).double())
    numbers = of_features(features, head, torch.tensor([0, 1, 0, 0]))
    assert numbers["angle"].isnan().tolist() == [True, False, False, True]
    assert numbers["margin"].isnan().tolist() == [False, False, False, True]
    assert all(s.isfinite().all() for s in slopes(numbers, features).values())
    # 3-4-5: the angle to (0, 1) is arccos(4 / 5), its slope the unit vector across, away from the class, by 1 / 5
    assert numbers["angle"][1].item() == pytest.approx(np.arccos(0.8))
    np.testing.assert_allclose(slopes(numbers, features)["angle"][1], [0.8 / 5, -0.6 / 5])
    assert slopes(numbers, features)["angle"][2].tolist() == [0, 0]  # on the axis of the cone: no one way leads away


def test_one_class_has_no_margin() -> None:
    found = geometric_maps(smooth(1), pictures(1), [0])
    assert np.isnan(found.numbers["margin"]).all()
    assert all(np.isnan(m["margin"]).all() and np.isfinite(m["logit"]).all() for m in found.maps.values())


@pytest.mark.parametrize("number", NUMBERS)
def test_the_gradient_is_the_finite_difference(number: str) -> None:
    classifier, images, step = smooth(), pictures(), 1e-5
    found = geometric_maps(classifier, images, CLASSES, ["gradient"]).maps["gradient"][number]
    for place in [(0, 0), (7, 5), (15, 11)]:
        ends = []
        for sign in (1, -1):
            moved = images.clone()
            moved[:, :, *place] += sign * step
            ends.append(geometric_maps(classifier, moved, CLASSES, []).numbers[number])
        expected = (ends[0] - ends[1]) / (2 * step)
        np.testing.assert_allclose(found[:, *place], expected, rtol=1e-4, atol=1e-8)


@pytest.mark.parametrize("way", ["gradient", "gradient_x_input", "gradcam"])
def test_the_logit_is_length_times_cosine_by_the_product_rule(way: str) -> None:
    """d z = |w| (cos(angle) d|x| - |x| sin(angle) d angle): the map of the logit is made of the other two."""
    classifier = smooth()
    found = geometric_maps(classifier, pictures(), CLASSES, [way])
    maps, numbers = found.maps[way], found.numbers
    assert classifier.head is not None
    norms = classifier.head.weight.norm(dim=1).numpy()[CLASSES]
    angle, length = numbers["angle"], numbers["length"]
    by_length = (norms * np.cos(angle))[:, None, None] * maps["length"]
    by_angle = (norms * length * np.sin(angle))[:, None, None] * maps["angle"]
    np.testing.assert_allclose(maps["logit"], by_length - by_angle, rtol=1e-4, atol=1e-7)


def test_the_margin_is_a_difference_of_logits() -> None:
    classifier, images = smooth(2), pictures()
    found = geometric_maps(classifier, images, [0, 0]).maps
    other = geometric_maps(classifier, images, [1, 1]).maps
    assert classifier.head is not None
    apart = float((classifier.head.weight[0] - classifier.head.weight[1]).norm())
    for way in WAYS:
        expected = (found[way]["logit"] - other[way]["logit"]) / apart
        np.testing.assert_allclose(found[way]["margin"], expected, rtol=1e-4, atol=1e-7)


def test_maps_of_the_logit_equal_captums(resnet20: Case) -> None:
    images, classes, module = resnet20.images, resnet20.classes, resnet20.module
    found = geometric_maps(resnet20.classifier, images, classes, patch=8 / 32, stride=4 / 32).maps
    target = torch.tensor(classes)
    leaf = images.clone().requires_grad_()
    layer = module.get_submodule(resnet20.classifier.tap().name)
    oracles = {
        "gradient": Saliency(module).attribute(leaf, target, abs=False).sum(1),
        "gradient_x_input": InputXGradient(module).attribute(leaf, target).sum(1),
        "gradcam": LayerGradCam(module, layer).attribute(leaf, target, relu_attributions=False)[:, 0],
    }
    with torch.no_grad():
        oracles["occlusion"] = Occlusion(module).attribute(images, (3, 8, 8), strides=(3, 4, 4), target=target)[:, 0]
    for way, expected in oracles.items():
        scale = float(expected.detach().abs().max())
        np.testing.assert_allclose(found[way]["logit"], expected.detach(), rtol=1e-3, atol=1e-4 * scale, err_msg=way)


@pytest.mark.parametrize("number", NUMBERS)
def test_occlusion_by_hand(number: str) -> None:
    """Patches side by side: a pixel shows how far its own patch's number falls."""
    classifier, images = smooth(), pictures(1)
    found = geometric_maps(classifier, images, [1], ["occlusion"], patch=4 / 12, stride=4 / 12)
    covered = images.clone()
    covered[:, :, 4:8, 8:12] = 0
    left = geometric_maps(classifier, covered, [1], []).numbers[number]
    expected = found.numbers[number] - left
    np.testing.assert_allclose(found.maps["occlusion"][number][0, 4:8, 8:12], expected[0], rtol=1e-5, atol=1e-9)


def test_images_do_not_matter_to_each_other(resnet20: Case) -> None:
    together = geometric_maps(resnet20.classifier, resnet20.images, resnet20.classes)
    alone = geometric_maps(resnet20.classifier, resnet20.images[1:2], resnet20.classes[1:2])
    for way, maps in alone.maps.items():
        for number, values in maps.items():
            scale = np.abs(values).max()
            np.testing.assert_allclose(together.maps[way][number][1], values[0], rtol=1e-3, atol=1e-4 * scale)


def test_a_head_that_is_not_linear_has_a_margin_of_its_logits() -> None:
    torch.manual_seed(0)
    module = nn.Sequential(nn.Conv2d(3, 4, 3, padding=1), nn.ReLU(), nn.Conv2d(4, 4, 1), nn.AdaptiveAvgPool2d(1))
    classifier = wrapped(nn.Sequential(module, nn.Flatten()), (16, 12), 4)
    assert classifier.head is None
    found = geometric_maps(classifier, some_images(), CLASSES)
    assert set(found.numbers) == {"margin", "logit"} == set(found.maps["occlusion"])
    logits = classifier.module(some_images()).detach().double()
    expected = of_logits(logits, torch.tensor(CLASSES))["margin"]
    np.testing.assert_allclose(found.numbers["margin"], expected, rtol=1e-5)
    own = logits[torch.arange(2), CLASSES]
    others = logits.scatter(1, torch.tensor(CLASSES)[:, None], -torch.inf).max(1).values
    np.testing.assert_allclose(expected, own - others)
    assert "not one linear map" in found.remarks[0]


def test_every_family_gives_finite_maps_and_stays_as_it_was(case: Case) -> None:
    before = state_of(case.module)
    found = geometric_maps(case.classifier, case.images, case.classes, patch=0.5, stride=0.5)
    assert set(found.maps) == set(WAYS)
    for maps in found.maps.values():
        assert all(np.isfinite(values).all() and np.abs(values).max() > 0 for values in maps.values())
        assert all(values.dtype == np.float32 and len(values) == len(case.images) for values in maps.values())
    assert_same_state(before, state_of(case.module))


def test_a_length_of_zero_gives_no_angle_and_spares_the_rest() -> None:
    classifier = smooth()
    with torch.no_grad():
        for name in ("conv", "last"):
            classifier.module.get_submodule(name).bias.zero_()  # pyright: ignore[reportCallIssue]
    images = pictures()
    images[0] = 0
    found = geometric_maps(classifier, images, CLASSES)
    for maps in found.maps.values():
        assert np.isnan(maps["angle"][0]).all()
        assert np.isfinite(maps["angle"][1]).all()
        assert np.isfinite(maps["logit"]).all()


def test_what_does_not_exist_is_refused() -> None:
    with pytest.raises(BadParameter, match="occlusion, gradient"):
        geometric_maps(smooth(), pictures(), CLASSES, ["lime"])
    with pytest.raises(BadParameter, match="0 to 3"):
        geometric_maps(smooth(), pictures(), [0, -1])
