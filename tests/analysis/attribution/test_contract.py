"""What every registered method promises, whatever it computes."""

import numpy as np
import pytest
import torch

from analysis.attribution import METHODS
from analysis.attribution.capture import run_pass
from analysis.attribution.runner import Subject, attribute, reason_against
from analysis.attribution.targets import ranked_with
from analysis.errors import NotApplicable
from tests.analysis.attribution.conftest import Case, assert_same_state, state_of

QUICK = {  # fewer passes than a user would want
    "rise": {"masks": 40},
    "lime": {"samples": 40},
    "kernelshap": {"samples": 40},
    "smoothgrad": {"samples": 3},
    "gradientshap": {"samples": 4},
    "integrated_gradients": {"steps": 4},
    "smooth_gradcam++": {"samples": 2},
    "scorecam": {"channels": 8},
}
NAMES = [m.name for m in METHODS]


def run(case: Case, name: str, rows: slice = slice(None)) -> np.ndarray:
    method = METHODS[name]
    taps = [case.tap] if method.reads_tap else []
    images = case.images[rows].clone()
    before = images.clone()
    taken = run_pass(case.module, images, [case.tap], lambda logits: ranked_with([], logits, logits.shape[1]))
    subject = Subject(case.classifier, case.module, images, taken)
    params = method.bound(QUICK.get(name, {}))
    try:
        found = attribute(subject, method, params, taps, case.weights()[rows], eigen=False)
    except NotApplicable:
        told = reason_against(method, case.classifier, taps[0] if taps else None)
        if told is None or len(told) < 20:
            pytest.fail(f"{name} gave no reason before it was run, but refused when it was")
        pytest.skip(f"does not serve this network: {told}")
    assert torch.equal(images, before)
    assert len(found.remarks) == len(images)
    return found.values.cpu().numpy()


@pytest.mark.parametrize("network", ["resnet20", "vit"])
@pytest.mark.parametrize("name", NAMES)
def test_contract(request: pytest.FixtureRequest, network: str, name: str) -> None:
    case: Case = request.getfixturevalue(network)
    before = state_of(case.module)
    found = run(case, name)
    assert found.dtype == np.float32
    assert found.ndim == 3
    assert len(found) == len(case.images)
    assert found.shape[1:] in {case.tap.grid, tuple(case.images.shape[-2:])}
    assert np.isfinite(found).all()
    if not METHODS[name].signed and network == "resnet20":  # FEM follows activations, negative in a transformer
        assert found.min() >= 0
    np.testing.assert_array_equal(found, run(case, name))  # seeds make it repeatable
    assert_same_state(before, state_of(case.module))


FROM_A_PASS = [m.name for m in METHODS if m.kind in ("gradients", "activations", "head", "joint")]


@pytest.mark.parametrize("name", [n for n in FROM_A_PASS if n != "random_map"])  # its noise is drawn for the batch
def test_a_batch_equals_its_images_one_by_one(resnet20: Case, name: str) -> None:
    together = run(resnet20, name)
    alone = np.concatenate([run(resnet20, name, slice(n, n + 1)) for n in range(len(resnet20.images))])
    np.testing.assert_allclose(together, alone, rtol=1e-3, atol=1e-5 * np.abs(together).max())


class TestSmoothGradCamPlusPlus:
    def test_one_copy_without_noise_is_gradcam_plus_plus(self, resnet20: Case) -> None:
        smooth = self.maps(resnet20, samples=1, noise=0.0)
        np.testing.assert_allclose(smooth, run(resnet20, "gradcam++"), rtol=1e-5, atol=1e-6)

    def test_noise_and_subsets_change_the_map(self, resnet20: Case) -> None:
        plain = self.maps(resnet20, samples=2, noise=0.0)
        assert not np.allclose(plain, self.maps(resnet20, samples=2, noise=0.3), rtol=1e-2)
        assert not np.allclose(plain, self.maps(resnet20, samples=2, noise=0.0, maps="0-9, 12"), rtol=1e-2)

    def test_chosen_neurons_leave_the_rest_blank(self, resnet20: Case) -> None:
        found = self.maps(resnet20, samples=2, noise=0.0, cells="2-3, 4-6")
        inside = found[:, 2:4, 4:7].copy()
        found[:, 2:4, 4:7] = 0
        assert inside.any()
        assert not found.any()

    @pytest.mark.parametrize("wrong", [{"maps": "64"}, {"maps": "a"}, {"cells": "1"}, {"cells": "0-8, 0"}])
    def test_a_wrong_subset_says_what_it_takes(self, resnet20: Case, wrong: dict[str, str]) -> None:
        from analysis.errors import BadParameter

        with pytest.raises(BadParameter, match="takes"):
            self.maps(resnet20, **wrong)

    def maps(self, case: Case, **params) -> np.ndarray:
        method = METHODS["smooth_gradcam++"]
        taken = run_pass(case.module, case.images, [case.tap], lambda logits: ranked_with([], logits, 10))
        subject = Subject(case.classifier, case.module, case.images, taken)
        return attribute(subject, method, method.bound(params), [case.tap], case.weights(), eigen=False).values.numpy()


def test_normgrad_of_one_layer_is_the_joint_map_up_to_scale(resnet20: Case) -> None:
    one, joint = run(resnet20, "normgrad"), run(resnet20, "normgrad_layers")
    np.testing.assert_allclose(joint, one / one.mean(axis=(1, 2), keepdims=True), rtol=1e-4)


def test_ablation_of_a_pooled_linear_head_by_its_closed_form(resnet20: Case) -> None:
    """Without channel k the logit falls by w_k times the channel's mean."""
    head = resnet20.classifier.head
    assert head is not None
    taken = run_pass(resnet20.module, resnet20.images, [resnet20.tap], lambda logits: ranked_with([], logits, 10))
    activations = taken.activations[resnet20.tap.name]
    score = (taken.logits * resnet20.weights()).sum(1)
    fall = (resnet20.weights() @ head.weight) * activations.mean((2, 3)) / score.abs()[:, None]
    expected = (fall[:, :, None, None] * activations).sum(1).numpy()
    np.testing.assert_allclose(run(resnet20, "ablationcam"), expected, rtol=1e-3, atol=1e-5 * np.abs(expected).max())


@pytest.mark.gpu
def test_the_same_maps_on_a_gpu(resnet20: Case) -> None:
    import copy

    from models.classifier import Classifier

    there: Classifier = copy.copy(resnet20.classifier)
    there.module = copy.deepcopy(resnet20.module).cuda()
    case = Case(there, resnet20.tap, resnet20.images.cuda(), resnet20.classes)
    taken = run_pass(case.module, case.images, [case.tap], lambda logits: ranked_with([], logits, 10))
    subject = Subject(there, case.module, case.images, taken)
    for name in ("gradcam", "layercam", "eigencam", "scorecam"):
        method = METHODS[name]
        found = attribute(subject, method, method.bound(), [case.tap], case.weights().cuda(), eigen=False).values
        expected = run(resnet20, name)
        np.testing.assert_allclose(found.cpu().numpy(), expected, rtol=1e-2, atol=1e-3 * np.abs(expected).max())
