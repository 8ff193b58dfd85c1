"""Speed of the corruptions, as ratios to what networks take for the same images.

python -m tests.benchmarks.corruptions [--images 1000] [--large 16] [--rounds 3]

The whole grid of 19 x 5 on images of 32 px beside the bare fp32 forwards of a ResNet-20 (batch 128, random weights: the
time does not depend on them) over as many; then milliseconds per image at 224 px beside ResNet-18. A forward is timed
before each corruption, so that both see the same drift of the machine; medians over rounds. With a GPU also there.
"""

import argparse
import statistics
import time
from collections.abc import Callable

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from analysis.engine.devices import best, describe
from analysis.robustness import CORRUPTIONS
from analysis.robustness.applying import corrupted
from analysis.robustness.registry import SEVERITIES
from models.architectures.registry import build

NAMES = [m.name for m in CORRUPTIONS if m.benchmark or m.extra]
BATCH = 128


def photos(count: int, side: int, device: str) -> Tensor:
    """Smooth pictures (count, side, side, 3) uint8: noise would be kind to no codec."""
    drawn = torch.rand(count, 3, 8, 8, generator=torch.Generator().manual_seed(0))
    large = F.interpolate(drawn, size=(side, side), mode="bicubic").clamp(0, 1)
    return (large * 255).byte().permute(0, 2, 3, 1).contiguous().to(device)


def forward(network: nn.Module, images: Tensor) -> None:
    """What a network takes for images that are there as it wants them: (n, 3, H, W) float32."""
    with torch.inference_mode():
        for part in images.split(BATCH):
            network(part)


def timed(entry: Callable[[], object], device: str) -> float:
    start = time.perf_counter()
    entry()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


Cells = dict[tuple[str, int], float]


def measured(network: nn.Module, pixels: Tensor, rounds: int) -> tuple[Cells, float]:
    """Seconds of each cell, medians over rounds; and all cells' over as many forwards', the median of rounds."""
    device = pixels.device.type
    places = np.arange(len(pixels))
    images = pixels.permute(0, 3, 1, 2).float().div(255).contiguous()
    found: dict[tuple[str, int], list[float]] = {}
    ratios = []
    for number in range(rounds + 1):
        cells, forwards = {}, 0.0
        for name in NAMES:
            forwards += len(SEVERITIES) * timed(lambda: forward(network, images), device)
            for severity in SEVERITIES:
                cells[name, severity] = timed(lambda n=name, s=severity: corrupted(pixels, places, n, s), device)
        if number:  # the first round warms up
            ratios.append(sum(cells.values()) / forwards)
            for key, seconds in cells.items():
                found.setdefault(key, []).append(seconds)
    return {key: statistics.median(seconds) for key, seconds in found.items()}, statistics.median(ratios)


def shown(cells: Cells, scale: float) -> str:
    """A table of all cells; the slowest."""
    for name in NAMES:
        print(f"  {name:18}", *(f"{cells[name, s] * scale:7.3f}" for s in SEVERITIES))
    name, severity = max(cells, key=cells.__getitem__)
    return f"{cells[name, severity] * scale:.2f} for the slowest, {name} {severity}"


def small(device: str, count: int, rounds: int) -> None:
    network = build("resnet20_cifar").eval().to(device)
    cells, ratio = measured(network, photos(count, 32, device), rounds)
    print(f"\nCorruptions at 32 px, {count} images, {describe(device)}; median of {rounds}")
    print("  seconds per 1,000 images at severities 1 to 5")
    print(f"  {shown(cells, 1000 / count)} (at most 0.50)")
    print(f"  {ratio:.2f} of ResNet-20's forwards for the whole grid (at most 0.60)", flush=True)


def large(device: str, count: int, rounds: int) -> None:
    import torchvision

    network = torchvision.models.resnet18().eval().to(device)
    cells, ratio = measured(network, photos(count, 224, device), rounds)
    print(f"\nCorruptions at 224 px, {count} images together, {describe(device)}; median of {rounds}")
    print("  milliseconds per image at severities 1 to 5")
    print(f"  {shown(cells, 1000 / count)} (at most 20)")
    promised = " (at most 1.00)" if device == "cuda" else ""
    print(f"  {ratio:.2f} of ResNet-18's forwards for the whole grid{promised}", flush=True)


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Speed of corruptions")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--large", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(words)
    small("cpu", given.images, given.rounds)
    large("cpu", given.large, given.rounds)
    if best() == "cuda":
        small("cuda", given.images, given.rounds)
        large("cuda", 256, given.rounds)


if __name__ == "__main__":
    main()
