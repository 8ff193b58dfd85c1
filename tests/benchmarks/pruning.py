"""Speed of pruning beside torch's own, as ratios.

python -m tests.benchmarks.pruning [--rounds 3]

Global magnitude over all convolutions and linear maps of ResNet-50 (25.5 M weights, random: the time does not depend
on them), copy of the network and masking included, beside `torch.nn.utils.prune.global_unstructured`; one sparsity,
then nine from one sort; then six variants of the bundled ResNet-20, files and cards included.
"""

import argparse
import statistics
import tempfile
import time
from collections.abc import Callable
from copy import deepcopy
from pathlib import Path

import torch
from torch import nn
from torch.nn.utils import prune as torch_prune

from analysis.engine.devices import describe
from analysis.pipelines import pruning
from analysis.pruning.asking import recipes
from analysis.pruning.layers import PRUNABLE
from analysis.pruning.runner import prune
from models import catalogue
from models.classifier import Classifier
from models.preprocessing import Preprocessing

NINE = [n / 10 for n in range(1, 10)]
SIX = {"global_magnitude": [0.5, 0.8, 0.95], "lamp": [0.5, 0.8, 0.95]}


def resnet50() -> Classifier:
    import torchvision

    module = torchvision.models.resnet50().eval().requires_grad_(False)
    names = tuple(map(str, range(1000)))
    size = Preprocessing(size=(224, 224), resize=256)
    return catalogue.wrap(
        module, name="resnet50", architecture="torchvision/resnet50", preprocessing=size, class_names=names
    )


def theirs(module: nn.Module) -> None:
    copied = deepcopy(module)
    layers = [(m, "weight") for m in copied.modules() if isinstance(m, PRUNABLE)]
    torch_prune.global_unstructured(layers, torch_prune.L1Unstructured, amount=0.8)


def ours(classifier: Classifier, sparsities: list[float]) -> None:
    for _ in prune(classifier, recipes(classifier, "global_magnitude", sparsities)):
        pass


def six() -> None:
    classifier = catalogue.load("resnet20-cifar10")
    with tempfile.TemporaryDirectory() as folder:
        for method, sparsities in SIX.items():
            asked = recipes(classifier, method, sparsities)
            names = [pruning.usual_name(r) for r in asked]
            pruning.make(classifier, asked, names, None, Path(folder))


def timed(entry: Callable[[], object]) -> float:
    start = time.perf_counter()
    entry()
    return time.perf_counter() - start


def main(words: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Speed of pruning")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args(words)
    print(f"\n{describe('cpu')}, torch {torch.__version__}, {torch.get_num_threads()} threads")
    large = resnet50()
    entries: dict[str, Callable[[], object]] = {
        "torch.nn.utils.prune.global_unstructured, ResNet-50": lambda: theirs(large.module),
        "global magnitude, ResNet-50": lambda: ours(large, [0.8]),
        "the same at nine sparsities, nine networks": lambda: ours(large, NINE),
        "six variants of ResNet-20, kept as files": six,
    }
    seconds: dict[str, list[float]] = {name: [] for name in entries}
    for number in range(given.rounds + 1):
        for name, entry in entries.items():
            took = timed(entry)
            if number:  # the first round warms up
                seconds[name].append(took)
    base = seconds[next(iter(entries))]
    print(f"Pruning; median of {given.rounds}")
    for name, took in seconds.items():
        ratio = statistics.median(t / b for t, b in zip(took, base, strict=True))
        print(f"  {ratio:5.2f}  {statistics.median(took):7.3f} s  {name}")


if __name__ == "__main__":
    main()
