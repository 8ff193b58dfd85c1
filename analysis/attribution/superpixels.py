"""Superpixels: the parts of an image that are switched on and off together (Achanta et al. 2012, SLIC)."""

import numpy as np
import torch
from torch import Tensor


def superpixels(image: Tensor, limits: Tensor, count: int) -> Tensor:
    """About `count` connected regions of similar colour; squares where the image is too noisy to have such.

    image (C, H, W) normalised, limits (2, C) normalised black and white -> (H, W) int64 labels 0..K-1.
    """
    from skimage.segmentation import slic  # takes long to import

    black, white = limits.to(image).view(2, -1, 1, 1)
    pixels = ((image - black) / (white - black)).clamp(0, 1).detach().cpu().double().numpy().transpose(1, 2, 0)
    if pixels.shape[2] != 3:  # CIELAB, in which SLIC measures colour, needs RGB
        pixels = np.repeat(pixels.mean(axis=2, keepdims=True), 3, axis=2)
    labels = slic(pixels, n_segments=count, compactness=10.0, start_label=0)
    _, consecutive = np.unique(labels, return_inverse=True)
    if consecutive.max() + 1 < count / 4:  # SLIC joins regions smaller than half their share, in noise nearly all
        return squares(image.shape[-2], image.shape[-1], count).to(image.device)
    return torch.from_numpy(consecutive.reshape(labels.shape)).to(image.device, torch.int64)


def squares(rows: int, columns: int, count: int) -> Tensor:
    """About `count` nearly square regions: (rows, columns) int64 labels 0..K-1."""
    down = min(rows, max(1, round((count * rows / columns) ** 0.5)))
    across = min(columns, max(1, round(count / down)))
    return (torch.arange(rows) * down // rows)[:, None] * across + torch.arange(columns) * across // columns
