"""A network as captum wants it: one score per image, differentiable, and left as it came."""

import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import numpy as np
import torch
from torch import Tensor, nn

_HOOKS = ("_forward_hooks", "_forward_pre_hooks", "_backward_hooks", "_backward_pre_hooks")
_HOOK_FLAGS = ("_forward_hooks_with_kwargs", "_forward_hooks_always_called", "_forward_pre_hooks_with_kwargs")
_DRAWING = threading.RLock()  # torch and numpy have one global generator each for all threads; captum draws from both


class Scored(nn.Module):
    """The explained score of each image: a weighted sum of its logits.

    images (M, C, H, W), weights (M, L) -> scores (M,).
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network
        self.training = False

    def forward(self, images: Tensor, weights: Tensor) -> Tensor:
        # Cloned, because a network whose first layer works in place would overwrite a leaf.
        return (self.network(images.clone()) * weights).sum(dim=1)


@contextmanager
def scored(network: nn.Module, images: Tensor, weights: Tensor) -> Iterator[tuple[Scored, Tensor, Tensor]]:
    """The score function, and the images and weights ready for it, whatever mode the caller is in.

    network, images (N, C, H, W), weights (N, L) -> the same as scores, a leaf with gradient, plain tensors.
    """
    with as_it_came(network), torch.inference_mode(False), torch.enable_grad():
        # Clones made here are ordinary tensors even where the originals were made in inference mode.
        yield Scored(network), images.detach().clone().requires_grad_(), weights.detach().clone()


@contextmanager
def as_it_came(network: nn.Module) -> Iterator[None]:
    """Take away, also after an exception, hooks and attributes that were put on any module meanwhile.

    captum's DeepLift leaves `input` and `output` on modules when a pass fails half-way.
    """
    modules = list(network.modules())
    names = [set(vars(m)) for m in modules]
    hooks = [{k: dict(vars(m)[k]) for k in _HOOKS + _HOOK_FLAGS if k in vars(m)} for m in modules]
    try:
        yield
    finally:
        for module, known, held in zip(modules, names, hooks, strict=True):
            for name in set(vars(module)) - known:
                delattr(module, name)
            for name, before in held.items():
                for key in set(vars(module)[name]) - set(before):  # in place: handles refer to this very dict
                    del vars(module)[name][key]


@contextmanager
def fresh_inputs(network: nn.Module, kinds: tuple[type[nn.Module], ...]) -> Iterator[None]:
    """Give modules of these kinds a copy of their input.

    captum bends the gradient at a module's input tensor. Where that tensor is also another rule's output
    (ReLU before MaxPool2d) or feeds a shortcut, the two are mixed up (captum issue 1104); a copy has one use.
    """

    def copied(_module: nn.Module, inputs: tuple[Tensor, ...]) -> tuple[Tensor, ...]:
        return tuple(i.clone() for i in inputs)

    handles = [m.register_forward_pre_hook(copied) for m in network.modules() if type(m) in kinds]
    try:
        yield
    finally:
        for handle in handles:
            handle.remove()


@contextmanager
def seeded(seed: int, device: torch.device) -> Iterator[None]:
    """Fixed global random numbers of torch and numpy, for captum; afterwards both are as if none had been drawn."""
    devices = [device] if device.type == "cuda" else []
    with _DRAWING, torch.random.fork_rng(devices):  # and not torch.manual_seed, which seeds devices not saved here
        state = np.random.get_state()  # noqa: NPY002  the generator that captum's GradientShap draws from
        torch.default_generator.manual_seed(seed)
        for each in devices:
            with torch.cuda.device(each):
                torch.cuda.manual_seed(seed)
        np.random.seed(seed % 2**32)  # noqa: NPY002
        try:
            yield
        finally:
            np.random.set_state(state)  # noqa: NPY002


@contextmanager
def quiet(beginning: str) -> Iterator[None]:
    """Without the one warning of captum that begins so, which it gives on every call and nothing can prevent.

    The list of filters is shared by all threads: at worst this narrow one outlives the block.
    """
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", message=beginning, category=UserWarning)
        yield


def difference(score: Scored, images: Tensor, baselines: Tensor, weights: Tensor) -> Tensor:
    """What attributions should add up to: images, baselines (N, C, H, W), weights (N, L) -> (N,)."""
    with torch.no_grad():
        return score(images, weights) - score(baselines, weights)


def completeness(attributions: Tensor, expected: Tensor) -> list[str]:
    """What is missing of the score difference: attributions (N, ...), expected (N,) -> N remarks."""
    totals = attributions.detach().flatten(1).double().sum(dim=1)
    return [_completeness(t, e) for t, e in zip(totals.tolist(), expected.double().tolist(), strict=True)]


def _completeness(total: float, expected: float) -> str:
    if abs(expected) < 1e-6:
        return f"the score does not differ from the baseline's; the map adds up to {total:.2g}"
    return f"misses the score difference of {expected:.3g} by {abs(total - expected) / abs(expected):.1%}"
