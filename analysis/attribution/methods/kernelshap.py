"""KernelSHAP over superpixels: Shapley values by weighted regression (Lundberg & Lee 2017, theorem 2)."""

from typing import Annotated

import torch
from torch import Tensor, nn

from analysis.attribution.baselines import IN_WORDS, Baseline, baseline_like
from analysis.attribution.networks import Scored, completeness, difference, scored, seeded
from analysis.attribution.registry import METHODS
from analysis.attribution.superpixels import superpixels
from analysis.registry import Range

AT_ONCE = 16  # altered images in one forward


@METHODS.register(
    "input",
    "kernelshap",
    label="KernelSHAP",
    paper="Lundberg & Lee 2017, theorem 2; superpixels by SLIC (Achanta et al. 2012)",
    reads="A region's fair share of the score's difference from the baseline: red adds to it, blue takes from it.",
    fails="Images with regions of plain colour are like none the network has seen; few samples give rough shares.",
    differs="A superpixel counts as one player; its whole share is shown at each of its pixels.",
    slow=True,
)
def kernelshap(
    network: nn.Module,
    images: Tensor,
    weights: Tensor,
    limits: Tensor,
    *,
    regions: Annotated[int, Range(4, 200)] = 36,
    samples: Annotated[int, Range(16, 5000)] = 200,
    baseline: Baseline = "mean",
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
) -> tuple[Tensor, list[str]]:
    """Show what each region contributes to the score's difference from a baseline, black-box.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed: the share of the pixel's
    region; per image a remark with what the shares leave of the difference.
    """
    maps, remarks = [], []
    with scored(network, images, weights) as (score, inputs, targets):
        start = baseline_like(inputs.detach(), limits, baseline)
        for image, plain, target in zip(inputs.detach().split(1), start.split(1), targets.split(1), strict=True):
            parts = superpixels(image[0], limits, regions)
            expected = difference(score, image, plain, target)
            with seeded(seed, images.device):
                shares = _shares(score, image, plain, target, parts, samples, expected)
            maps.append(shares[parts])
            (missing,) = completeness(shares[None], expected)
            remarks.append(f"{missing}; {len(shares)} regions; baseline: {IN_WORDS[baseline]}")
    return torch.stack(maps), remarks


def _shares(
    score: Scored, image: Tensor, plain: Tensor, target: Tensor, parts: Tensor, samples: int, expected: Tensor
) -> Tensor:
    """Shapley values of K regions: image, plain (1, C, H, W), parts (H, W) of 0..K-1 -> (K,)."""
    from captum.attr import KernelShap  # takes long to import

    if int(parts.max()) == 0:  # one player takes all; captum's distribution of coalitions is empty then
        return expected
    shares = KernelShap(score).attribute(
        image,
        plain,
        additional_forward_args=(target,),
        feature_mask=parts[None, None],
        n_samples=samples,
        perturbations_per_eval=AT_ONCE,
        return_input_shape=False,
    )
    return shares.flatten().to(image)
