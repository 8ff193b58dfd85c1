"""Layers in 8-bit integers in the place of those in floats."""

from collections.abc import Iterable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from analysis.errors import NotApplicable
from analysis.pruning.changes import ChangeTask
from models import quantised, structures
from models.classifier import Classifier
from models.dry_run import dry_run
from models.errors import ModelError

Ranges = dict[str, tuple[float, float]]
_BATCH = 64


def layers_in_floats(network: nn.Module, classifier: Classifier, *, head: bool, kinds: tuple[type, ...]) -> list[str]:
    """Names of the layers that can be had in integers."""
    out = classifier.head.name if classifier.head and not head else None
    return [
        name
        for name, layer in network.named_modules()
        if isinstance(layer, kinds) and quantised.fits(layer) and name != out
    ]


def input_ranges(network: nn.Module, names: Iterable[str], task: ChangeTask) -> Ranges:
    """Layer -> the smallest and largest input over the examples; layers that nothing reached are left out."""
    assert task.examples is not None
    found: Ranges = {}

    def watch(name: str):
        def hook(_: nn.Module, inputs: tuple[Tensor, ...]) -> None:
            low, high = (float(v) for v in torch.aminmax(inputs[0]))
            before = found.get(name, (low, high))
            found[name] = min(low, before[0]), max(high, before[1])

        return hook

    handles = [network.get_submodule(name).register_forward_pre_hook(watch(name)) for name in names]
    device = next(network.parameters()).device
    try:
        with torch.inference_mode():
            batches = task.examples.batches(_BATCH, task.classifier.preprocessing, device)
            for done, (images, _) in enumerate(batches):
                task.report(done * _BATCH / len(task.examples), "Measuring the layers' inputs")
                network(images)
    finally:
        for handle in handles:
            handle.remove()
    return found


def put_integers(
    network: nn.Module, names: Iterable[str], ranges: Mapping[str, Any], classifier: Classifier
) -> dict[str, Any]:
    """Replace layers, with fixed ranges where there are some; how the network then differs from its architecture."""
    for name in names:
        owner, _, last = name.rpartition(".")
        low, high = ranges.get(name, (None, None))
        setattr(network.get_submodule(owner), last, quantised.int8(network.get_submodule(name), low, high))
    try:
        dry_run(network, classifier.preprocessing)
        with torch.inference_mode():  # the integer kernels, not only what stands for them where gradients are asked for
            network(torch.zeros(1, classifier.preprocessing.channels, *classifier.preprocessing.size))
    except (ModelError, RuntimeError, NotImplementedError) as error:
        reason = str(error).partition("\n")[0]
        raise NotApplicable(f"{classifier.name} cannot be run in integers on this machine: {reason}") from error
    return structures.of(classifier, network)
