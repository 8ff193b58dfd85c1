"""Maps against pytorch-grad-cam 1.5.7 and against formulas written out in float64."""

import copy
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn.attention import SDPBackend, sdpa_kernel

from analysis.arrays import display
from analysis.attribution import METHODS
from analysis.attribution.capture import Pass, run_pass
from analysis.attribution.runner import Subject, attribute
from analysis.attribution.targets import ranked_with
from models.taps import to_nchw

pgc = pytest.importorskip("pytorch_grad_cam")
from pytorch_grad_cam.utils.model_targets import ClassifierOutputTarget  # noqa: E402

RAW_RTOL, RAW_ATOL, FINAL_ATOL, EIGEN_ATOL = 2e-6, 1e-6, 3e-6, 5e-6
PEERS = {
    "gradcam": "GradCAM",
    "gradcam++": "GradCAMPlusPlus",
    "xgradcam": "XGradCAM",
    "hirescam": "HiResCAM",
    "layercam": "LayerCAM",
    "eigencam": "EigenCAM",
    "eigengradcam": "EigenGradCAM",
    "ablationcam": "AblationCAM",
    "scorecam": "ScoreCAM",
    "kpcacam": "KPCA_CAM",
    "finercam": "FinerCAM",
    "shapleycam": "ShapleyCAM",
    "fem": "FEM",
}
SIGN_IS_OPEN = {"eigencam", "eigengradcam", "kpcacam"}
ALL_CHANNELS = {"scorecam": {"channels": 0}}


def taken(case) -> Pass:
    return run_pass(case.module, case.images, [case.tap], lambda logits: ranked_with([], logits, logits.shape[1]))


def ours(case, name: str, **params) -> np.ndarray:
    method = METHODS[name]
    subject = Subject(case.classifier, case.module, case.images, taken(case))
    bound = method.bound(ALL_CHANNELS.get(name, {}) | params)
    return attribute(subject, method, bound, [case.tap], case.weights(), eigen=False).values.numpy()


class ZeroAblation:
    """The paper's ablation for the peer, which otherwise sets channels to -1e7 where activations can be negative."""

    def __call__(self, _x: torch.Tensor) -> torch.Tensor:
        output = self.activations
        maps = output if self.case.tap.layout == "nchw" else None
        for row, channel in enumerate(self.indices[: len(output)]):
            if maps is not None:
                output[row, channel] = 0
            else:
                prefix = self.case.tap.prefix if self.case.tap.layout == "tokens" else 0
                output[row, prefix:, ..., channel] = 0
        return output

    def __init__(self, case) -> None:
        self.case, self.indices = case, np.array([], dtype=int)

    def activations_to_be_ablated(self, activations: np.ndarray, ratio: float = 1.0) -> np.ndarray:
        self.indices = np.arange(activations.shape[0])
        return self.indices

    def set_next_batch(self, input_batch_index: int, activations: torch.Tensor, num_channels_to_ablate: int) -> None:
        one = activations[input_batch_index].clone().unsqueeze(0)
        self.activations = one.repeat(num_channels_to_ablate, *[1] * (one.ndim - 1))


def peers(case, name: str) -> tuple[np.ndarray, np.ndarray]:
    """Raw and final maps of the peer."""

    def reshape(tensor: torch.Tensor) -> torch.Tensor:
        return to_nchw(tensor, case.tap)

    cam = getattr(pgc, PEERS[name])(case.module, [case.layer], reshape_transform=reshape)
    inner = getattr(cam, "base_cam", cam)
    if name == "ablationcam":
        inner.ablation_layer = ZeroAblation(case)
    raws: list[np.ndarray] = []
    original: Callable = inner.get_cam_image

    def recording(*arguments) -> np.ndarray:
        raws.append(original(*arguments))
        return raws[-1]

    inner.get_cam_image = recording
    # In the memory format that the pass uses: convolutions round differently in another.
    images = case.images.contiguous(memory_format=torch.channels_last)
    targets = [ClassifierOutputTarget(c) for c in case.classes]
    if name == "finercam":
        final = np.concatenate([cam(images[n : n + 1], target_idx=c) for n, c in enumerate(case.classes)])
        return np.concatenate(raws), final
    final = cam(images, targets)
    read = inner.activations_and_grads
    read.activations, read.gradients = [], []  # its clean-up detaches them in place, which fails for views
    raw = raws[0]
    return raw.detach().numpy() if isinstance(raw, torch.Tensor) else raw, final


@pytest.mark.parametrize("name", PEERS)
def test_equals_the_peer(case, name: str) -> None:
    if name == "shapleycam" and case.tap.layout != "nchw":
        pytest.skip("the peer's Shapley-CAM does not reshape activations of other layouts and raises; see the oracle")
    mine, (raw, final) = ours(case, name), peers(case, name)
    if name in SIGN_IS_OPEN:
        signs = np.sign((mine * raw).sum(axis=(1, 2)))
        raw = raw * signs[:, None, None]
        np.testing.assert_allclose(mine, raw, rtol=0, atol=EIGEN_ATOL * np.abs(raw).max())
        agreeing = signs > 0
    else:
        scale = np.abs(raw).max()
        np.testing.assert_allclose(mine, raw, rtol=1e-5, atol=5e-6 * scale)
        agreeing = np.ones(len(mine), dtype=bool)
    size = tuple(case.images.shape[-2:])
    shown = np.stack([display(m, size) for m in mine])
    # Finer-CAM is a difference of near equals, which the peer takes in float32 and we in float64.
    tolerance = EIGEN_ATOL if name in SIGN_IS_OPEN | {"finercam"} else FINAL_ATOL
    np.testing.assert_allclose(shown[agreeing], final[agreeing], rtol=0, atol=tolerance)


