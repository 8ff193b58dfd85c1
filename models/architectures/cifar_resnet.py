"""Residual networks for 32x32 images (He et al. 2016, section 4.2).

Three stages of 16, 32 and 64 channels, n blocks each, depth 6n + 2. Shortcuts across a stage are
option A (subsample, pad channels with zeros: no parameters) unless the checkpoint brings
projections (option B), which some public weights use under the same names.
"""

from collections.abc import Mapping

import torch
from torch import Tensor, nn
from torch.nn import functional as F

DEPTHS = (20, 32, 44, 56, 110)


class PadShortcut(nn.Module):
    """Option A: every second pixel, new channels filled with zeros on both sides."""

    def __init__(self, new_channels: int) -> None:
        super().__init__()
        self.new_channels = new_channels

    def forward(self, x: Tensor) -> Tensor:
        half = self.new_channels // 2
        return F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, half, self.new_channels - half))


class ChosenShortcut(nn.Module):
    """Option A between stages that have lost channels: every second pixel, each channel from where it was."""

    sources: Tensor  # (channels,) int64: the channel of the input that each is a copy of; -1: zeros

    def __init__(self, sources: Tensor) -> None:
        super().__init__()
        self.register_buffer("sources", sources)

    def forward(self, x: Tensor) -> Tensor:
        zeros_last = F.pad(x[:, :, ::2, ::2], (0, 0, 0, 0, 0, 1))
        return zeros_last[:, self.sources]


class BasicBlock(nn.Module):
    def __init__(self, in_channels: int, channels: int, stride: int, projection: bool) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, channels, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.relu1 = nn.ReLU()  # one a call: propagation rules hang on modules and refuse a shared one
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.relu2 = nn.ReLU()
        self.downsample: nn.Module = nn.Identity()
        if stride != 1 or in_channels != channels:
            if projection:
                conv = nn.Conv2d(in_channels, channels, 1, stride, bias=False)
                self.downsample = nn.Sequential(conv, nn.BatchNorm2d(channels))
            else:
                self.downsample = PadShortcut(channels - in_channels)

    def forward(self, x: Tensor) -> Tensor:
        out = self.relu1(self.bn1(self.conv1(x)))
        return self.relu2(self.bn2(self.conv2(out)) + self.downsample(x))


class CifarResNet(nn.Module):
    """Images (N, 3, 32, 32) -> logits (N, num_classes); any size above 8 px works.

    `stem_stride` 2 halves images of 64 px first, so that the last map is 8 x 8 again; `width` is the
    number of channels of the first stage.
    """

    def __init__(
        self, depth: int, num_classes: int = 10, *, projection: bool = False, width: int = 16, stem_stride: int = 1
    ) -> None:
        super().__init__()
        if (depth - 2) % 6:
            raise ValueError(f"depth must be 6n + 2, got {depth}")
        blocks = (depth - 2) // 6
        self.conv1 = nn.Conv2d(3, width, 3, stem_stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.relu = nn.ReLU()
        self.layer1 = _stage(width, width, 1, blocks, projection)
        self.layer2 = _stage(width, 2 * width, 2, blocks, projection)
        self.layer3 = _stage(2 * width, 4 * width, 2, blocks, projection)
        self.avgpool = nn.AdaptiveAvgPool2d(1)
        self.fc = nn.Linear(4 * width, num_classes)
        for module in self.modules():
            if isinstance(module, nn.Conv2d | nn.Linear):
                nn.init.kaiming_normal_(module.weight)

    def forward(self, x: Tensor) -> Tensor:
        x = self.relu(self.bn1(self.conv1(x)))
        x = self.layer3(self.layer2(self.layer1(x)))
        return self.fc(torch.flatten(self.avgpool(x), 1))


def _stage(inputs: int, channels: int, stride: int, blocks: int, projection: bool) -> nn.Sequential:
    first = BasicBlock(inputs, channels, stride, projection)
    rest = (BasicBlock(channels, channels, 1, projection) for _ in range(blocks - 1))
    return nn.Sequential(first, *rest)


def canonical_keys(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Rename the two public key conventions (`linear.` / `fc.`, `shortcut.` / `downsample.`) to ours."""
    pairs = (("linear.", "fc."), ("shortcut.", "downsample."))
    renamed = {}
    for key, value in state.items():
        for theirs, ours in pairs:
            if key.startswith(theirs) or f".{theirs}" in key:
                key = key.replace(theirs, ours)
        renamed[key] = value
    return renamed


def has_projections(state: Mapping[str, Tensor]) -> bool:
    """Whether a canonical state dict brings option B shortcuts."""
    return any(".downsample.0." in key for key in state)
