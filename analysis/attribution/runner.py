"""One method at one tap for one target per image, from the shared pass where it can."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from analysis.attribution import attention
from analysis.attribution.baselines import limits_of
from analysis.attribution.capture import Pass, borrowed, forward, ordinary, run_pass
from analysis.attribution.curvature import hessian_times_activations
from analysis.attribution.projection import first_component
from analysis.attribution.registry import AttributionMethod
from analysis.attribution.scoring import Scorer
from analysis.attribution.targets import ranked_with
from analysis.errors import NotApplicable
from analysis.registry import Scalar
from analysis.types import Report, silent
from models.classifier import Classifier, Tap

FROM_GRADIENTS = ("gradients", "joint", "noisy", "curvature")
ZERO_GRADIENT = (
    "The gradient at this layer is zero, so the map is blank: nothing here reaches the score "
    "(in a transformer with a class token, a layer after the last attention). Choose an earlier layer."
)
NO_POSITIVE = (
    "No positive evidence: nothing in this map speaks for the target. The negative view shows what speaks against it."
)
NOTHING = "The map is zero everywhere."


@dataclass(slots=True, eq=False)
class Subject:
    """Images before a network that is ours for the moment, and what was read of them."""

    classifier: Classifier
    module: nn.Module
    images: Tensor  # (N, C, H, W) on the module's device
    taken: Pass  # at the taps in question
    report: Report = silent
    recorded: list[Tensor] | None = field(default=None, init=False)  # attention matrices, once asked for

    def __len__(self) -> int:
        return len(self.images)


@dataclass(frozen=True, slots=True, eq=False)
class Maps:
    """What one method says about N images."""

    values: Tensor  # (N, h, w) float32, signed, as computed
    remarks: tuple[tuple[str, ...], ...]  # per image


Params = Mapping[str, Scalar]


def reason_against(method: AttributionMethod, classifier: Classifier, tap: Tap | None) -> str | None:
    """Why a method cannot serve this network at this tap, known before it is run; None where it can."""
    if method.reads_tap:
        if tap is None:
            return "This network has no layer with a spatial map."
        if not tap.spatial:
            return f"Layer '{tap.name}' has no spatial map, so there is nothing to lay over the image."
    return method.applies(classifier, tap) if method.applies else None


def score_weights(method: AttributionMethod, params: Params, logits: Tensor, weights: Tensor) -> Tensor:
    """The derivative (N, L) by each logit of the score that the method explains for a target."""
    return method.retarget(logits, weights, **params) if method.retarget else weights


def attribute(
    subject: Subject, method: AttributionMethod, params: Params, taps: Sequence[Tap], weights: Tensor, *, eigen: bool
) -> Maps:
    """Run one method for targets given as weights (N, L) of the logits.

    A joint method reads all taps, any other the first. `eigen` replaces the sum over channels by their first
    principal component. Raises NotApplicable with the reason.
    """
    for tap in taps or (None,):
        if reason := reason_against(method, subject.classifier, tap):
            raise NotApplicable(f"{method.label}: {reason}")
    with torch.inference_mode(False), torch.no_grad():  # whatever mode the caller is in
        subject.images, weights = ordinary(subject.images), ordinary(weights)
        weights = score_weights(method, params, subject.taken.logits, weights)
        given = _KINDS[method.kind](subject, method, params, list(taps), weights)
    found, said = given if isinstance(given, tuple) else (given, [()] * len(subject))
    values = _summed(found.detach().float(), eigen)
    remarks = _remarks(subject, method, taps, weights, values)
    said = [(s,) if isinstance(s, str) else tuple(s) for s in said]
    return Maps(values, tuple(r + s for r, s in zip(remarks, said, strict=True)))


def can_smooth(method: AttributionMethod) -> bool:
    """Whether mirrored and rescaled copies can be averaged at the price of a pass each."""
    return method.kind in ("gradients", "activations", "head", "joint")


def _summed(found: Tensor, eigen: bool) -> Tensor:
    if found.ndim == 3:
        return found
    return first_component(found, sign=found.sum(dim=1)) if eigen else found.sum(dim=1)


def _remarks(
    subject: Subject, method: AttributionMethod, taps: Sequence[Tap], weights: Tensor, values: Tensor
) -> list[tuple[str, ...]]:
    blank = torch.zeros(len(subject), dtype=torch.bool, device=values.device)
    suspect = method.kind == "joint" or not bool(values.flatten(1).any(dim=1).all())
    if suspect and method.kind in FROM_GRADIENTS and taps:  # a zero gradient shows as a blank map
        largest = torch.stack([subject.taken.gradient(t.name, weights).abs().amax((1, 2, 3)) for t in taps])
        blank = (largest == 0).any(dim=0)
    remarks = []
    for zero_gradient, value in zip(blank.tolist(), values, strict=True):
        if zero_gradient:
            remarks.append((ZERO_GRADIENT,))
        elif not bool(value.any()):
            remarks.append((NOTHING,))
        elif float(value.max()) <= 0:
            remarks.append((NO_POSITIVE,))
        else:
            remarks.append(())
    return remarks


def _gradients(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    name, taken = taps[0].name, subject.taken
    return method.function(
        taken.activations[name], taken.gradient(name, weights), _scores(taken.logits, weights), **params
    )


def _activations(
    subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor
) -> Tensor:
    return method.function(subject.taken.activations[taps[0].name], **params)


def _head(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    head = subject.classifier.head
    if head is None:
        raise NotApplicable(f"{method.label}: this network has no linear head.")
    rows = weights @ head.weight.to(weights)
    return method.function(subject.taken.activations[taps[0].name], rows, **params)


def _joint(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    taken = subject.taken
    activations = [taken.activations[t.name] for t in taps]
    gradients = [taken.gradient(t.name, weights) for t in taps]
    return method.function(activations, gradients, _scores(taken.logits, weights), **params)


def _noisy(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    generator = torch.Generator().manual_seed(int(params["seed"]))
    spread = subject.images.amax((1, 2, 3), keepdim=True) - subject.images.amin((1, 2, 3), keepdim=True)
    samples = int(params["samples"])
    passes = []
    for sample in range(samples):
        noise = torch.randn(subject.images.shape, generator=generator).to(subject.images)
        noisy = subject.images + float(params["noise"]) * spread * noise
        passes.append(run_pass(subject.module, noisy, taps, lambda logits: ranked_with([weights], logits, least=1)))
        subject.report((sample + 1) / samples, method.label)
    name = taps[0].name
    activations = torch.stack([p.activations[name] for p in passes])
    gradients = torch.stack([p.gradient(name, weights) for p in passes])
    scores = torch.stack([_scores(p.logits, weights) for p in passes])
    return method.function(activations, gradients, scores, **params)


def _curvature(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    name, taken = taps[0].name, subject.taken
    products = hessian_times_activations(subject.module, subject.images, taps[0], weights)
    return method.function(taken.activations[name], taken.gradient(name, weights), products, **params)


def _masks(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    scorer = Scorer(subject.module, subject.images, weights, subject.report, method.label)
    activations = subject.taken.activations[taps[0].name] if taps else None
    return method.function(scorer, subject.images, activations, **params)


def _ablation(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    activations = subject.taken.activations[taps[0].name]
    scorer = Scorer(subject.module, subject.images, weights, subject.report, method.label)
    scorer.expect(activations.shape[0] * activations.shape[1])
    return method.function(scorer.at(taps[0]), activations, _scores(subject.taken.logits, weights), **params)


def _input(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    limits = limits_of(subject.classifier.preprocessing).to(subject.images)
    with _stoppable(subject, method):
        return method.function(subject.module, subject.images, weights, limits, **params)


def _guided(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    layer = subject.module.get_submodule(taps[0].name)
    with _stoppable(subject, method):
        return method.function(subject.module, layer, subject.images, weights, **params)


@contextmanager
def _stoppable(subject: Subject, method: AttributionMethod) -> Iterator[None]:
    """Report at every forward, so that work inside another library can be cancelled."""

    def tick(*_: object) -> None:
        subject.report(0.0, method.label)

    handle = subject.module.register_forward_pre_hook(tick)
    try:
        with torch.inference_mode(False), torch.enable_grad(), borrowed(subject.module):
            yield
    finally:
        handle.remove()


def _attention(subject: Subject, method: AttributionMethod, params: Params, taps: list[Tap], weights: Tensor) -> Tensor:
    if subject.recorded is None:
        module = subject.module
        with torch.inference_mode(False), torch.no_grad(), borrowed(module), attention.recording(module) as recorded:
            forward(module, subject.images)
        subject.recorded = recorded
    length = subject.recorded[-1].shape[-1]
    layers = (t for t in subject.classifier.taps.values() if t.layout == "tokens")
    tokens = next(t for t in layers if t.prefix + t.grid[0] * t.grid[1] == length)
    return method.function(subject.recorded, tokens.prefix, tokens.grid, **params)


def _scores(logits: Tensor, weights: Tensor) -> Tensor:
    return (logits * weights).sum(dim=1)


_KINDS: dict[str, Callable] = {
    "gradients": _gradients,
    "activations": _activations,
    "head": _head,
    "joint": _joint,
    "noisy": _noisy,
    "curvature": _curvature,
    "masks": _masks,
    "ablation": _ablation,
    "input": _input,
    "guided": _guided,
    "attention": _attention,
}
