"""One image under every corruption and severity, as one file of pictures: made as a job, kept in memory."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from PIL import Image

from analysis.engine.jobs import Job
from analysis.errors import NotApplicable
from analysis.store import digest
from analysis.types import Report
from app import resources
from app.figures.tiles import sprite

FACTS = "facts"


@dataclass(frozen=True, slots=True, eq=False)
class Subject:
    """A picture that is to be altered."""

    digest: str  # says which picture it is
    name: str
    pixels: np.ndarray  # (H, W, C) uint8
    place: int = 0  # in its dataset, which decides its chance
    seed: int = 0
    mask: np.ndarray | None = None  # (H, W) bool: where the object is

    def key(self, names: Sequence[str]) -> str:
        return digest(
            family="corruptions", picture=self.digest, place=self.place, seed=self.seed, names=list(names),
            size=list(self.pixels.shape), masked=self.mask is not None,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class Made:
    """The pictures: the image as it is, then five for each name."""

    names: tuple[str, ...]
    refused: Mapping[str, str]  # name -> why
    count: int


def found(subject: Subject, names: Sequence[str]) -> tuple[Made, bytes] | Job[Made]:
    """What is there; else the job that makes it, or that failed."""
    key = subject.key(names)
    job = resources.jobs().get(key)
    data = resources.sprites().get(key)
    if job is not None and job.result is not None and data is not None:
        return job.result, data
    if job is None or job.state in ("done", "cancelled", "interrupted"):
        job = resources.jobs().submit(key, f"{subject.name} under {len(names)} corruptions", _making(subject, names))
    return job


def _making(subject: Subject, names: Sequence[str]):
    def make(report: Report) -> Made:
        images, done, refused = [subject.pixels], [], {}
        for number, name in enumerate(names):
            report(number / len(names), name.replace("_", " "))
            try:
                images += _five(subject, name)
                done.append(name)
            except NotApplicable as error:
                refused[name] = str(error)
        pictures = [Image.fromarray(i[..., 0] if i.shape[-1] == 1 else i) for i in images]
        resources.sprites().put(subject.key(names), sprite(pictures, max(subject.pixels.shape[:2])))
        return Made(tuple(done), refused, len(images))

    return make


def _five(subject: Subject, name: str) -> list[np.ndarray]:
    from analysis.robustness.applying import corrupted
    from analysis.robustness.registry import SEVERITIES

    place = np.array([subject.place])
    masks = None if subject.mask is None else subject.mask[None]
    return [
        corrupted(subject.pixels[None].copy(), place, name, severity, seed=subject.seed, masks=masks)[0]
        for severity in SEVERITIES
    ]
