"""Speed and memory of a sweep, against bare forwards of the same networks over the same images.

python -m tests.benchmarks.sweep [--rounds 3] [--images 1000] [--all] [--only speed|memory]

Bare: the modules called on clean tensors that lie ready in memory, channels-last, in inference mode, in the batches
that the sweep takes, as often as the sweep has conditions. The sweep decodes, corrupts, crops, normalises, runs, and
keeps all numbers of every sample in files, scored with intervals. Each round does both in turn for every corruption,
so that both see the same drift of the machine; `prepared` is the time of the images' preparation alone, measured by
itself, which a sweep pays once for all networks. Medians of the ratios are printed, by the clock and by the
processor's time. Default is one corruption of each group at severity 3; --all takes the 19 at five severities.
"""

import argparse
import os
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.engine.devices import best, describe
from analysis.passes.plan import usual_batch
from analysis.passes.stream import crop_of
from analysis.pipelines import sweep
from analysis.pipelines.sweep_conditions import BENCHMARK
from analysis.pipelines.sweep_images import Pictures
from analysis.types import silent
from models import catalogue

VARIANTS = ("biprop-50", "fisher-80", "global-magnitude-80", "lrr-80", "random-80", "snip-80", "gmp-95")
MODELS = ("resnet20-cifar10", *(f"resnet20-cifar10-{variant}" for variant in VARIANTS))
SOME = ("gaussian_noise", "zoom_blur", "fog", "jpeg_compression")
NAMES = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


def dataset(workspace: Path, count: int) -> str:
    """Random images of 32 px: neither corruptions nor networks mind. Its id."""
    generator = np.random.default_rng(0)
    images, labels = generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8), generator.integers(0, 10, count)
    np.savez(workspace / f"noise{count}.npz", x=images, y=labels)
    return import_dataset(
        workspace / f"noise{count}.npz", workspace / "datasets", "noise", class_names=NAMES
    ).dataset_id


def swept(workspace: Path, data: str, corruptions: list[str], severities: list[int], models=MODELS) -> dict:
    """A sweep from nothing: no cell is there."""
    for folder in ("cells", "sweeps"):
        shutil.rmtree(workspace / folder, ignore_errors=True)
    arguments = sweep.asked(
        None, workspace, models=models, dataset=data, corruptions=corruptions, severities=severities
    )
    return sweep.compute({**arguments, "workspace": str(workspace)}, silent)


def timed(entry: Callable[[], object]) -> tuple[float, float]:
    """Seconds on the clock, and of the processor in all threads."""
    clock, processor = time.perf_counter(), time.process_time()
    entry()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - clock, time.process_time() - processor


def speed(workspace: Path, count: int, corruptions: tuple[str, ...], severities: list[int], rounds: int) -> None:
    data, device = dataset(workspace, count), best()
    opened = OpenDataset.open(workspace / "datasets" / data)
    networks = [catalogue.load(name, device=device) for name in MODELS]
    preprocessing = networks[0].preprocessing
    pixels = preprocessing.tensor(opened.images(range(count))).to(device).contiguous(memory_format=torch.channels_last)
    batch = usual_batch([preprocessing.size], device)
    pictures = Pictures(opened, [crop_of(preprocessing)], device, 0)

    def bare(passes: int) -> None:
        with torch.inference_mode():
            for _ in range(passes):
                for network in networks:
                    for piece in pixels.split(batch):
                        network.module(piece)

    def prepared(name: str) -> None:
        for severity in severities:
            asked = {"name": name, "severity": severity, "params": {}, "kind": "corruption"}
            for start in range(0, count, 512):
                pictures.under(asked, np.arange(start, min(start + 512, count)))

    bare(1)
    swept(workspace, data, ["contrast"], [1])
    found: dict[str, list[tuple[float, float]]] = {"bare": [], "sweep": [], "prepared": []}
    for _ in range(rounds):
        for name in corruptions:
            found["bare"].append(timed(lambda: bare(1 + len(severities))))
            found["sweep"].append(timed(lambda name=name: swept(workspace, data, [name], severities)))
            found["prepared"].append(timed(lambda name=name: prepared(name)))
    cells = len(MODELS) * (1 + len(severities))
    print(f"\n{len(MODELS)} ResNet-20, {count:,} images, batch {batch}; {cells} cells at a time")
    show(found)


def show(found: dict[str, list[tuple[float, float]]]) -> None:
    for name, times in found.items():
        clock, processor = (sum(t[i] for t in times) for i in (0, 1))
        print(f"  {clock:8.2f} s on the clock, {processor:8.2f} s of the processor  {name}")
    triples = list(zip(found["bare"], found["sweep"], found["prepared"], strict=True))
    for title, part in (("with its corruptions (at least 85 %)", 0.0), ("without their time", 1.0)):
        clock, processor = (statistics.median(b[i] / (s[i] - part * p[i]) for b, s, p in triples) for i in (0, 1))
        print(f"  {clock:7.1%} of the bare throughput ({processor:.1%} by the processor's time)  {title}")
    print(f"  load {os.getloadavg()[0]:.1f}")


def memory(workspace: Path, counts: tuple[int, int] = (2_000, 20_000)) -> None:
    """Peak memory of a process that sweeps few and many images."""
    peaks = []
    for count in counts:
        data = dataset(workspace, count)
        command = [sys.executable, "-m", "tests.benchmarks.sweep", "--peak", str(workspace), data]
        shown = subprocess.run(command, capture_output=True, text=True, check=True).stdout
        peaks.append(int(shown.splitlines()[-1]) / 2**20)
    print("\nPeak memory of a process sweeping two ResNet-20, clean and under fog")
    for count, found in zip(counts, peaks, strict=True):
        print(f"  {found:7.0f} MB  {count:,} images")
    print(f"  {peaks[1] / peaks[0] - 1:+7.1%}  (within 10 %)")


def peak(workspace: Path, data: str) -> None:
    """Run in a process of its own: bytes at the most, printed."""
    swept(workspace, data, ["fog"], [3], MODELS[:2])
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of a sweep")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--all", action="store_true")
    parser.add_argument("--only", choices=("speed", "memory"))
    parser.add_argument("--peak", nargs=2, metavar=("WORKSPACE", "DATASET"), help=argparse.SUPPRESS)
    asked = parser.parse_args(given)
    if asked.peak:
        peak(Path(asked.peak[0]), asked.peak[1])
        return
    policy = os.environ.get("OMP_WAIT_POLICY", "unset")  # PASSIVE is many times faster beside other work
    print(f"{describe(best())}, torch {torch.__version__}, {torch.get_num_threads()} threads, OMP_WAIT_POLICY {policy}")
    with tempfile.TemporaryDirectory() as temporary:
        if asked.only in (None, "speed"):
            names, severities = (BENCHMARK, [1, 2, 3, 4, 5]) if asked.all else (SOME, [3])
            speed(Path(temporary), asked.images, names, severities, asked.rounds)
        if asked.only in (None, "memory"):
            memory(Path(temporary))


if __name__ == "__main__":
    main()
