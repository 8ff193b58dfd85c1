"""A small vision transformer for 64 x 64 images, made of timm's class.

The blocks are those of Dosovitskiy et al. (2021); patches of 8 x 8 px are embedded by four convolutions
in place of one (Xiao et al. 2021, "Early Convolutions Help Transformers See Better"), without which a
few thousand images do not teach it shapes.
"""

from itertools import pairwise
from typing import Any

from torch import Tensor, nn

SIZE = 64
PATCH = 8


class ConvStem(nn.Module):
    """Images (N, 3, 64, 64) -> tokens (N, 64, D): three convolutions that halve, and one of 1 x 1."""

    def __init__(self, embed_dim: int = 96, in_chans: int = 3, **_: Any) -> None:
        super().__init__()
        self.grid_size = (SIZE // PATCH, SIZE // PATCH)
        self.num_patches = self.grid_size[0] * self.grid_size[1]
        self.patch_size = (PATCH, PATCH)
        widths = (in_chans, embed_dim // 3, embed_dim * 2 // 3, embed_dim)
        stages = [_halving(a, b) for a, b in pairwise(widths)]
        self.stages = nn.Sequential(*stages)
        self.proj = nn.Conv2d(embed_dim, embed_dim, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.proj(self.stages(x)).flatten(2).transpose(1, 2)


def _halving(inputs: int, outputs: int) -> nn.Sequential:
    conv = nn.Conv2d(inputs, outputs, 3, stride=2, padding=1, bias=False)
    return nn.Sequential(conv, nn.BatchNorm2d(outputs), nn.ReLU())


def shapes_vit(num_classes: int) -> nn.Module:
    """Images (N, 3, 64, 64) -> logits: 64 tokens and a class token, 4 layers of 96 dimensions in 3 heads."""
    from timm.models.vision_transformer import VisionTransformer

    stem: Any = ConvStem  # timm's annotation wants its own patch embedding, but calls anything
    return VisionTransformer(
        img_size=SIZE,
        patch_size=PATCH,
        num_classes=num_classes,
        embed_dim=96,
        depth=4,
        num_heads=3,
        mlp_ratio=2.0,
        embed_layer=stem,
    )
