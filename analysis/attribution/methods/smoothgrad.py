"""SmoothGrad: the gradient averaged over noisy copies of the image (Smilkov et al. 2017, section 2)."""

from typing import Annotated, cast

import torch
from torch import Tensor, nn

from analysis.attribution.networks import scored, seeded
from analysis.attribution.registry import METHODS
from analysis.registry import Range

AT_ONCE = 8  # noisy copies in one backward


@METHODS.register(
    "input",
    "smoothgrad",
    label="SmoothGrad",
    paper="Smilkov et al. 2017, section 2",
    reads="As saliency, but only what survives noise: bright pixels are those whose change would move the score.",
    fails="Too much noise shows the network images it has never seen; too little leaves the speckle of saliency.",
    differs="Gradients are averaged with their signs, then made absolute, as in the paper; captum does the reverse.",
    signed=False,
)
def smoothgrad(
    network: nn.Module,
    images: Tensor,
    weights: Tensor,
    limits: Tensor,
    *,
    samples: Annotated[int, Range(1, 200)] = 16,
    noise: Annotated[float, Range(0.0, 1.0)] = 0.15,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> Tensor:
    """Show which pixels the score is sensitive to, with the gradient's noise averaged away.

    `noise` is the standard deviation over the image's own range of values. Every image sees the same draws.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), at least 0:
    max over C of |mean gradient|.
    """
    from captum.attr import NoiseTunnel, Saliency  # takes long to import

    maps = []
    with scored(network, images, weights) as (score, inputs, targets):
        tunnel = NoiseTunnel(Saliency(score))
        for image, target in zip(inputs.detach().split(1), targets.split(1), strict=True):
            with seeded(seed, images.device):
                gradients = tunnel.attribute(
                    image,
                    nt_samples=samples,
                    nt_samples_batch_size=AT_ONCE,
                    stdevs=noise * float(image.max() - image.min()),
                    abs=False,
                    additional_forward_args=target,
                )
            maps.append(cast(Tensor, gradients).abs().amax(dim=1))
    return torch.cat(maps)
