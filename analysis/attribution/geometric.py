"""Maps OF the angle, the length and the margin of an image, beside those of the logit: which pixels move the geometry.

One forward serves all ways that follow the gradient; each number then takes one backward over all images. Ways:

| way | a map says, where it is above zero |
|---|---|
| occlusion | what is seen here raises the number: covering it with the mean colour lowers it (Zeiler & Fergus 2014) |
| gradient | brightening this pixel raises the number; the sum over channels (Simonyan et al. 2014, with its sign) |
| gradient_x_input | this pixel, being what it is and not the mean colour, raises the number, to first order |
| gradcam | what the last layer with a map found here raises the number (Selvaraju et al. 2017, without its ReLU) |

A larger angle leads away from the class, a larger length, margin or logit towards it or makes the network surer.
Gradients are by the network's input, which is normalised. An idea of Li et al. 2024 ("Understanding Robustness
Lottery"); the sign, the gradient maps and the margin's bias are choices of ours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from analysis.attribution.capture import borrowed, forward, ordinary
from analysis.attribution.geometric_numbers import Directions, of_features, of_logits, slopes
from analysis.attribution.masking import chunks
from analysis.attribution.methods.occlusion import corners, patches
from analysis.attribution.scoring import BATCH_PIXELS
from analysis.errors import BadParameter
from analysis.types import Report, silent
from models.classifier import Classifier, Tap
from models.taps import to_nchw

WAYS = ("occlusion", "gradient", "gradient_x_input", "gradcam")
PATCH, STRIDE = 0.125, 0.0625
"""Of the shorter side; at 32 pixels 4 and 2."""


@dataclass(frozen=True, slots=True, eq=False)
class GeometricMaps:
    """What each way says of N images."""

    numbers: Mapping[str, np.ndarray]  # number -> (N,) float64, nan where there is none
    maps: Mapping[str, Mapping[str, np.ndarray]]  # way -> number -> (N, h, w) float32 signed, nan where no number is
    classes: np.ndarray  # (N,) int64, the class that each image is measured against
    remarks: tuple[str, ...] = ()


def geometric_maps(
    classifier: Classifier,
    images: Tensor,
    classes: Sequence[int] | np.ndarray,
    ways: Sequence[str] = WAYS,
    *,
    patch: float = PATCH,
    stride: float = STRIDE,
    report: Report = silent,
) -> GeometricMaps:
    """The numbers of each image against its class, and what raises them.

    images (N, C, H, W) as the preprocessing makes them, classes (N,) the classifier's. BadParameter for a way or a
    class that does not exist; WrongInputSize from the network.
    """
    _check(classifier, images, classes, ways)
    with classifier.exclusive() as module, torch.inference_mode(False), borrowed(module):
        reader = _Reader(classifier, module)
        images = ordinary(images).to(reader.device, reader.type)
        against = torch.as_tensor(np.asarray(classes, np.int64), device=reader.device)
        numbers, maps = _followed(reader, images, against, [w for w in ways if w != "occlusion"])
        if "occlusion" in ways:
            maps["occlusion"] = _covered(reader, images, against, numbers, patch, stride, report)
    laid = {way: {n: _without(maps[way][n], numbers[n]) for n in maps[way]} for way in ways if way in maps}
    plain = {n: v.detach().cpu().numpy() for n, v in numbers.items()}
    return GeometricMaps(plain, laid, np.asarray(classes, np.int64), tuple(reader.remarks(ways, laid)))


class _Reader:
    """A network, and where its numbers are read."""

    def __init__(self, classifier: Classifier, module: nn.Module) -> None:
        self.name, self.module, self.head = classifier.name, module, classifier.head
        weight = next(module.parameters(), torch.empty(0))
        self.device, self.type = weight.device, weight.dtype if weight.is_floating_point() else torch.float32
        self.tap = classifier.taps[classifier.default_tap] if classifier.default_tap else None
        self.directions: Directions | None = None
        if self.head is not None:
            weight = self.head.weight.detach().to(self.device).double()
            bias = torch.zeros_like(weight[:, 0]) if self.head.bias is None else self.head.bias.detach().to(weight)
            self.directions = Directions(weight, bias)

    def read(self, images: Tensor) -> Tensor:
        """The last features (n, D) where the head is linear, else the logits (n, L)."""
        given: list[Tensor] = []
        with _hooked(self._head_module, lambda inputs: given.append(inputs[0].clone())):
            logits = forward(self.module, images.contiguous(memory_format=torch.channels_last))
        return given[-1] if given else logits

    def numbers(self, read: Tensor, classes: Tensor) -> dict[str, Tensor]:
        return of_features(read, self.directions, classes) if self.directions else of_logits(read, classes)

    def remarks(self, ways: Sequence[str], made: Mapping[str, object]) -> Iterator[str]:
        if self.head is None:
            yield (
                f"The head of {self.name} is not one linear map: there is no angle and no length, and the margin is "
                "the lead over the next class in units of the logits."
            )
        if "gradcam" in ways and self.tap is None:
            yield f"{self.name} has no layer with a map, so there is no map of its last layer."
        elif any(way not in made for way in ways):
            yield f"{self.name} cannot be differentiated, so there are only the maps of what was covered."

    @property
    def _head_module(self) -> nn.Module | None:
        return self.module.get_submodule(self.head.name) if self.head else None


def _followed(
    reader: _Reader, images: Tensor, classes: Tensor, ways: Sequence[str]
) -> tuple[dict[str, Tensor], dict[str, dict[str, Tensor]]]:
    """The numbers (n,), and the maps (n, h, w) of the ways that follow a gradient: one forward."""
    tap = reader.tap if "gradcam" in ways else None
    with torch.enable_grad() if ways else torch.no_grad():
        leaf = images.detach().clone().requires_grad_(bool(ways))
        kept: list[Tensor] = []
        with _tapped(reader.module, tap, kept):
            read = reader.read(leaf.clone())  # a first layer may work in place
        end = read.detach().requires_grad_(bool(ways))
        numbers = reader.numbers(end, classes)
        if not (ways and read.requires_grad):  # quantised weights have no gradient
            return {n: v.detach() for n, v in numbers.items()}, {}
        maps: dict[str, dict[str, Tensor]] = {way: {} for way in ways if way != "gradcam" or tap is not None}
        for name, slope in slopes(numbers, end).items():
            found = torch.autograd.grad(read, [leaf, *kept], slope, retain_graph=True, allow_unused=True)
            steps = [torch.zeros_like(o) if g is None else g for o, g in zip([leaf, *kept], found, strict=True)]
            for way in maps:
                maps[way][name] = _map(way, leaf.detach(), steps, kept, tap)
    return {n: v.detach() for n, v in numbers.items()}, maps


def _map(way: str, images: Tensor, steps: Sequence[Tensor], kept: Sequence[Tensor], tap: Tap | None) -> Tensor:
    """(n, h, w) from the gradients by the images and by what the tap gave."""
    if way == "gradient":
        return steps[0].sum(1)
    if way == "gradient_x_input":
        return (steps[0] * images).sum(1)
    activations, gradients = (to_nchw(t.detach(), cast(Tap, tap)) for t in (kept[0], steps[1]))
    return (gradients.mean((2, 3), keepdim=True) * activations).sum(1)


def _covered(
    reader: _Reader,
    images: Tensor,
    classes: Tensor,
    numbers: Mapping[str, Tensor],
    patch: float,
    stride: float,
    report: Report,
) -> dict[str, Tensor]:
    """How far each number falls when a patch is covered; a pixel shows the mean over the patches that cover it.

    Patches that leave no number (a length of 0 has no angle) count for none.
    """
    shorter = min(images.shape[-2:])
    side, step = max(1, round(patch * shorter)), max(1, round(stride * shorter))
    places = corners(images.shape[-2:], side, min(step, side))
    total = {n: torch.zeros_like(images[:, 0], dtype=torch.float64) for n in numbers}
    covers = {n: torch.zeros_like(total[n]) for n in numbers}
    for chunk in chunks(len(places), images):
        covered = patches(places[chunk], side, images)
        report(chunk.start / len(places), "covering patches")
        for name, left in _left(reader, images, classes, covered, report, chunk, len(places)).items():
            drops = numbers[name][:, None] - left
            total[name] += torch.einsum("nm,mhw->nhw", torch.nan_to_num(drops, 0.0, 0.0, 0.0), covered.double())
            covers[name] += torch.einsum("nm,mhw->nhw", drops.isfinite().double(), covered.double())
    return {n: total[n] / covers[n] for n in numbers}


def _left(
    reader: _Reader, images: Tensor, classes: Tensor, covered: Tensor, report: Report, chunk: slice, of: int
) -> dict[str, Tensor]:
    """The numbers (n, m) of every image under each of m patches (m, H, W)."""
    altered = (images[:, None] * (1 - covered)[None, :, None]).flatten(0, 1)
    owners = classes.repeat_interleave(len(covered))
    size = max(1, BATCH_PIXELS // (images.shape[-1] * images.shape[-2]))
    parts: list[dict[str, Tensor]] = []
    done = 0
    with torch.no_grad():
        for some, owner in zip(altered.split(size), owners.split(size), strict=True):
            parts.append(reader.numbers(reader.read(some), owner))
            done += len(some)
            report((chunk.start + len(covered) * done / len(altered)) / of, "covering patches")
    return {n: torch.cat([p[n] for p in parts]).view(len(images), -1) for n in parts[0]}


def _without(values: Tensor, number: Tensor) -> np.ndarray:
    """A map of a number that does not exist is nan."""
    known = number.isfinite()[:, None, None]
    return torch.where(known, values.double(), torch.nan).float().cpu().numpy()


@contextmanager
def _hooked(module: nn.Module | None, take: Callable[[tuple[Tensor, ...]], None]) -> Iterator[None]:
    """What a module is given is taken; nothing where there is none."""
    handle = module.register_forward_pre_hook(lambda _module, inputs: take(inputs)) if module is not None else None
    try:
        yield
    finally:
        if handle is not None:
            handle.remove()


@contextmanager
def _tapped(module: nn.Module, tap: Tap | None, kept: list[Tensor]) -> Iterator[None]:
    """What a tap gives is kept; the network goes on with a copy, for its next layer may overwrite it."""

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> Tensor:
        kept.append(output)
        return output.clone()

    handle = module.get_submodule(tap.name).register_forward_hook(keep) if tap is not None else None
    try:
        yield
    finally:
        if handle is not None:
            handle.remove()


def _check(classifier: Classifier, images: Tensor, classes: Sequence[int] | np.ndarray, ways: Sequence[str]) -> None:
    if unknown := [w for w in ways if w not in WAYS]:
        raise BadParameter(
            f"There is no way '{unknown[0]}' to make maps of the geometry; there are: {', '.join(WAYS)}."
        )
    count = len(classifier.class_names)
    if len(images) != len(classes) or any(not 0 <= int(c) < count for c in classes):
        raise BadParameter(
            f"Each of {len(images)} images needs a class from 0 to {count - 1} to be measured against; "
            f"got {[int(c) for c in classes][:8]}."
        )
