"""Speed of the shared pass, as ratios to a bare forward and backward into all parameters (= 1.00).

python -m tests.benchmarks.attribution [--batch 8] [--rounds 7] [--no-peers]

Random weights: the time does not depend on them. Each round times every entry once, in turn, so that
all see the same drift of the machine; medians of the ratios are printed.
"""

import argparse
import statistics
import time
import warnings
from collections.abc import Callable, Iterable

import torch
from torch import Tensor, nn

from analysis.attribution import METHODS
from analysis.attribution.capture import run_pass
from analysis.attribution.runner import Subject, attribute
from analysis.attribution.targets import ranked_with
from analysis.engine.devices import best, describe
from models.catalogue import wrap
from models.classifier import Classifier
from models.preprocessing import Preprocessing

Entry = Callable[[], None]
NINE = (
    "gradcam", "gradcam++", "xgradcam", "hirescam", "layercam", "fem", "eigencam", "eigengradcam", "normgrad",
)  # fmt: skip
PEERS = ("GradCAM", "GradCAMPlusPlus", "LayerCAM", "EigenCAM")


def network(name: str, device: str) -> Classifier:
    import torchvision

    module = getattr(torchvision.models, name)().eval().to(device)
    names = tuple(str(i) for i in range(1000))
    preprocessing = Preprocessing(size=(224, 224), resize=256)
    return wrap(module, name=name, architecture=f"torchvision/{name}", preprocessing=preprocessing, class_names=names)


def bare(module: nn.Module, images: Tensor) -> None:
    module.zero_grad(set_to_none=True)
    module(images).amax(1).sum().backward()


def maps(classifier: Classifier, images: Tensor, methods: Iterable[str], taps: list[str], classes: int) -> None:
    """All methods at all taps for the best classes, from one pass, resized to the input."""
    places = [classifier.tap(t) for t in taps]
    kept = max(classes, 1)
    taken = run_pass(classifier.module, images, places, lambda logits: ranked_with([], logits, kept))
    subject = Subject(classifier, classifier.module, images, taken)
    for rank in range(classes):
        weights = torch.zeros_like(taken.logits).scatter_(1, taken.classes[:, rank : rank + 1], 1.0)
        for name in methods:
            method = METHODS[name]
            if rank and method.class_agnostic:
                continue
            for place in places:
                found = attribute(subject, method, method.bound(), [place], weights, eigen=False).values
                nn.functional.interpolate(found[:, None], size=images.shape[-2:], mode="bilinear")


def peer(classifier: Classifier, images: Tensor, name: str) -> None:
    import pytorch_grad_cam

    with getattr(pytorch_grad_cam, name)(classifier.module, [classifier.module.layer4[-1]]) as cam:
        cam(images, None)


def timed(entry: Entry, device: str) -> float:
    start = time.perf_counter()
    entry()
    if device == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start


def table(title: str, base: Entry, entries: dict[str, Entry], rounds: int, device: str) -> None:
    ratios: dict[str, list[float]] = {name: [] for name in entries}
    seconds: dict[str, list[float]] = {name: [] for name in ("bare forward + backward", *entries)}
    for number in range(rounds + 1):
        one = timed(base, device)
        found = {name: timed(entry, device) for name, entry in entries.items()}
        if number:  # the first round warms up
            seconds["bare forward + backward"].append(one)
            for name, value in found.items():
                ratios[name].append(value / one)
                seconds[name].append(value)
    print(f"\n{title}; median of {rounds}")
    print(f"  1.00  {statistics.median(seconds['bare forward + backward']):7.3f} s  bare forward + backward")
    for name in entries:
        print(f"  {statistics.median(ratios[name]):4.2f}  {statistics.median(seconds[name]):7.3f} s  {name}")


def main() -> None:
    parser = argparse.ArgumentParser(description="Speed of attribution")
    parser.add_argument("--batch", type=int, default=8)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--no-peers", action="store_true")
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    device = best()
    torch.manual_seed(0)
    print(f"{describe(device)}, torch {torch.__version__}, {torch.get_num_threads()} threads")

    resnet50 = network("resnet50", device)
    images = torch.randn(given.batch, 3, 224, 224, device=device)
    last, three = ["layer4"], ["layer2", "layer3", "layer4"]
    entries = {
        "nine CAMs, last block (at most 0.45)": lambda: maps(resnet50, images, NINE, last, 1),
        "nine CAMs, top five classes (at most 0.60)": lambda: maps(resnet50, images, NINE, last, 5),
        "nine CAMs, three layers (at most 0.75)": lambda: maps(resnet50, images, NINE, three, 1),
    }
    if not given.no_peers:
        entries |= {f"pytorch-grad-cam {n}": lambda n=n: peer(resnet50, images, n) for n in PEERS}
    title = f"ResNet-50, 224 px, batch {given.batch}"
    table(title, lambda: bare(resnet50.module, images), entries, given.rounds, device)

    resnet18 = network("resnet18", device)
    one = torch.randn(1, 3, 224, 224, device=device)
    slow = {
        "Ablation-CAM, all 512 channels (under 1 s)": lambda: maps(resnet18, one, ["ablationcam"], last, 1),
        "Score-CAM, preview of 128 channels (under 3 s)": lambda: maps(resnet18, one, ["scorecam"], last, 1),
    }
    table("ResNet-18, 224 px, one image", lambda: bare(resnet18.module, one), slow, min(3, given.rounds), device)


if __name__ == "__main__":
    main()
