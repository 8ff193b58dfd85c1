"""The geometry of features: how long its measures take, beside the forward pass that the features are of.

python -m tests.benchmarks.geometry [--data ../shared/data] [--images 10000] [--samples 50000] [--width 512]

First: all measures that are not slow, but for those of separability, at every tap of a ResNet-20 on CIFAR-10's test
images, and CKA of all layers with all, against the bare forward pass (as in tests/benchmarks/passes.py); then
separability. Then all measures of features of 50,000 x 512, made up of ten classes. Then CKA of 20 x 20 layers of
10,000 x 512, with the most memory that arrays take.
"""

import argparse
import os
import tempfile
import time
import tracemalloc
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch

from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.datasets.opened import OpenDataset
from analysis.geometry.features import Features
from analysis.pipelines import geometry
from analysis.pipelines.geometry_asking import STREAMED_PAIR, measures_of
from analysis.pipelines.geometry_similarity import measured_pairs
from analysis.pipelines.work import run_here
from analysis.store import Store
from analysis.types import silent
from models import catalogue
from tests.benchmarks.passes import SHARED, bare

MODEL = "resnet20-cifar10"
PROMISED_RATIO, PROMISED_S, PROMISED_GB = 2.0, 60.0, 1.0


def dataset_in(workspace: Path, store: Store, data: Path, images: int) -> OpenDataset:
    """CIFAR-10's test images, or as many of noise where they are not there."""
    found = data / "cifar10-test.zip"
    if not found.is_file() or images != 10_000:
        rng = np.random.default_rng(0)
        found = workspace / f"noise-{images}.npz"
        workspace.mkdir(parents=True, exist_ok=True)
        x = rng.integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)
        np.savez(found, x=x, y=rng.integers(0, 10, images))
    record = import_dataset(found, workspace / "datasets", "benchmark")
    store.save_dataset(record, workspace / "datasets" / record.dataset_id / SAMPLES)
    return OpenDataset.open(workspace / "datasets" / record.dataset_id)


def all_taps(data: Path, images: int, slowest: int) -> None:
    with tempfile.TemporaryDirectory() as folder, Store.open(Path(folder)) as store:
        workspace = Path(folder)
        dataset = dataset_in(workspace, store, data, images)
        classifier = catalogue.load(MODEL)
        pixels = torch.cat([classifier.preprocessing.tensor(dataset.images(c)) for c in _chunks(len(dataset))])
        pixels = pixels.contiguous(memory_format=torch.channels_last)
        bare(classifier, pixels[:512], 128)
        began = time.perf_counter()
        bare(classifier, pixels, 128)
        forward = time.perf_counter() - began
        del pixels
        given = {"models": [MODEL], "dataset_id": dataset.record.dataset_id, "taps": "all"}
        began = time.perf_counter()
        first = geometry.asked(store, workspace, **given, measures=["length"], similarity=False)
        run_here(store, workspace, "geometry", first)
        passed = time.perf_counter() - began
        promised = [m.name for m in measures_of() if m.group != "separability"]
        others = [m.name for m in measures_of() if m.group == "separability"]
        seconds, compared_by = [], []
        for measures, similarity in ((promised, False), (promised, True), (others, False)):
            began = time.perf_counter()
            arguments = geometry.asked(store, workspace, **given, measures=measures, similarity=similarity)
            run_here(store, workspace, "geometry", arguments)
            seconds.append(time.perf_counter() - began)
            compared_by = arguments["pairs"] or compared_by
        measured, compared, rest = seconds
        numbers = store.geometry.numbers([arguments["subjects"][0]["pass_id"]])
        taps = len(arguments["subjects"][0]["taps"])
    print(f"\n{MODEL}, {taps} taps, {len(dataset):,} images, load {os.getloadavg()[0]:.1f}")
    print(f"  bare forward pass   {forward:6.1f} s   (with all features kept: {passed:.1f} s)")
    print(f"  measures            {measured:6.1f} s   {sum(n.measure in promised for n in numbers):,} numbers")
    print(f"  {compared_by[0]:<19} {compared:6.1f} s   {sum(bool(n.other_pass) for n in numbers):,} pairs")
    ratio = (measured + compared) / forward
    print(f"  together {ratio:.2f} of the forward pass; promised: at most {PROMISED_RATIO:g}")
    print(f"  and separability    {rest:6.1f} s")
    _tell(
        Counter({m: sum(n.seconds for n in numbers if n.measure == m) for m in {n.measure for n in numbers}}), slowest
    )


def large(samples: int, width: int, slowest: int) -> None:
    rng = np.random.default_rng(0)
    labels = rng.integers(0, 10, samples)
    centres = rng.normal(size=(10, width)).astype(np.float32)
    values = centres[labels] + rng.standard_normal((samples, width), np.float32)
    features = Features(values, labels, weight=centres, bias=np.zeros(10))
    began = time.perf_counter()
    found = geometry.measure_tap(features)
    seconds = time.perf_counter() - began
    print(f"\nfeatures of {samples:,} x {width}: {len(found)} measures in {seconds:.1f} s; promised: {PROMISED_S:g} s")
    _tell(Counter({measure.name: took for _, measure, took in found}), slowest)


def layers(count: int, samples: int, width: int) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path, rng = Path(folder) / "features.npy", np.random.default_rng(0)
        kept = np.lib.format.open_memmap(path, "w+", np.float32, (count, samples, width))
        for layer in kept:
            layer[:] = rng.standard_normal((samples, width), np.float32)
        kept.flush()
        taps = {str(i): Features(layer) for i, layer in enumerate(np.load(path, mmap_mode="r"))}
        pairs = [(a, b) for a in taps for b in taps if a < b]
        tracemalloc.start()
        began = time.perf_counter()
        measured_pairs(STREAMED_PAIR, taps, None, pairs, silent)
        seconds, peak = time.perf_counter() - began, tracemalloc.get_traced_memory()[1] / 1e9
        tracemalloc.stop()
    print(
        f"\nCKA of {count} x {count} layers of {samples:,} x {width}: {seconds:.1f} s, at most {peak:.2f} GB of arrays"
    )
    print(f"  promised: less than {PROMISED_GB:g} GB")


def _chunks(total: int) -> list[range]:
    return [range(s, min(s + 500, total)) for s in range(0, total, 500)]


def _tell(seconds: Counter[str], slowest: int) -> None:
    for name, took in seconds.most_common(slowest):
        print(f"    {took:7.2f} s  {name}")


def main(words: Sequence[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="how long the measures of geometry take")
    parser.add_argument("--data", type=Path, default=SHARED)
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--samples", type=int, default=50_000)
    parser.add_argument("--width", type=int, default=512)
    parser.add_argument("--slowest", type=int, default=8)
    given = parser.parse_args(words)
    all_taps(given.data, given.images, given.slowest)
    large(given.samples, given.width, given.slowest)
    layers(20, 10_000, given.width)


if __name__ == "__main__":
    main()
