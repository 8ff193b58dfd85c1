"""Images in the order asked for, decoded and cropped by threads while the network computes.

What is handed on is uint8, as the network sees the picture before it is normalised: a quarter of the bytes to queue
and to copy. One decoding serves every classifier; one crop every classifier that crops alike. On CUDA the copy goes
through pinned memory on a stream of its own, beside the computing.
"""

import os
from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from analysis.passes.conditions import CLEAN, Change, Condition
from analysis.records import Images
from models.preprocessing import Preprocessing


@dataclass(frozen=True, slots=True, eq=False)
class Chunk:
    """Some neighbouring samples, for every way of cropping."""

    samples: range
    pixels: tuple[Tensor, ...]  # (n, H, W, C) uint8 on the device, one a crop
    copied: Any = None  # the CUDA event after which they are there

    def ready(self) -> tuple[Tensor, ...]:
        """The pixels, once the copy is done as far as this thread's computing is concerned."""
        if self.copied is not None:
            here = torch.cuda.current_stream(self.pixels[0].device)
            here.wait_event(self.copied)
            for each in self.pixels:
                each.record_stream(here)
        return self.pixels


def crop_of(preprocessing: Preprocessing) -> Preprocessing:
    """What two preprocessings have in common if they crop alike: all but mean and deviation."""
    plain = preprocessing.channels
    return replace(preprocessing, mean=(0.0,) * plain, std=(1.0,) * plain)


def prepared(
    images: Images, samples: Sequence[int], crops: Sequence[Preprocessing], condition: Condition = CLEAN
) -> list[np.ndarray]:
    """Decode samples once and crop them each way: (n, H, W, C) uint8 a crop, in memory of their own."""
    stored = images.pixels(samples)
    if stored is not None:
        if condition.change is not None:
            stored = condition.change(stored, np.asarray(samples))
        return [_of_arrays(stored, crop) for crop in crops]
    found = [np.empty((len(samples), *crop.size, crop.channels), np.uint8) for crop in crops]
    for place, sample in enumerate(samples):  # one at a time: a photograph can be larger than all the crops
        (picture,) = images.images([sample])
        if condition.change is not None:
            picture = _changed(picture, sample, condition.change)
        for array, crop in zip(found, crops, strict=True):
            array[place] = _cropped(picture, crop)
    return found


def _of_arrays(stored: np.ndarray, crop: Preprocessing) -> np.ndarray:
    """(n, H, W, C) uint8 of one size, as they are where nothing is to resize; else as pictures."""
    _, rows, columns, channels = stored.shape
    same = crop.size == (rows, columns) == crop.resized(columns, rows)[::-1]
    if same and channels == crop.channels:
        return np.array(stored, order="C")
    if same and channels == 1:
        return np.repeat(stored, crop.channels, axis=3)
    return np.stack([_cropped(_picture(p), crop) for p in stored])


def _cropped(picture: Image.Image, crop: Preprocessing) -> np.ndarray:
    """(H, W, C) uint8."""
    return np.asarray(crop.cropped(picture)).reshape(*crop.size, crop.channels)


def _picture(pixels: np.ndarray) -> Image.Image:
    """(H, W, C) uint8 -> RGB, or L where C is 1."""
    return Image.fromarray(pixels[:, :, 0] if pixels.shape[2] == 1 else pixels)


def _changed(picture: Image.Image, sample: int, change: Change) -> Image.Image:
    pixels = np.asarray(picture)
    return _picture(change(pixels.reshape(1, *pixels.shape[:2], -1), np.array([sample]))[0])


class Stream:
    """Chunks of samples, prepared ahead of their use. Use it as a context: the threads end with it."""

    def __init__(
        self,
        images: Images,
        chunks: Iterable[range],
        crops: Sequence[Preprocessing],
        condition: Condition,
        device: torch.device,
    ) -> None:
        self.images, self.crops, self.condition, self.device = images, crops, condition, device
        self._chunks = iter(chunks)
        self._threads = _threads(device)
        self._pool = ThreadPoolExecutor(self._threads, thread_name_prefix="decode")
        self._ahead: deque[Future[Chunk]] = deque()
        self._copying = torch.cuda.Stream(device) if device.type == "cuda" else None

    def __enter__(self) -> "Stream":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(wait=True, cancel_futures=True)

    def __iter__(self) -> Iterator[Chunk]:
        while True:
            while len(self._ahead) <= self._threads and (samples := next(self._chunks, None)) is not None:
                self._ahead.append(self._pool.submit(self.prepare, samples))
            if not self._ahead:
                return
            yield self._ahead.popleft().result()

    def prepare(self, samples: range) -> Chunk:
        """Decode, crop and copy some samples; in the thread of the caller."""
        arrays = [torch.from_numpy(a) for a in prepared(self.images, samples, self.crops, self.condition)]
        if self._copying is None:
            return Chunk(samples, tuple(a.to(self.device) for a in arrays))
        pinned = [a.pin_memory() for a in arrays]
        with torch.cuda.stream(self._copying):
            copies = tuple(a.to(self.device, non_blocking=True) for a in pinned)
            return Chunk(samples, copies, self._copying.record_event())


def _threads(device: torch.device) -> int:
    """One or two beside a network that computes on the same cores; more where the cores are free."""
    cores = os.cpu_count() or 1
    return min(8, cores) if device.type == "cuda" else min(2, max(1, cores // 2))
