"""How the energy of images lies over frequencies, and how alike two batches are in it.

A deck that is gated chooses its members by the spectrum of the batch before it (Diffenderfer et al. 2021, "A winning
hand: compressing deep networks can improve out-of-distribution robustness"): noise lifts the high frequencies, blur
sinks them. Our form: the mean over images of the logarithm of the amplitudes, and how far two such maps are apart.
"""

import numpy as np
import torch
from torch import Tensor

from analysis.errors import BadParameter

_AT_ONCE = 4_000_000  # values in one transform; its complex numbers take eight bytes each


def spectrum(pixels: np.ndarray | Tensor) -> np.ndarray:
    """The mean log-amplitude of images: pixels (n, H, W, C) uint8 -> (H, W) float32, frequency 0 in the middle.

    log(1 + |F|) of the unitary transform of pixels from 0 to 255, the mean over images and channels. Frequency (i, j)
    lies at (H // 2 + i, W // 2 + j). On the device of `pixels`. BadParameter for anything but images of one size.
    """
    if pixels.ndim != 4 or not len(pixels):
        raise BadParameter(f"A spectrum is taken of images (n, H, W, C), one at least; got {tuple(pixels.shape)}.")
    images = torch.from_numpy(pixels) if isinstance(pixels, np.ndarray) else pixels
    count, rows, columns, channels = images.shape
    total = torch.zeros(rows, columns, dtype=torch.float64, device=images.device)
    for some in images.split(max(1, _AT_ONCE // (rows * columns * channels))):
        amplitudes = torch.fft.fft2(some.permute(0, 3, 1, 2).float(), norm="ortho").abs()
        total += amplitudes.log1p().sum(dim=(0, 1), dtype=torch.float64)
    return torch.fft.fftshift(total / (count * channels)).float().cpu().numpy()


def closest(spectrum: np.ndarray, references: np.ndarray) -> np.ndarray:
    """How alike a spectrum (H, W) is to each of k references (k, H, W): (k,) float64 from 0 to 1, 1 where equal.

    exp(-d), d the root mean square difference of the log-amplitudes. Not a cosine: that of any two photographs' spectra
    is above .9. BadParameter where the sizes differ.
    """
    references = np.asarray(references, np.float64)
    if references.ndim != 3 or references.shape[1:] != spectrum.shape:
        raise BadParameter(
            f"A spectrum of {spectrum.shape} is compared with references of the same size; got {references.shape}."
        )
    distance = np.sqrt(((references - spectrum.astype(np.float64)) ** 2).mean(axis=(1, 2)))
    return np.exp(-distance)


def radial(spectrum: np.ndarray) -> np.ndarray:
    """The mean over rings: (H, W) -> (F,) float64, F = min(H, W) // 2 + 1, from frequency 0 to that of Nyquist.

    Ring f holds the cells whose frequency, in cycles over the shorter side, rounds to f; the corners beyond are left
    out.
    """
    rows, columns = spectrum.shape
    short = min(rows, columns)
    down, across = (np.arange(side) - side // 2 for side in (rows, columns))
    frequency = np.hypot(down[:, None] * (short / rows), across[None, :] * (short / columns))
    ring = np.rint(frequency).astype(np.int64).ravel()
    kept = ring <= short // 2
    sums = np.bincount(ring[kept], spectrum.ravel()[kept].astype(np.float64), short // 2 + 1)
    return sums / np.bincount(ring[kept], minlength=short // 2 + 1)
