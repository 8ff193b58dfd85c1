"""Integrated gradients: the gradient averaged from a baseline to the image (Sundararajan et al. 2017, eq. 1-3)."""

from typing import Annotated, Literal

from torch import Tensor, nn

from analysis.attribution.baselines import IN_WORDS, Baseline, baseline_like
from analysis.attribution.networks import completeness, difference, scored
from analysis.attribution.registry import METHODS
from analysis.registry import Range

AT_ONCE = 16  # images in one backward


@METHODS.register(
    "input",
    "integrated_gradients",
    label="Integrated gradients",
    paper="Sundararajan, Taly & Yan 2017, eq. 1-3",
    reads="What each pixel adds to or takes from the score on the way from the baseline to the image.",
    fails="Depends strongly on the baseline: pixels that look like it get nothing, and another one gives another map.",
    differs="Gauss-Legendre steps, as captum; the paper's Riemann sum is a choice.",
    slow=True,
)
def integrated_gradients(
    network: nn.Module,
    images: Tensor,
    weights: Tensor,
    limits: Tensor,
    *,
    steps: Annotated[int, Range(1, 200)] = 32,
    baseline: Baseline = "mean",
    rule: Literal["gausslegendre", "riemann_middle"] = "gausslegendre",
) -> tuple[Tensor, list[str]]:
    """Show what pixels contribute to the score's difference from a baseline.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed, adding up to the
    score difference; per image a remark with what is missing of it.
    """
    from captum.attr import IntegratedGradients  # takes long to import

    with scored(network, images, weights) as (score, inputs, targets):
        start = baseline_like(inputs.detach(), limits, baseline)
        parts = IntegratedGradients(score).attribute(
            inputs,
            start,
            additional_forward_args=targets,
            n_steps=steps,
            method=rule,
            internal_batch_size=max(AT_ONCE, len(images)),
        )
        maps = parts.detach().sum(dim=1).to(images.dtype)
        missing = completeness(maps, difference(score, inputs, start, targets))
    return maps, [f"{m}; baseline: {IN_WORDS[baseline]}" for m in missing]
