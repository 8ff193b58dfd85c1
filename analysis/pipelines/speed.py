"""How long a network takes on a device, measured: the median of several forward passes, after a warm-up.

What is timed is the network alone, in inference mode, channels-last, in its own number type, with the images on the
device already: reading, decoding and copying are the same for all. Multiply-accumulates say what a network could
save; only a measurement says what it does.
"""

from __future__ import annotations

import copy
import statistics
import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import partial
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

ROUNDS = 3  # several networks take turns, so that a busy moment of the machine does not fall on one alone
LEAST, MOST = 5, 20  # runs of a round that are timed
WARM_UP, SECONDS = 0.08, 0.25  # of a round: before, and at most


def devices() -> list[str]:
    """The best device, and the processor where that is another one."""
    from analysis.engine.devices import best

    return list(dict.fromkeys([best(), "cpu"]))


def measured(classifiers: Sequence[Classifier], device: str | None = None, *, report: Report = silent) -> list[Speed]:
    """Latency of one image and throughput in batches, of each. `device=None`: the one that the first is on.

    Elsewhere copies are timed, so that classifiers stay where they are. Noise from other work on the machine is in it;
    the median leaves out what happens seldom.
    """
    import torch

    from analysis.passes.forward import device_of
    from analysis.passes.plan import usual_batch

    place = torch.device(device or str(device_of(classifiers[0].module)))
    timed = []
    for classifier in classifiers:
        with classifier.exclusive() as module:
            network = module if device_of(module).type == place.type else copy.deepcopy(module).to(place)
            batch = usual_batch([classifier.preprocessing.size], place.type)
            runs = tuple(_Runs(_forward(network, classifier, count, place)) for count in (1, batch))
        timed.append((classifier, batch, runs))
    for number in range(ROUNDS):
        for place_in_round, (classifier, _, runs) in enumerate(timed):
            now = (number + place_in_round / len(timed)) / ROUNDS, f"timing {classifier.name}"
            with classifier.exclusive():
                for each in runs:
                    each.take(partial(report, *now))
    return [_speed(classifier, place, batch, *(each.median for each in runs)) for classifier, batch, runs in timed]


def _speed(classifier: Classifier, place: torch.device, batch: int, one: float, many: float) -> Speed:
    """Seconds of one image and of a batch, as images see it."""
    import torch

    from analysis.engine.devices import describe

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


class _Runs:
    """The times of one network's forward passes."""

    def __init__(self, run: Callable[[], None]) -> None:
        self.run, self.taken = run, list[float]()

    def take(self, report: Callable[[], None]) -> None:
        """One round of them, after a warm-up."""
        start = time.perf_counter()
        self.run()
        while time.perf_counter() - start < WARM_UP:
            self.run()
        start, count = time.perf_counter(), 0
        while count < LEAST or (count < MOST and time.perf_counter() - start < SECONDS):
            before = time.perf_counter()
            self.run()
            self.taken.append(time.perf_counter() - before)
            count += 1
            report()

    @property
    def median(self) -> float:
        """Seconds of one run, over all rounds."""
        return statistics.median(self.taken)
