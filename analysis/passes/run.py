"""The shared pass: decode once, run every classifier on the same images, keep what they said part by part.

Results do not depend on the company: a classifier's batches begin and end at places that depend on nothing but its
own batch and the fixed size of a part. A pass that was killed goes on with the first part that has no file, and ends
with the very files it would have had (on the same machine with the same libraries). See parts.py for what is kept.
"""

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from analysis.errors import BadParameter, EmptyDataset
from analysis.passes import parts
from analysis.passes.collectors import Collector
from analysis.passes.conditions import CLEAN, Condition
from analysis.passes.forward import device_of, resolved
from analysis.passes.one import OnePass, Wish
from analysis.passes.plan import usual_batch
from analysis.passes.result import PassResult
from analysis.passes.stream import Chunk, Stream, crop_of
from analysis.records import UNLABELLED, Images
from analysis.types import Report, silent
from models.classifier import Classifier


def run_pass(
    classifiers: Sequence[Classifier],
    images: Images,
    folders: Sequence[Path],
    *,
    class_maps: Sequence[Sequence[int]],
    taps: Sequence[str] = (),
    condition: Condition = CLEAN,
    batch: int | None = None,
    autocast: bool = False,
    collectors: Sequence[Sequence[Collector]] = (),
    report: Report = silent,
) -> list[PassResult]:
    """Run classifiers over images under one condition, a folder each, or go on where that folder was.

    class_maps: for each classifier, its class for every class of the dataset, UNLABELLED where it has none. taps:
    what to keep features of ("logits" and "penultimate", the linear head's input, among them). batch: to begin
    with, rounded down to a power of two. collectors: further ones, for each classifier.
    Raises EmptyDataset, UnknownTap, WrongInputSize, PassMismatch, OutOfMemory, WriteFailed, what `images` raises, and
    Cancelled between batches; what was acknowledged until then stays.
    """
    if not len(folders) == len(class_maps) == len(classifiers) >= 1:
        raise BadParameter(
            f"A pass takes a folder and a class map for each classifier; got {len(classifiers)} classifiers, "
            f"{len(folders)} folders and {len(class_maps)} class maps."
        )
    if len(images) == 0:
        raise EmptyDataset("The dataset has no images, so there is nothing to run the network on.")
    extra = collectors or [()] * len(classifiers)
    start = batch or usual_batch([c.preprocessing.size for c in classifiers], device_of(classifiers[0].module).type)
    runs = []
    for classifier, folder, given, others in zip(classifiers, folders, class_maps, extra, strict=True):
        wish = Wish(folder, tuple(given), resolved(classifier, taps), condition.name, autocast, tuple(others))
        runs.append(OnePass(classifier, wish, true_classes(images.labels, given), start))
    try:
        _run(runs, images, condition, report)
    except BaseException:  # also when cancelled: only the time is noted
        for run in runs:
            run.pause()
        raise
    return [run.finish() for run in runs]


def true_classes(labels: np.ndarray, class_map: Sequence[int]) -> np.ndarray:
    """A dataset's labels (N,) as the classifier numbers its classes, (N,) int64, UNLABELLED where it has none."""
    table = np.array([*class_map, UNLABELLED], dtype=np.int64)  # -1 takes the last
    if len(labels) and (labels.max() >= len(class_map) or labels.min() < UNLABELLED):
        raise BadParameter(
            f"Labels go from {labels.min()} to {labels.max()}, but the class map has {len(class_map)} classes."
        )
    return table[labels]


def _run(runs: Sequence[OnePass], images: Images, condition: Condition, report: Report) -> None:
    crops = list(dict.fromkeys(crop_of(r.classifier.preprocessing) for r in runs))
    place = [crops.index(crop_of(r.classifier.preprocessing)) for r in runs]
    todo = sorted(set().union(*(r.lacking for r in runs)))
    progress = _Progress(runs, len(images), report)
    with ExitStack() as stack:
        writing = stack.enter_context(ThreadPoolExecutor(1, thread_name_prefix="write"))
        stream = Stream(images, _chunks(runs, todo, len(images)), crops, condition, runs[0].forward.device)
        stack.enter_context(stream)
        written: list[Future[None]] = []
        for chunk in stream:
            number = chunk.samples.start // parts.PART
            lacking = [(r, p) for r, p in zip(runs, place, strict=True) if number in r.lacking]
            for run, crop in lacking:
                run.feed(
                    number,
                    chunk.samples,
                    chunk.ready()[crop],
                    lambda samples, crop=crop: stream.prepare(samples).ready()[crop],
                )
            if chunk.samples.stop == parts.span(number, len(images)).stop:
                for future in written:
                    future.result()  # no more than one part waits; a failure to write ends the pass here
                written = [writing.submit(r.acknowledge, number, r.outputs()) for r, _ in lacking]
            progress.add(chunk, len(lacking))
        for future in written:
            future.result()


def _chunks(runs: Sequence[OnePass], todo: Sequence[int], total: int) -> Iterator[range]:
    """What to decode at a time: the largest batch among the classifiers, within each part that one of them lacks."""
    for number in todo:
        size = max(r.batch(number) for r in runs if number in r.lacking)
        span = parts.span(number, total)
        yield from (range(s, min(s + size, span.stop)) for s in range(span.start, span.stop, size))


class _Progress:
    """Fraction and pace, over all classifiers."""

    def __init__(self, runs: Sequence[OnePass], total: int, report: Report) -> None:
        self.total, self.all, self.report = total, total * len(runs), report
        self.done = self.before = sum(t.samples for r in runs for t in r.tallies.values())
        self.runs, self.began = len(runs), time.perf_counter()
        report(self.done / self.all, "going on" if self.done else "")

    def add(self, chunk: Chunk, classifiers: int) -> None:
        self.done += len(chunk.samples) * classifiers
        pace = (self.done - self.before) / max(time.perf_counter() - self.began, 1e-6)
        # of several classifiers, the one that is furthest
        images = min(self.total, chunk.samples.stop)
        self.report(self.done / self.all, f"{images:,} of {self.total:,} images, {pace / self.runs:,.0f} a second")
