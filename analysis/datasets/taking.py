"""Image files of a source -> the dataset that is being written: decoded beside each other, written in turn."""

import os
import time
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from analysis.datasets.by_name import ByName
from analysis.datasets.examining import Examined, examine
from analysis.datasets.layout import Box
from analysis.datasets.masks import Masks
from analysis.datasets.packing import DatasetWriter
from analysis.errors import UnreadableImage
from analysis.records import UNLABELLED
from analysis.types import Report

_LOOKAHEAD = 4
_MOST_THREADS = 4  # of large images, each takes up to 200 MB while it is decoded
_TINY = 16_384  # bytes: such a file is decoded sooner than it is handed over
_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class ImageFile:
    """One file of a source: its bytes, or why there are none."""

    name: str
    data: bytes | str
    fraction: float  # of the source that is done
    label: int | str = UNLABELLED
    condition: str = ""
    columns: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Extras:
    """What comes from elsewhere than the image files."""

    masks: Masks | None = None
    boxes: ByName[list[Box]] | None = None

    def prepare(self, images: Iterable[str]) -> None:
        """Say which images there will be, where that is known."""
        for each in (self.masks, self.boxes):
            if each is not None:
                each.prepare(images)


def take(writer: DatasetWriter, files: Iterable[ImageFile], extras: Extras, report: Report) -> None:
    """Add every file that decodes, skip the others with their reason."""
    steps = Steps(report)
    some = ""
    for file, seen in _examined(files):
        if isinstance(seen, str):
            writer.skip(file.name, seen)
        else:
            _add(writer, file, seen, extras)
            some = file.name
        steps(file.fraction, f"{len(writer):,} images" + (f", {writer.skipped:,} skipped" if writer.skipped else ""))
    if extras.masks is not None and some:
        extras.masks.check_used(some)
    if extras.boxes is not None and some and not extras.boxes.used:
        one = next(iter(extras.boxes))
        writer.remark(f"No box has the name of one image: images are named like '{some}', boxes are for '{one}'.")


def _add(writer: DatasetWriter, file: ImageFile, seen: Examined, extras: Extras) -> None:
    mask = None
    path = extras.masks.find(file.name) if extras.masks else None
    if extras.masks is not None and path is not None:
        read = extras.masks.read(path, seen.width, seen.height)
        if isinstance(read, np.ndarray):
            mask = read
        else:
            writer.skip(f"mask {path}", read)
    boxes = (extras.boxes.find(file.name) if extras.boxes else None) or []
    facts = {"label": file.label, "condition": file.condition, "columns": file.columns}
    writer.add(seen, file.name, mask=mask, boxes=boxes, **facts)


def _examined(files: Iterable[ImageFile]) -> Iterator[tuple[ImageFile, Examined | str]]:
    """In the order given; some are decoded ahead, in threads (Pillow's decoders run beside each other)."""
    workers = min(os.cpu_count() or 1, _MOST_THREADS)
    waiting: deque[tuple[ImageFile, Future[Examined | str]]] = deque()
    with ThreadPoolExecutor(workers, thread_name_prefix="decode") as pool:
        try:
            for file in files:
                if len(file.data) < _TINY and not waiting:
                    yield file, _examine(file)
                    continue
                waiting.append((file, pool.submit(_examine, file)))
                if len(waiting) > workers * _LOOKAHEAD or len(file.data) < _TINY:
                    yield from _finished(waiting, workers * _LOOKAHEAD)
            yield from _finished(waiting, 0)
        finally:
            pool.shutdown(cancel_futures=True)


def _finished(
    waiting: "deque[tuple[ImageFile, Future[Examined | str]]]", keep: int
) -> Iterator[tuple[ImageFile, Examined | str]]:
    """The first ones, waited for where more than `keep` wait; those behind them as far as they are done."""
    while waiting and (len(waiting) > keep or waiting[0][1].done()):
        file, seen = waiting.popleft()
        yield file, seen.result()


def _examine(file: ImageFile) -> Examined | str:
    if isinstance(file.data, str):
        return file.data
    try:
        return examine(file.data, file.name)
    except UnreadableImage as error:
        return str(error)


class Steps:
    """A report that is passed on a few times a second, not for every image."""

    def __init__(self, report: Report) -> None:
        self._report = report
        self._next = 0.0

    def __call__(self, fraction: float, message: str) -> None:
        if time.monotonic() >= self._next:
            self._report(min(max(fraction, 0.0), 1.0), message)
            self._next = time.monotonic() + _SECONDS
