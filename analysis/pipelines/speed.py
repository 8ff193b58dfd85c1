"""How long a network takes on a device, measured: the median of several forward passes, after a warm-up.

What is timed is the network alone, in inference mode, channels-last, in its own number type, with the images on the
device already: reading, decoding and copying are the same for all. Multiply-accumulates say what a network could
save; only a measurement says what it does.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from analysis.records import Speed
from analysis.types import Report, silent

if TYPE_CHECKING:
    import torch
    from torch import nn

    from models.classifier import Classifier

PLAINLY = (
    "Zeros alone give no speed-up: a dense kernel multiplies them like any other number, so a network with zeros "
    "takes as long as one without. Multiply-accumulates count zeros too; only removed channels, smaller maps or "
    "other number types lower them, and what that brings is the measured time."
)
"""To be said wherever times stand beside sparsities."""

LEAST, MOST = 7, 50  # runs that are timed
WARM_UP, SECONDS = 0.15, 0.6  # of one measurement: before, and at most


def devices() -> list[str]:
    """The best device, and the processor where that is another one."""
    from analysis.engine.devices import best

    return list(dict.fromkeys([best(), "cpu"]))


def measured(classifier: Classifier, device: str | None = None, *, report: Report = silent) -> Speed:
    """Latency of one image and throughput in batches. `device=None`: the one that it is on.

    Elsewhere a copy is timed, so that the classifier stays where it is. Noise from other work on the machine is in
    it; the median leaves out what happens seldom.
    """
    import torch

    from analysis.engine.devices import describe
    from analysis.passes.forward import device_of
    from analysis.passes.plan import usual_batch

    with classifier.exclusive() as module:
        here = str(device_of(module))
        place = torch.device(device or here)
        network = module if place.type == torch.device(here).type else copy.deepcopy(module).to(place)
        batch = usual_batch([classifier.preprocessing.size], place.type)
        one = _median(_forward(network, classifier, 1, place), report)
        many = _median(_forward(network, classifier, batch, place), report)
    threads = torch.get_num_threads()
    words = f", {threads} thread{'s' if threads > 1 else ''}" if place.type == "cpu" else ""
    return Speed(
        model_id=classifier.fingerprint,
        device=describe(str(place)) + words,
        batch=batch,
        latency_ms=1000 * one,
        images_per_second=batch / many,
        measured_at=datetime.now(UTC),
    )


def _forward(network: nn.Module, classifier: Classifier, batch: int, place: torch.device) -> Callable[[], None]:
    """A forward pass of a batch that is over when it returns."""
    import torch

    shape = (batch, classifier.preprocessing.channels, *classifier.preprocessing.size)
    kind = next((p.dtype for p in network.parameters() if p.is_floating_point()), torch.float32)
    images = torch.randn(shape, generator=torch.Generator().manual_seed(0)).to(place, kind)
    images = images.contiguous(memory_format=torch.channels_last)

    def run() -> None:
        with torch.inference_mode():
            network(images)
        if place.type == "cuda":
            torch.cuda.synchronize(place)
        elif place.type == "mps":
            torch.mps.synchronize()

    return run


def _median(run: Callable[[], None], report: Report) -> float:
    """Seconds of one run."""
    start = time.perf_counter()
    run()
    while time.perf_counter() - start < WARM_UP:
        run()
    taken: list[float] = []
    start = time.perf_counter()
    while len(taken) < LEAST or (len(taken) < MOST and time.perf_counter() - start < SECONDS):
        before = time.perf_counter()
        run()
        taken.append(time.perf_counter() - before)
        report(len(taken) / MOST, "timing")
    return statistics.median(taken)
