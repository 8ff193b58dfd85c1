"""One regression test for each defect met in other libraries."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import nn

from analysis.attribution import METHODS
from analysis.attribution.capture import run_pass
from analysis.attribution.runner import NO_POSITIVE, ZERO_GRADIENT, Subject, attribute
from analysis.attribution.targets import ranked_with
from analysis.errors import MethodError
from tests.analysis.attribution.conftest import Case, assert_same_state, calibrated, images, state_of, wrapped


def all_classes(logits: torch.Tensor) -> torch.Tensor:
    return ranked_with([], logits, logits.shape[1])


def maps(case: Case, name: str, tap: str | None = None, **params) -> np.ndarray:
    place = case.classifier.tap(tap) if tap else case.tap
    subject = Subject(
        case.classifier, case.module, case.images, run_pass(case.module, case.images, [place], all_classes)
    )
    method = METHODS[name]
    return attribute(subject, method, method.bound(params), [place], case.weights(), eigen=False).values.numpy()


def out_of_place(module: nn.Module) -> None:
    for each in module.modules():
        if isinstance(each, nn.ReLU):
            each.inplace = False


class TestActivationsOverwrittenInPlace:
    """The layer after the tap writes into the tap's memory: the map must be of what the tap gave."""

    @pytest.mark.parametrize("name", ["gradcam", "layercam", "eigencam"])
    def test_resnet_bn2(self, resnet18: Case, name: str) -> None:
        assert any(getattr(m, "inplace", False) for m in resnet18.module.modules())
        before = maps(resnet18, name, "layer4.1.bn2")
        clean = _copied(resnet18)
        out_of_place(clean.module)
        np.testing.assert_allclose(before, maps(clean, name, "layer4.1.bn2"), rtol=1e-5, atol=1e-6)

    def test_densenet_features(self) -> None:
        """torchvision's DenseNet runs an in-place functional ReLU on `features`."""
        from torchvision.models import DenseNet

        torch.manual_seed(0)
        module = calibrated(DenseNet(8, (2, 2), 16, num_classes=5), images(6, 64, 64))
        classifier = wrapped(module, (64, 64), 5)
        batch, tap = images(2, 64, 64, seed=3), classifier.tap("features")
        taken = run_pass(module, batch, [tap], all_classes)
        with torch.no_grad():
            expected = module.features(batch)
        assert float(expected.min()) < 0  # before the ReLU
        torch.testing.assert_close(taken.activations["features"], expected)
        dead = expected < 0
        assert float(taken.gradient("features", torch.eye(5)[:2])[dead].abs().max()) == 0


def _copied(case: Case) -> Case:
    import copy

    classifier = wrapped(copy.deepcopy(case.module), case.classifier.preprocessing.size, 20)
    return Case(classifier, case.tap, case.images, case.classes)


def test_gradcam_plus_plus_by_equation_19() -> None:
    """One channel, two cells, done by hand: A = (1, 3), g = (2, -1)."""
    activations = torch.tensor([[[[1.0, 3.0]]]])
    gradients = torch.tensor([[[[2.0, -1.0]]]])
    alpha = 4 / (2 * 4 + (1 + 3) * 8)  # at the cell with g > 0; relu drops the other
    expected = 2 * alpha * activations[:, 0]
    found = METHODS["gradcam++"].function(activations, gradients, torch.zeros(1)).sum(1)
    torch.testing.assert_close(found, expected, rtol=1e-6, atol=1e-7)


def test_eigencam_is_never_inverted(case: Case) -> None:
    found = maps(case, "eigencam")
    taken = run_pass(case.module, case.images, [case.tap], all_classes)
    energy = taken.activations[case.tap.name].square().sum(1).numpy()
    for one, other in zip(found, energy, strict=True):
        assert np.corrcoef(one.ravel(), other.ravel())[0, 1] >= 0


def test_eigen_maps_by_either_gram_matrix() -> None:
    """More channels than places, and fewer."""
    from analysis.attribution.projection import first_component

    generator = torch.Generator().manual_seed(0)
    for channels, side in ((40, 4), (5, 9)):
        maps = torch.randn(2, channels, side, side, generator=generator)
        places = maps.flatten(2).transpose(1, 2).double()
        places = places - places.mean(1, keepdim=True)
        _, sizes, directions = torch.linalg.svd(places, full_matrices=False)
        expected = (places @ directions[:, 0, :, None])[..., 0].reshape(2, side, side).float()
        found = first_component(maps, sign=expected)
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5 * float(sizes.max()))


def test_number_of_targets_must_match_the_batch(resnet20: Case) -> None:
    taken = run_pass(resnet20.module, resnet20.images, [resnet20.tap], all_classes)
    with pytest.raises(MethodError, match="2 targets were given for 3 images"):
        taken.gradient(resnet20.tap.name, resnet20.weights()[:2])


