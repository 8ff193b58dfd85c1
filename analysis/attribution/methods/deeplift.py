"""DeepLIFT: each pixel's share of the score's difference from a reference (Shrikumar et al. 2017, Rescale rule)."""

import torch
from torch import Tensor, nn

from analysis.attribution.baselines import IN_WORDS, Baseline, baseline_like
from analysis.attribution.networks import completeness, difference, fresh_inputs, quiet, scored
from analysis.attribution.nonlinearities import nonlinearities, place
from analysis.attribution.registry import METHODS
from models.classifier import Classifier, Tap

_RULES = (nn.ReLU, nn.ELU, nn.LeakyReLU, nn.Sigmoid, nn.Tanh, nn.Softplus, nn.MaxPool1d, nn.MaxPool2d, nn.MaxPool3d)


def _reason(classifier: Classifier, tap: Tap | None) -> str | None:
    """Why multipliers cannot be carried through: a nonlinear step without a rule, or one module used twice."""
    seen = classifier.remembered(nonlinearities)
    modules = dict(classifier.module.named_modules())
    for function, owner in seen.calls:
        if type(modules[owner]) not in _RULES:
            return f"DeepLIFT's rules are tied to modules such as nn.ReLU; {place(owner)} calls {function} without one."
        if seen.uses[owner] > 1:
            return f"DeepLIFT needs a module for each step, and '{owner}' is used {seen.uses[owner]} times."
        if _overlaps(modules[owner]):
            return f"DeepLIFT's rule for max-pooling needs windows that do not overlap; those of '{owner}' do."
    if seen.products:
        return f"DeepLIFT has no rule for activations that multiply each other, as in {place(seen.products[0])}."
    return None


def _overlaps(module: nn.Module) -> bool:
    """Whether windows share pixels: captum's rule then keeps only one of a pixel's shares."""
    if not isinstance(module, nn.MaxPool1d | nn.MaxPool2d | nn.MaxPool3d):
        return False
    strides = module.stride if isinstance(module.stride, tuple) else (module.stride,) * 3
    sizes = module.kernel_size if isinstance(module.kernel_size, tuple) else (module.kernel_size,) * 3
    return any(size > stride for size, stride in zip(sizes, strides, strict=False))


@METHODS.register(
    "input",
    "deeplift",
    label="DeepLIFT",
    paper="Shrikumar, Greenside & Kundaje 2017, section 3.5.1 (Rescale)",
    reads="What each pixel adds to or takes from the score, compared with the baseline; it adds up to the difference.",
    fails="Depends on the baseline, and the Rescale rule hides inputs that cancel each other inside the network.",
    differs="Two faults of captum are avoided: rules that follow each other directly (its issue 1104), by copying "
    "between them, and batches after max-pooling (1276), by one image at a time.",
    applies=_reason,
)
def deeplift(
    network: nn.Module, images: Tensor, weights: Tensor, limits: Tensor, *, baseline: Baseline = "mean"
) -> tuple[Tensor, list[str]]:
    """Show what pixels contribute to the score's difference from a baseline, in one backward.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed, adding up to the
    score difference; per image a remark with what is missing of it.
    """
    from captum.attr import DeepLift  # takes long to import

    maps = []
    hooks_are_set, at_rules = quiet("Setting forward, backward hooks"), fresh_inputs(network, _RULES)
    with scored(network, images, weights) as (score, inputs, targets), hooks_are_set, at_rules:
        start = baseline_like(inputs.detach(), limits, baseline)
        for n in range(len(images)):
            one = slice(n, n + 1)
            image = inputs[one].detach().requires_grad_()
            parts = DeepLift(score).attribute(image, start[one], additional_forward_args=(targets[one],))
            maps.append(parts.detach().sum(dim=1))
        missing = completeness(torch.cat(maps), difference(score, inputs, start, targets))
    return torch.cat(maps), [f"{m}; baseline: {IN_WORDS[baseline]}" for m in missing]
