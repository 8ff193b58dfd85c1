"""Speed and memory of the shared pass over a dataset, against bare forwards of the same network and batch.

python -m tests.benchmarks.passes [--rounds 5] [--data ../shared/data]

Bare: the module called on tensors that lie ready in memory, in inference mode, batch by batch; contiguous, as a tensor
comes, and channels-last, as the pass gives it. The pass reads, decodes, crops, normalises, runs, and keeps predictions,
geometry and the last features on the disk. Each round times every entry once, in turn, so that all see the same drift
of the machine; medians of the ratios are printed, of the seconds on the clock and of those of the processor.
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
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.engine.devices import best, describe
from analysis.passes.run import run_pass
from models import catalogue
from models.classifier import Classifier
from models.preprocessing import IMAGENET

SHARED = Path(__file__).parents[2].parent / "shared" / "data"
Entry = Callable[[], None]


def resnet18(device: str) -> Classifier:
    """Random weights: the time does not depend on them."""
    import torchvision

    torch.manual_seed(0)
    module = torchvision.models.resnet18(weights=None).eval().requires_grad_(False).to(device)
    return catalogue.wrap(module, name="resnet18", architecture="torchvision/resnet18", preprocessing=IMAGENET)


def bare(classifier: Classifier, images: Tensor, batch: int) -> None:
    with torch.inference_mode():
        for piece in images.split(batch):
            classifier.module(piece)


def passed(classifier: Classifier, dataset: OpenDataset, folder: Path, batch: int | None = None) -> int:
    """Run it anew -> the batch it chose."""
    shutil.rmtree(folder, ignore_errors=True)
    maps = [tuple(range(len(dataset.record.class_names)))]
    taps = ("penultimate",) if classifier.head else ()
    (result,) = run_pass([classifier], dataset, [folder], class_maps=maps, taps=taps, batch=batch)
    return result.batch


def timed(entry: Entry) -> tuple[float, float]:
    """Seconds on the clock, and of the processor in all threads."""
    clock, processor = time.perf_counter(), time.process_time()
    entry()
    if torch.cuda.is_available():
        torch.cuda.synchronize()
    return time.perf_counter() - clock, time.process_time() - processor


def compared(title: str, classifier: Classifier, dataset: OpenDataset, folder: Path, rounds: int) -> None:
    batch = passed(classifier, dataset, folder)  # warms up, too
    device = next(classifier.module.parameters()).device
    chunks = [range(s, min(s + 500, len(dataset))) for s in range(0, len(dataset), 500)]
    plain = torch.cat([classifier.preprocessing.tensor(dataset.images(c)) for c in chunks]).to(device)
    last = plain.contiguous(memory_format=torch.channels_last)
    entries: dict[str, Entry] = {
        "bare, contiguous": lambda: bare(classifier, plain, batch),
        "bare, channels-last": lambda: bare(classifier, last, batch),
        "the pass": lambda: passed(classifier, dataset, folder, batch) and None,
    }
    found = {name: [] for name in entries}
    bare(classifier, plain[: 2 * batch], batch)
    for _ in range(rounds):
        for name, entry in entries.items():
            found[name].append(timed(entry))
    print(f"\n{title}, batch {batch}; median of {rounds}, load {os.getloadavg()[0]:.1f}")
    for name, times in found.items():
        clock, processor = (statistics.median(t[i] for t in times) for i in (0, 1))
        print(f"  {clock:7.2f} s on the clock, {processor:7.2f} s of the processor  {name}")
    for name in ("bare, contiguous", "bare, channels-last"):
        ratios = [[b[i] / p[i] for b, p in zip(found[name], found["the pass"], strict=True)] for i in (0, 1)]
        clock, processor = (statistics.median(r) for r in ratios)
        print(f"  {clock:7.1%} of its throughput ({processor:.1%} by the processor's time)  {name} (at least 90 %)")


def cifar(data: Path, workspace: Path, rounds: int, device: str) -> None:
    archive = data / "cifar10-test.zip"
    if not archive.is_file():
        print(f"\nResNet-20 on CIFAR-10: skipped, {archive} is not there")
        return
    record = import_dataset(archive, workspace / "datasets", "cifar")
    dataset = OpenDataset.open(workspace / "datasets" / record.dataset_id, as_stored=True)  # as `predict` does
    classifier = catalogue.load("resnet20-cifar10", device=device)
    compared("ResNet-20, 10,000 CIFAR-10 test images", classifier, dataset, workspace / "pass", rounds)


def photographs(data: Path, workspace: Path, rounds: int, device: str, count: int = 500) -> None:
    archive = data / "imagenet-samples-100.zip"
    if not archive.is_file():
        print(f"\nResNet-18 on JPEG files: skipped, {archive} is not there")
        return
    with zipfile.ZipFile(archive) as opened:
        files = [opened.read(n) for n in opened.namelist() if n.lower().endswith((".jpg", ".jpeg"))]
    for number in range(count):
        path = workspace / "photographs" / f"class{number % 10}" / f"{number}.jpg"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(files[number % len(files)])
    record = import_dataset(workspace / "photographs", workspace / "datasets", "photographs")
    dataset = OpenDataset.open(workspace / "datasets" / record.dataset_id, as_stored=True)  # as `predict` does
    title = f"ResNet-18 at 224 px, {len(dataset)} JPEG files"
    compared(title, resnet18(device), dataset, workspace / "pass", rounds)


def memory(workspace: Path, counts: tuple[int, int] = (2_000, 20_000)) -> None:
    """Peak memory of a process that runs the pass over few and over many images."""
    peaks = []
    for count in counts:
        generator = np.random.default_rng(0)
        np.save(workspace / "images.npy", generator.integers(0, 256, (count, 32, 32, 3), dtype=np.uint8))
        record = import_dataset(workspace / "images.npy", workspace / "datasets", f"noise{count}")
        command = [sys.executable, "-m", "tests.benchmarks.passes", "--peak", str(workspace / "datasets")]
        shown = subprocess.run([*command, record.dataset_id], capture_output=True, text=True, check=True).stdout
        peaks.append(int(shown) / 2**20)
    print("\nPeak memory of a process running ResNet-20 at 32 px")
    for count, peak in zip(counts, peaks, strict=True):
        print(f"  {peak:7.0f} MB  {count:,} images")
    print(f"  {peaks[1] / peaks[0] - 1:+7.1%}  (within 10 %)")


def peak(folder: Path, dataset_id: str) -> None:
    """Run in a process of its own: bytes at the most, printed."""
    dataset = OpenDataset.open(folder / dataset_id)
    with tempfile.TemporaryDirectory() as temporary:
        passed(catalogue.load("resnet20-cifar10"), dataset, Path(temporary) / "pass")
    unit = 1 if sys.platform == "darwin" else 1024
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit)


def main(given: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Speed and memory of the shared pass")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--only", choices=("cifar", "photographs", "memory"))
    parser.add_argument("--peak", nargs=2, metavar=("FOLDER", "DATASET"), help=argparse.SUPPRESS)
    asked = parser.parse_args(given)
    if asked.peak:
        peak(Path(asked.peak[0]), asked.peak[1])
        return
    device = best()
    policy = os.environ.get("OMP_WAIT_POLICY", "unset")  # PASSIVE is many times faster beside other work
    print(f"{describe(device)}, torch {torch.__version__}, {torch.get_num_threads()} threads, OMP_WAIT_POLICY {policy}")
    with tempfile.TemporaryDirectory() as temporary:
        workspace = Path(temporary)
        if asked.only in (None, "cifar"):
            cifar(asked.data, workspace, asked.rounds, device)
        if asked.only in (None, "photographs"):
            photographs(asked.data, workspace, asked.rounds, device)
        if asked.only in (None, "memory"):
            memory(workspace)


if __name__ == "__main__":
    main()