@pytest.mark.parametrize("name", ["gradcam", "shapleycam", "smooth_gradcam++", "ablationcam", "scorecam"])
def test_frozen_parameters_and_inference_mode(case: Case, name: str) -> None:
    expected = maps(case, name)
    flags = [p.requires_grad for p in case.module.parameters()]
    try:
        case.module.requires_grad_(False)
        np.testing.assert_array_equal(maps(case, name), expected)
        with torch.inference_mode():
            inside = Case(case.classifier, case.tap, case.images.clone(), case.classes)
            assert inside.images.is_inference()
            np.testing.assert_array_equal(maps(inside, name), expected)
    finally:
        for parameter, flag in zip(case.module.parameters(), flags, strict=True):
            parameter.requires_grad_(flag)


def test_images_that_are_not_square() -> None:
    from torchvision.models import resnet18

    torch.manual_seed(0)
    module = calibrated(resnet18(num_classes=7), images(4, 64, 128))
    classifier = wrapped(module, (64, 128), 7)
    case = Case(classifier, classifier.tap(), images(2, 64, 128), [1, 2])
    assert case.tap.grid == (2, 4)
    assert maps(case, "gradcam").shape == (2, 2, 4)


FAMILIES = [m.name for m in METHODS if m.kind in ("gradients", "noisy", "curvature", "masks", "ablation", "joint")]


@pytest.mark.parametrize("name", FAMILIES)
def test_the_network_is_left_as_it_came(resnet18: Case, name: str) -> None:
    resnet18.module.train()  # as a caller may have left it
    before = state_of(resnet18.module)
    try:
        maps(resnet18, name)
        assert_same_state(before, state_of(resnet18.module))
    finally:
        resnet18.module.eval()


@pytest.mark.parametrize("name", ["gradcam", "shapleycam", "ablationcam", "scorecam", "smooth_gradcam++"])
def test_also_after_an_exception(resnet18: Case, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before = state_of(resnet18.module)
    original: Callable = resnet18.module.fc.forward
    calls = []

    def breaks(x: torch.Tensor) -> torch.Tensor:
        calls.append(1)
        if len(calls) > 1 or name == "gradcam":
            raise RuntimeError("broken on purpose")
        return original(x)

    monkeypatch.setattr(resnet18.module.fc, "forward", breaks)
    with pytest.raises(RuntimeError, match="on purpose"):
        maps(resnet18, name)
    monkeypatch.undo()
    assert_same_state(before, state_of(resnet18.module))
    assert torch.is_grad_enabled()


def test_two_threads_on_one_classifier(resnet18: Case) -> None:
    names = ["gradcam", "layercam", "scorecam", "gradcam++"]
    expected = {name: maps(resnet18, name) for name in names}
    found: dict[str, list[np.ndarray]] = {name: [] for name in names}

    def work(name: str) -> None:
        for _ in range(3):
            with resnet18.classifier.exclusive():
                found[name].append(maps(resnet18, name))

    threads = [threading.Thread(target=work, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for name, several in found.items():
        assert len(several) == 3
        for each in several:
            np.testing.assert_allclose(each, expected[name], rtol=1e-4, atol=1e-6)


def test_a_layer_after_the_last_attention_is_said_to_be_blank(vit: Case) -> None:
    place = vit.classifier.tap("blocks.3.norm2")
    subject = Subject(vit.classifier, vit.module, vit.images, run_pass(vit.module, vit.images, [place], all_classes))
    found = attribute(subject, METHODS["gradcam"], {}, [place], vit.weights(), eigen=False)
    assert not found.values.any()
    assert found.remarks == ((ZERO_GRADIENT,),) * 3
    assert vit.classifier.default_tap == "blocks.3.norm1"


def test_a_map_without_positive_evidence_is_said_and_not_rescaled(resnet20: Case) -> None:
    from analysis.arrays import display

    taken = run_pass(resnet20.module, resnet20.images, [resnet20.tap], all_classes)
    subject = Subject(resnet20.classifier, resnet20.module, resnet20.images, taken)
    rows = torch.eye(10)
    for row in rows:
        weights = row.expand(3, -1)
        for sign in (1, -1):
            found = attribute(subject, METHODS["gradcam"], {}, [resnet20.tap], sign * weights, eigen=False)
            for value, remarks in zip(found.values, found.remarks, strict=True):
                if float(value.max()) <= 0:
                    assert remarks == (NO_POSITIVE,)
                    assert not display(value.numpy(), (32, 32)).any()
                    return
    pytest.fail("no map without positive evidence was found, so nothing was tested")