def first_component(channels: np.ndarray) -> np.ndarray:
    maps = []
    for each in channels:
        places = each.reshape(len(each), -1).T
        places = places - places.mean(axis=0)
        _, _, directions = np.linalg.svd(places, full_matrices=False)
        maps.append((places @ directions[0]).reshape(each.shape[1:]))
    return np.stack(maps)


def plus_plus(a: np.ndarray, g: np.ndarray) -> np.ndarray:
    alpha = np.where(g != 0, g**2 / (2 * g**2 + a.sum((2, 3), keepdims=True) * g**3 + 1e-6), 0)
    return ((np.maximum(g, 0) * alpha).sum((2, 3), keepdims=True) * a).sum(1)


ORACLES: dict[str, Callable[[np.ndarray, np.ndarray], np.ndarray]] = {
    "gradcam": lambda a, g: (g.mean((2, 3), keepdims=True) * a).sum(1),
    "gradcam++": plus_plus,
    "xgradcam": lambda a, g: (((g * a).sum((2, 3), keepdims=True) / (a.sum((2, 3), keepdims=True) + 1e-7)) * a).sum(1),
    "hirescam": lambda a, g: (g * a).sum(1),
    "layercam": lambda a, g: (np.maximum(g, 0) * a).sum(1),
    "eigencam": lambda a, g: first_component(a),
    "eigengradcam": lambda a, g: first_component(g * a),
    "normgrad": lambda a, g: np.sqrt((a**2).sum(1)) * np.sqrt((g**2).sum(1)),
    "fem": lambda a, g: (
        (a > a.mean((2, 3), keepdims=True) + 2 * a.std((2, 3), keepdims=True)).mean((2, 3), keepdims=True) * a
    ).sum(1),
}


@pytest.mark.parametrize("name", ORACLES)
def test_raw_map_equals_the_formula_in_float64(case, name: str) -> None:
    shared = taken(case)
    a = shared.activations[case.tap.name].double().numpy()
    g = shared.gradient(case.tap.name, case.weights()).double().numpy()
    expected, mine = ORACLES[name](a, g), ours(case, name)
    if name in SIGN_IS_OPEN:
        expected = expected * np.sign((mine * expected).sum((1, 2)))[:, None, None]
    np.testing.assert_allclose(mine, expected, rtol=RAW_RTOL, atol=RAW_ATOL * np.abs(expected).max())


def in_float64(case) -> tuple[torch.Tensor, torch.Tensor]:
    """The network's logits in float64, and what the tap gave on the way, as a leaf."""
    exact = copy.deepcopy(case.module).double()
    leaf: list[torch.Tensor] = []

    def hook(_module, _inputs, output):
        leaf[:] = [output.detach().clone().requires_grad_()]
        return leaf[0].clone()

    exact.get_submodule(case.tap.name).register_forward_hook(hook)
    with sdpa_kernel(SDPBackend.MATH):  # the one with a second derivative
        return exact(case.images.double()), leaf[0]


def assert_close_to_exact(mine: np.ndarray, expected: np.ndarray) -> None:
    """Float32 rounding through a whole network, not a convention."""
    np.testing.assert_allclose(mine, expected, rtol=1e-4, atol=1e-5 * np.abs(expected).max())


def test_the_pass_equals_autograd_in_float64(case) -> None:
    logits, leaf = in_float64(case)
    (gradient,) = torch.autograd.grad((logits * case.weights().double()).sum(), leaf)
    shared = taken(case)
    assert_close_to_exact(shared.activations[case.tap.name].numpy(), to_nchw(leaf.detach(), case.tap).numpy())
    mine = shared.gradient(case.tap.name, case.weights())
    assert_close_to_exact(mine.numpy(), to_nchw(gradient, case.tap).numpy())


def test_shapleycam_equals_the_formula_in_float64(case) -> None:
    logits, leaf = in_float64(case)
    (gradient,) = torch.autograd.grad((logits * case.weights().double()).sum(), leaf, create_graph=True)
    product = None
    if gradient.requires_grad:
        (product,) = torch.autograd.grad(gradient, leaf, grad_outputs=leaf.detach(), allow_unused=True)
    product = torch.zeros_like(leaf) if product is None else product
    a, g, p = (to_nchw(t.detach(), case.tap) for t in (leaf, gradient, product))
    expected = ((g - 0.5 * p).mean((2, 3), keepdim=True) * a).sum(1)
    assert_close_to_exact(ours(case, "shapleycam"), expected.numpy())


def test_finercam_equals_the_formula_in_float64(case) -> None:
    """The contrastive score differentiated through the rest of the network."""
    logits, leaf = in_float64(case)
    total = torch.zeros((), dtype=torch.float64)
    for row, target in zip(logits, case.classes, strict=True):
        order = (row - row[target]).abs().argsort()[1:4]
        shares = row.softmax(0)[order]
        total = total + (shares * (row[target] - row[order])).sum() / shares.sum()
    (gradient,) = torch.autograd.grad(total, leaf)
    a, g = (to_nchw(t.detach(), case.tap) for t in (leaf, gradient))
    assert_close_to_exact(ours(case, "finercam"), (g.mean((2, 3), keepdim=True) * a).sum(1).numpy())


def test_equals_captum_layer_gradcam(case) -> None:
    from captum.attr import LayerGradCam

    if case.tap.layout != "nchw":
        pytest.skip("captum's LayerGradCam reads NCHW layers only")
    images = case.images.contiguous(memory_format=torch.channels_last)
    expected = LayerGradCam(case.module, case.layer).attribute(images, target=torch.tensor(case.classes))
    mine = ours(case, "gradcam")
    np.testing.assert_allclose(mine, expected[:, 0].detach().numpy(), rtol=RAW_RTOL, atol=RAW_ATOL * np.abs(mine).max())
