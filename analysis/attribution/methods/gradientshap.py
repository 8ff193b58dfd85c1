"""GradientSHAP: gradients averaged between baselines and noisy images (Lundberg & Lee 2017; Erion et al. 2021)."""

from typing import Annotated

import torch
from torch import Tensor, nn

from analysis.attribution.baselines import baseline_like
from analysis.attribution.networks import Scored, completeness, difference, scored, seeded
from analysis.attribution.registry import METHODS
from analysis.registry import Range

AT_ONCE = 8  # samples in one backward


@METHODS.register(
    "input",
    "gradientshap",
    label="GradientSHAP",
    paper="Lundberg & Lee 2017; Erion et al. 2021, eq. 3",
    reads="What each pixel adds to or takes from the score, averaged over paths from black, white and the mean colour.",
    fails="A sampled average: with few samples the map is speckled and does not add up; the remark says by how much.",
    differs="The baselines are black, white and the mean colour in equal parts, not images from the training data.",
    slow=True,
)
def gradientshap(
    network: nn.Module,
    images: Tensor,
    weights: Tensor,
    limits: Tensor,
    *,
    samples: Annotated[int, Range(1, 500)] = 32,
    noise: Annotated[float, Range(0.0, 1.0)] = 0.05,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> tuple[Tensor, list[str]]:
    """Show what pixels contribute to the score's difference from plain images.

    `noise` is the standard deviation over the image's own range of values. Every image sees the same draws.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed, adding up on average to
    the score's difference from the mean over the baselines; per image a remark with what is missing of it.
    """
    maps, expected = [], []
    with scored(network, images, weights) as (score, inputs, targets):
        for image, target in zip(inputs.detach().split(1), targets.split(1), strict=True):
            plain = torch.cat([baseline_like(image, limits, kind) for kind in ("black", "white", "mean")])
            spread = noise * float(image.max() - image.min())
            with seeded(seed, images.device):
                maps.append(_sampled(score, image, plain, target, samples, spread))
            expected.append(difference(score, image.expand_as(plain), plain, target.expand(3, -1)).mean())
    missing = completeness(torch.cat(maps), torch.stack(expected))
    return torch.cat(maps), [f"{m}; baselines: black, white, mean colour" for m in missing]


def _sampled(score: Scored, image: Tensor, plain: Tensor, target: Tensor, samples: int, spread: float) -> Tensor:
    """captum has no internal batch size here, so the samples are taken in chunks: image (1, C, H, W) -> (1, H, W)."""
    from captum.attr import GradientShap  # takes long to import

    total = torch.zeros_like(image[:, 0])
    for begin in range(0, samples, AT_ONCE):
        count = min(AT_ONCE, samples - begin)
        parts = GradientShap(score).attribute(
            image, plain, n_samples=count, stdevs=spread, additional_forward_args=target
        )
        total += parts.detach().sum(dim=1) * (count / samples)
    return total
