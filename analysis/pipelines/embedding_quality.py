"""How far a picture can be believed: the job kind "assess".

    arguments = asked(embedding)
    run_here(store, workspace, "assess", arguments)     or Work.submit("assess", arguments, title)
    store.embeddings.one(embedding.embedding_id).quality

Beside what `projections.quality` measures of the points, the picture is laid out again: with further seeds (stability),
and without some samples, which are then placed (placement). Of large ones that is done with an evenly drawn part.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.embeddings import Embedding, Quality, Source
from analysis.errors import BadParameter
from analysis.pipelines.embedding_files import folder_of, left
from analysis.pipelines.embedding_laying import lay_rows
from analysis.pipelines.embedding_sources import features_of
from analysis.store.embeddings import ERRORS, PLACER, POINTS, write_array
from analysis.types import Report, part

if TYPE_CHECKING:
    from analysis.projections.checking import Laid
    from analysis.store.store import Store

NEIGHBOURS = 15
SEEDS = 2
"""Further ones that a seeded method is laid out with, where it is small enough to do so unasked."""

MOST = 5000
"""Samples that are laid out again."""

LEFT_OUT = 200


def asked(
    embedding: Embedding, *, k: int = NEIGHBOURS, seeds: int | None = None, placement: bool | None = None
) -> dict[str, Any]:
    """The arguments of the job.

    k: neighbours. seeds: how many more the method is laid out with; None: 2 where the method has a seed, lays out one
    source alone, and there are at most 5,000 samples, else 0. placement: whether some samples are left out and placed
    again; None: where that takes no longer than a second layout of at most 5,000 samples.
    """
    from analysis.projections import PROJECTIONS

    method = PROJECTIONS[embedding.method]
    if k < 1 or (seeds is not None and not 0 <= seeds <= 10):
        raise BadParameter(f"Quality takes at least 1 neighbour and 0 to 10 further seeds; got {k} and {seeds}.")
    if seeds is None:
        seeds = SEEDS if embedding.samples <= MOST else 0
    able, usual = method.seeded and method.kind == "alone", method.quick or embedding.samples <= MOST
    return {
        "embedding_id": embedding.embedding_id,
        "dataset": embedding.dataset_id,
        "k": k,
        "seeds": seeds if able else 0,
        "placement": method.kind == "alone" and (usual if placement is None else placement),
    }


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Measure -> the quality as JSON; errors are left in the embedding's folder. Knows no store."""
    from analysis.projections.quality import assess

    workspace, found = Path(arguments["workspace"]), str(arguments["embedding_id"])
    folder, embedding = left(workspace, found)
    source = source_of(embedding)
    read, points = features_of(workspace, source.pass_id, source.tap, words(source)), np.load(folder / POINTS)
    again = _Again(workspace, source, embedding, read, points)
    seeds, placed = int(arguments.get("seeds") or 0), bool(arguments.get("placement"))
    steps = 1 + seeds + int(again.partial and seeds > 0) + int(placed)
    report(0.0, "comparing neighbours")
    quality, errors = assess(read, points, k=int(arguments.get("k") or NEIGHBOURS), metric=metric_of(embedding))
    step = 1
    if seeds:
        moved, step = again.stability(seeds, report, steps)
        quality = replace(quality, stability=moved, seeds=seeds)
    if placed:
        exact = _fixed(folder)  # left-out samples land where they were
        quality = replace(quality, placement=0.0 if exact else again.placement(part(report, step, steps)))
    write_array(folder_of(workspace, found) / ERRORS, np.asarray(errors, np.float32))
    return {"quality": _noted(quality, embedding).to_json()}


