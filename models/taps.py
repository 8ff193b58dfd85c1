"""Where a network can be read: its taps, the one to start with, and its head.

Everything is found by one dry run over random images and one backward pass; nothing is known by
an architecture's name.
"""

import re
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn

from models.classifier import Head, Tap
from models.dry_run import DryRun, dry_run
from models.layouts import find_taps, in_attention
from models.preprocessing import Preprocessing

_NOT_A_LAYER = re.compile(r"^(Identity|Dropout\w*|DropPath|Flatten|Permute|\w*Pool(ing)?\w*)$")
_AT_ONCE = 8  # candidates whose gradients are asked together; the right one is among the last few


@dataclass(frozen=True, slots=True, eq=False)
class Trace:
    """What a dry run tells of a network."""

    taps: dict[str, Tap]  # in order of execution
    default_tap: str | None
    head: Head | None
    num_classes: int


def trace(module: nn.Module, preprocessing: Preprocessing) -> Trace:
    """Find taps, default tap and head. The module is left as it came, whatever mode the caller is in."""
    with torch.inference_mode(False), torch.enable_grad():
        return _read(module, dry_run(module, preprocessing))


def _read(module: nn.Module, run: DryRun) -> Trace:
    taps = find_taps(module, run)
    name = _head_name(module, run)
    features = None if name is None else run.inputs[name]
    default = _default_tap(module, run, taps, features)
    head = None
    if name is not None and features is not None:
        order = ([taps[default]] if default else []) + list(reversed(taps.values()))
        pooled = next((t.name for t in order if _is_pooled(run, t, features)), None)
        head = Head(name, *_linear(module, name), pooled)
    return Trace(taps, default, head, run.logits.shape[1])


def to_nchw(activation: Tensor, tap: Tap) -> Tensor:
    """The output read at a tap -> (N, C, h, w); a view where possible, differentiable, prefix tokens left out."""
    if tap.layout == "nchw":
        return activation
    if tap.layout == "nhwc":
        return activation.permute(0, 3, 1, 2)
    if tap.layout == "vector":
        return activation[:, :, None, None]
    rows, columns = tap.grid
    cells = activation[:, tap.prefix : tap.prefix + rows * columns]
    return cells.transpose(1, 2).unflatten(2, (rows, columns))


def from_nchw(maps: Tensor, tap: Tap, like: Tensor) -> Tensor:
    """The way back: (N, C, h, w) -> the tap's own layout; prefix tokens are taken from `like` (N or 1, ...)."""
    if tap.layout == "nchw":
        return maps
    if tap.layout == "nhwc":
        return maps.permute(0, 2, 3, 1)
    if tap.layout == "vector":
        return maps.flatten(1)
    tokens = maps.flatten(2).transpose(1, 2)
    before = like[:, : tap.prefix].expand(len(maps), -1, -1)
    return torch.cat([before, tokens], dim=1)


def _head_name(module: nn.Module, run: DryRun) -> str | None:
    """The last linear map whose output is the logits."""
    for name, given in reversed(run.inputs.items()):
        output = run.outputs[name]
        if given.ndim != 2 or output.shape != run.logits.shape or not torch.equal(output, run.logits):
            continue
        again = nn.functional.linear(given.detach(), *_linear(module, name))  # a subclass may compute something else
        if torch.allclose(again, output, rtol=1e-4, atol=1e-5):
            return name
    return None


def _linear(module: nn.Module, name: str) -> tuple[Tensor, Tensor | None]:
    """Weight (L, D) and bias (L,) of a linear map, detached."""
    linear = cast(nn.Linear, module.get_submodule(name))
    bias = cast(Tensor | None, linear.bias)
    return linear.weight.detach(), None if bias is None else bias.detach()


def _is_pooled(run: DryRun, tap: Tap, features: Tensor) -> bool:
    """Whether the tap's mean over space is `features` (N, D)."""
    if tap.channels != features.shape[1] or not tap.spatial:
        return False
    features = features.detach()
    mean = to_nchw(run.outputs[tap.name].detach(), tap).mean(dim=(2, 3))
    return torch.allclose(mean, features, rtol=1e-4, atol=1e-5 * float(features.abs().max()))


def _default_tap(module: nn.Module, run: DryRun, taps: dict[str, Tap], features: Tensor | None) -> str | None:
    """The last layer with a map that the score depends on at its places.

    Layers inside attention, pooling and dropout, and maps of classes are passed over; among those
    of the last one's resolution, one whose mean over space is the head's input is preferred.
    """
    named = dict(module.named_modules())
    candidates = [
        t
        for t in reversed(taps.values())
        if t.spatial
        and not _NOT_A_LAYER.match(type(named[t.name]).__name__)
        and not in_attention(t.name)
        and not (features is None and t.channels == run.logits.shape[1])
    ]
    serving = _with_gradient(run, candidates, run.logits if features is None else features)
    if not serving:
        return None
    same_grid = [t for t in serving if t.grid == serving[0].grid]
    pooled = (t.name for t in same_grid if features is not None and _is_pooled(run, t, features))
    return next(pooled, serving[0].name)


def _with_gradient(run: DryRun, candidates: list[Tap], features: Tensor) -> list[Tap]:
    """The candidates among which the default is: those with a gradient, from the last back.

    A random direction of the head's input stands for the logits, so that a head that starts at
    zero tells as much. Where gradients cannot be had, all candidates are returned.
    """
    generator = torch.Generator().manual_seed(1)
    direction = torch.randn(features.shape, generator=generator).to(features.device, features.dtype)
    if not features.requires_grad:
        return candidates
    score = (features * direction).sum()
    for start in range(0, len(candidates), _AT_ONCE):
        some = candidates[start : start + _AT_ONCE]
        gradients = run.gradients(score, [t.name for t in some])
        serving = [t for t in some if _varies(gradients[t.name], t)]
        if serving:
            return serving
    return []


def _varies(gradient: Tensor | None, tap: Tap) -> bool:
    return gradient is not None and bool(to_nchw(gradient, tap).any())
