"""LIME over superpixels: a linear model of the score near the image (Ribeiro et al. 2016, eq. 1-2)."""

import math
from typing import Annotated, Any

import torch
from torch import Tensor, nn

from analysis.attribution.baselines import IN_WORDS, Baseline, baseline_like
from analysis.attribution.networks import Scored, scored, seeded
from analysis.attribution.registry import METHODS
from analysis.attribution.superpixels import superpixels
from analysis.registry import Range

AT_ONCE = 16  # altered images in one forward
KERNEL_WIDTH = 0.25  # of the authors' code for images


@METHODS.register(
    "input",
    "lime",
    label="LIME",
    paper="Ribeiro, Singh & Guestrin 2016, eq. 1-2; superpixels by SLIC (Achanta et al. 2012)",
    reads="How much the score rises when a region is visible, by a straight-line model fitted around this image.",
    fails="Another seed or number of regions can give another map; regions share what they only do together.",
    differs="Ridge regression with the authors' kernel for images (cosine distance of masks, width 0.25), not captum's "
    "lasso; the score is the logit, not the probability.",
    slow=True,
)
def lime(
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
    """Show how regions move the score near this image, black-box.

    network, images (N, C, H, W), weights (N, L), limits (2, C) -> maps (N, H, W), signed: the coefficient of the
    pixel's region; per image a remark with the number of regions and the baseline.
    """
    maps, remarks = [], []
    with scored(network, images, weights) as (score, inputs, targets):
        start = baseline_like(inputs.detach(), limits, baseline)
        for image, plain, target in zip(inputs.detach().split(1), start.split(1), targets.split(1), strict=True):
            parts = superpixels(image[0], limits, regions)
            with seeded(seed, images.device):
                coefficients = _coefficients(score, image, plain, target, parts, samples)
            maps.append(coefficients[parts])
            remarks.append(f"{len(coefficients)} regions; baseline: {IN_WORDS[baseline]}")
    return torch.stack(maps), remarks


def closeness(_image: Tensor, _altered: Tensor, visible: Tensor, **_: Any) -> float:
    """The weight of a sample: visible (1, K) of 0 and 1 -> exp(-distance^2 / width^2) under a root, 0 to 1."""
    distance = 1 - math.sqrt(float(visible.sum()) / visible.shape[1])  # cosine distance to all ones
    return math.sqrt(math.exp(-((distance / KERNEL_WIDTH) ** 2)))


def _coefficients(score: Scored, image: Tensor, plain: Tensor, target: Tensor, parts: Tensor, samples: int) -> Tensor:
    """The surrogate's coefficients of K regions: image, plain (1, C, H, W), parts (H, W) of 0..K-1 -> (K,)."""
    from captum._utils.models.linear_model import SkLearnRidge  # where captum's own documentation takes it from
    from captum.attr import Lime

    coefficients = Lime(score, interpretable_model=SkLearnRidge(alpha=1.0), similarity_func=closeness).attribute(
        image,
        plain,
        additional_forward_args=(target,),
        feature_mask=parts[None, None],
        n_samples=samples,
        perturbations_per_eval=AT_ONCE,
        return_input_shape=False,
    )
    return coefficients.flatten().to(image)
