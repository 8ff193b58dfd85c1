"""KPCA-CAM: the activations' first kernel principal component (Karmani et al. 2024, section III)."""

from typing import Literal

import numpy as np
import torch
from torch import Tensor

from analysis.attribution.projection import oriented
from analysis.attribution.registry import METHODS


@METHODS.register(
    "activations",
    "kpcacam",
    label="KPCA-CAM",
    paper="Karmani et al. 2024, section III",
    reads="Eigen-CAM that also follows curved patterns in the activations.",
    fails="Ignores the class; the kernel's width is a guess (one over the number of channels).",
    class_agnostic=True,
    differs="The sign is the one that agrees with the activations' energy.",
)
def kpcacam(activations: Tensor, *, kernel: Literal["sigmoid", "rbf", "poly", "cosine"] = "sigmoid") -> Tensor:
    """Show the strongest non-linear pattern of a layer.

    activations (N, C, h, w) -> maps (N, h, w).
    """
    from sklearn.decomposition import KernelPCA  # a second to import

    places = activations.flatten(2).transpose(1, 2)
    centred = (places - places.mean(dim=1, keepdim=True)).cpu().numpy()
    found = [KernelPCA(1, kernel=kernel, random_state=0).fit_transform(each) for each in centred]
    maps = torch.from_numpy(np.stack(found).astype(np.float32)).to(activations.device)
    energy = activations.square().sum(dim=1)
    return oriented(maps.reshape(energy.shape), energy)
