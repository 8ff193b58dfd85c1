"""Shortcuts that subsample and pad (option A): which channel goes where, once others are gone on both sides."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from models.architectures.cifar_resnet import BasicBlock, ChosenShortcut, PadShortcut


@dataclass(slots=True, eq=False)
class Shortcut:
    """Of a residual block: from the channels that its first convolution reads to those that its last one gives."""

    block: BasicBlock
    own: PadShortcut | ChosenShortcut
    reader: nn.Module
    giver: nn.Module
    sources: list[int]  # for each channel that it gives, the one that it is a copy of; -1: zeros
    read: int  # channels
    inputs: list[int]  # those left of the channels that it reads
    outputs: list[int]  # and of those that it gives

    def note(self, layer: nn.Module, output: bool, gone: Sequence[int]) -> None:
        """A layer loses channels, counted among those that it still has."""
        if layer is (self.giver if output else self.reader):
            kept = self.outputs if output else self.inputs
            kept[:] = [channel for place, channel in enumerate(kept) if place not in set(gone)]

    def tell(self) -> None:
        """Put a shortcut between the channels that are left."""
        if len(self.inputs) < self.read or len(self.outputs) < len(self.sources):
            places = {channel: place for place, channel in enumerate(self.inputs)}
            found = [places.get(self.sources[channel], -1) for channel in self.outputs]
            self.block.downsample = ChosenShortcut(torch.tensor(found, dtype=torch.int64))


def shortcuts(network: nn.Module) -> list[Shortcut]:
    """All of a network; none in most."""
    blocks = [b for b in network.modules() if isinstance(b, BasicBlock)]
    return [_shortcut(b, b.downsample) for b in blocks if isinstance(b.downsample, PadShortcut | ChosenShortcut)]


def _shortcut(block: BasicBlock, own: PadShortcut | ChosenShortcut) -> Shortcut:
    reader = next(m for m in block.conv1.modules() if isinstance(m, nn.Conv2d))
    giver = [m for m in block.conv2.modules() if isinstance(m, nn.Conv2d)][-1]
    read = reader.in_channels
    if isinstance(own, PadShortcut):
        half = own.new_channels // 2
        sources = [*[-1] * half, *range(read), *[-1] * (own.new_channels - half)]
    else:
        sources = own.sources.tolist()
    return Shortcut(block, own, reader, giver, sources, read, list(range(read)), list(range(len(sources))))


class _Apart(nn.Module):
    """Zeros of the shape that a shortcut gives: nothing that gradients could follow."""

    def __init__(self, own: nn.Module) -> None:
        super().__init__()
        self.own = own

    def forward(self, x: Tensor) -> Tensor:
        return torch.zeros_like(self.own(x.detach()))


@contextmanager
def apart(found: Sequence[Shortcut]) -> Iterator[None]:
    """For as long as this is open, the shortcuts of a network join nothing."""
    for shortcut in found:
        shortcut.block.downsample = _Apart(shortcut.own)
    try:
        yield
    finally:
        for shortcut in found:
            shortcut.block.downsample = shortcut.own