def _fixed(folder: Path) -> bool:
    """Whether samples are placed by a map that no sample has a part in: angles to classes."""
    from analysis.projections.placing import read_placer

    return (folder / PLACER).is_file() and read_placer(folder / PLACER).kind == "angles"


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Take the quality into the store -> embedding_id, and the quality as JSON."""
    store.embeddings.save_quality(arguments["embedding_id"], Quality.from_json(result["quality"]))
    return {"embedding_id": arguments["embedding_id"], "quality": result["quality"]}


def source_of(embedding: Embedding) -> Source:
    """What an embedding was made of; its width is not known to it."""
    return Source(
        pass_id=embedding.pass_id,
        model_id=embedding.model_id,
        model_name=embedding.model_name,
        dataset_id=embedding.dataset_id,
        dataset_name=embedding.dataset_name,
        condition=embedding.condition,
        tap=embedding.tap,
        samples=embedding.samples,
        width=0,
    )


def words(source: Source) -> str:
    """A pass as a sentence names it."""
    under = "" if source.condition == "clean" else f" under {source.condition}"
    return f"{source.model_name} over '{source.dataset_name}'{under}"


class _Again:
    """A picture laid out again: all of it, or where it is large an evenly drawn part."""

    def __init__(
        self, workspace: Path, source: Source, embedding: Embedding, read: np.ndarray, points: np.ndarray
    ) -> None:
        from analysis.projections.prepared import evenly

        self.workspace, self.source, self.embedding = workspace, source, embedding
        there = np.flatnonzero(np.isfinite(points).all(axis=1))
        self.partial = len(there) > MOST
        self.rows = there[evenly(len(there), MOST, embedding.seed)] if self.partial else there
        self.read = np.asarray(read[self.rows], np.float32)
        self._base = None if self.partial else points[self.rows]

    def stability(self, seeds: int, report: Report, steps: int) -> tuple[float, int]:
        """The median displacement over so many further seeds, and the step of the work that comes next."""
        step, moved = 1, []
        if self._base is None:
            self._base, step = self._laid(self.embedding.seed, part(report, 1, steps)).points, 2
        for number in range(seeds):
            other = self._laid(self.embedding.seed + 1 + number, part(report, step, steps)).points
            moved.append(_displaced(other, self._base))
            step += 1
        return float(np.nanmedian(np.concatenate(moved))), step

    def placement(self, report: Report) -> float:
        """Of samples that are left out and placed again: their median displacement, in the picture's RMS radius."""
        from analysis.projections.placing import place

        if self._base is None:
            self._base = self._laid(self.embedding.seed, part(report, 0, 2)).points
            report = part(report, 1, 2)
        count = min(LEFT_OUT, len(self.rows) // 5)
        if count == 0:
            return float("nan")
        out = np.zeros(len(self.rows), bool)
        out[np.random.default_rng(self.embedding.seed).choice(len(self.rows), count, replace=False)] = True
        laid = self._laid(self.embedding.seed, report, ~out)
        points = np.full_like(self._base, np.nan)
        points[~out] = laid.points
        points[out] = place(
            self.read[out],
            placer=laid.placer,
            features=self.read[~out],
            points=laid.points,
            metric=metric_of(self.embedding),
        )
        onto = np.array(self._base)
        onto[out] = np.nan  # what was left out does not help to turn the picture
        return float(np.nanmedian(_displaced(points, self._base, onto)[out]))

    def _laid(self, seed: int, report: Report, chosen: np.ndarray | None = None) -> Laid:
        e = self.embedding
        rows, read = (self.rows, self.read) if chosen is None else (self.rows[chosen], self.read[chosen])
        given = {"method": e.method, "params": dict(e.params), "dims": e.dims, "seed": seed}
        return lay_rows(self.workspace, [self.source], [read], given, report, rows=rows)[0]


def metric_of(embedding: Embedding) -> str:
    """By which a picture took samples for neighbours."""
    return str(embedding.params.get("metric", "euclidean"))


def _displaced(points: np.ndarray, base: np.ndarray, onto: np.ndarray | None = None) -> np.ndarray:
    """(n,) how far points lie from the base once they are turned onto it (or onto the rows of `onto` alone)."""
    from analysis.projections.alignment import displacement, procrustes

    turned = procrustes(points, base if onto is None else onto).points
    return displacement(turned, base)


def _noted(quality: Quality, embedding: Embedding) -> Quality:
    """With what must be said of it."""
    from analysis.projections.quality import warnings

    return replace(quality, notes=tuple(dict.fromkeys((*warnings(quality, embedding.method), *quality.notes))))
