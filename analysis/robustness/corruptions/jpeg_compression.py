"""JPEG compression: written at a low quality and read again (Hendrycks & Dietterich 2019)."""

from io import BytesIO

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from analysis.robustness.draws import Draws
from analysis.robustness.registry import CORRUPTIONS


@CORRUPTIONS.register(
    "jpeg_compression",
    label="JPEG compression",
    group="digital",
    paper="Hendrycks & Dietterich 2019",
    reads="Blocks of eight pixels and blurred colour: what a picture from the web has been through.",
    fails="A network trained on JPEG files has learnt to live with it; one trained on lossless images has not.",
    differs="The codec is Pillow's, as in the published code; another version of libjpeg may round some values by one.",
    levels={
        "cifar": (80, 65, 58, 50, 40),
        "tiny": (65, 58, 50, 40, 25),
        "imagenet": (25, 18, 15, 10, 7),
    },
    benchmark=True,
)
def jpeg_compression(images: Tensor, level: int, draws: Draws) -> Tensor:
    """Encode and decode each image, on the processor wherever the images are.

    images (n, 3, H, W), level: JPEG quality, 1 to 100 -> images of the same shape.
    """
    pixels = (images * 255).round_().to("cpu", torch.uint8).permute(0, 2, 3, 1).contiguous().numpy()
    read = np.stack([_read_again(p, level) for p in pixels])
    return torch.from_numpy(read).to(images.device).permute(0, 3, 1, 2).to(images.dtype).div_(255)


def _read_again(pixels: np.ndarray, quality: int) -> np.ndarray:
    """One image (H, W, 3) uint8, written to memory and read."""
    written = BytesIO()
    Image.fromarray(pixels).save(written, "JPEG", quality=quality)
    with Image.open(written) as read:
        return np.asarray(read)
