"""Fourier heat maps of classifiers (Yin et al. 2019): the job kind "fourier".

    arguments = asked(store, workspace, models=("a", "b"), dataset=dataset_id)
    run_here(store, workspace, "fourier", arguments)       or Work.submit("fourier", arguments, title)
    found(workspace, dataset=dataset_id)                   the maps, also while they are computed

Every frequency's noise is added once and shown to all classifiers. Results are files (fourier_maps.py), nothing of them
is in the store; what is there is not computed again, and what was cut short goes on with the frequency where it was.
Frequencies come in the order of their distance from zero, so that an unfinished map is whole in its middle.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import BadParameter
from analysis.pipelines.fourier_maps import HeatMap, found
from analysis.types import Report

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.pipelines.fourier_subject import Frequency, Subject
    from analysis.store.store import Store

__all__ = ["HeatMap", "asked", "compute", "finish", "found"]

EXTENT = 31
_SAVED_EVERY = 10.0  # seconds
_MOST = 1000.0  # of a norm, as the corruption takes it


def asked(
    store: Store | None,
    workspace: Path,
    *,
    models: Sequence[str],
    dataset: str,
    norm: float | None = None,
    extent: int = EXTENT,
    limit: int | None = 256,
    seed: int = 0,
) -> dict[str, Any]:
    """The job's arguments; BadParameter where they make no sense.

    norm: L2 in each channel, pixels from 0 to 1; None is 4 at 32 pixels, 6 at 64 and 15.7 at 224. extent: the side of
    the map, odd, cut down to what images of this size have. limit: so many samples, drawn with the seed.
    """
    names = list(dict.fromkeys(models))
    if not names:
        raise BadParameter("A heat map is of a model. Name at least one.")
    if extent < 1 or extent % 2 == 0:
        raise BadParameter(f"The side of a heat map is odd, with frequency 0 in the middle; got {extent}.")
    if norm is not None and not 0 < norm <= _MOST:
        raise BadParameter(f"The norm of the noise is above 0 and at most {_MOST:,.0f}; got {norm}.")
    if limit is not None and limit < 1:
        raise BadParameter(f"A heat map takes at least one sample; got a limit of {limit}.")
    arguments = {
        "models": names,
        "dataset": dataset,
        "norm": norm,
        "extent": extent,
        "limit": limit,
        "seed": seed,
    }
    if store is None:
        return arguments
    from analysis.pipelines.measuring import asked as measured

    by_hand = measured(store, workspace, names, dataset, speed=False).get("class_maps")
    return arguments | ({"class_maps": by_hand} if by_hand else {})


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Compute what is lacking -> maps (file names) and frequencies computed. Knows no store; runs in any process."""
    from analysis.datasets.opened import OpenDataset
    from analysis.engine.devices import best
    from analysis.pipelines.fourier_subject import Subject
    from analysis.pipelines.predict import DATASETS, MODELS
    from analysis.pipelines.sweep_asking import chosen
    from models.catalogue import load

    workspace = Path(arguments["workspace"])
    dataset = OpenDataset.open(workspace / DATASETS / arguments["dataset"], as_stored=True)
    samples = chosen(len(dataset), arguments.get("limit"), arguments["seed"])
    subjects: dict[str, Subject] = {}  # by the map: two names for one network take one
    for name in dict.fromkeys(arguments["models"]):
        report(0.0, f"opening {name}")
        classifier = load(name, imported=workspace / MODELS, device=best())
        subject = Subject(workspace, classifier, dataset, samples, arguments)
        subjects.setdefault(subject.heat_map.key, subject)
    every = [*subjects.values()]
    with _saved(every):
        computed = _Work(dataset, samples, every, arguments["seed"]).run(report)
    return {"maps": [f"{key}.npz" for key in subjects], "computed": computed}


def finish(store: Store, workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing is taken into the store -> what `compute` said."""
    return dict(result)


class _Work:
    """Frequency by frequency, batch by batch, classifier by classifier."""

    def __init__(self, dataset: OpenDataset, samples: np.ndarray, subjects: Sequence[Subject], seed: int) -> None:
        from analysis.passes.plan import usual_batch
        from analysis.pipelines.sweep_images import Pictures

        self.samples, self.subjects = samples, subjects
        device = subjects[0].forward.device
        crops = list(dict.fromkeys(s.crop for s in subjects))
        self.pictures = {crop: Pictures(dataset, [crop], str(device), seed) for crop in crops}
        self.batch = usual_batch([crop.size for crop in crops], device.type)

    def run(self, report: Report) -> int:
        """How many frequencies were computed."""
        from analysis.robustness.frequencies import half_plane

        wanted = [None, *half_plane(max(s.heat_map.extent for s in self.subjects))]
        lacking = [f for f in wanted if any(s.lacks(f) for s in self.subjects)]
        began = saved = time.perf_counter()
        images = 0
        for number, frequency in enumerate(lacking):
            pace = images / max(time.perf_counter() - began, 1e-6)
            done = len(wanted) - len(lacking) + number
            words = f"frequency {done:,} of {len(wanted):,}" + (f", {pace:,.0f} images a second" if images else "")
            report(done / len(wanted), words)
            images += self._under(frequency, [s for s in self.subjects if s.lacks(frequency)])
            if time.perf_counter() - saved > _SAVED_EVERY:
                for subject in self.subjects:
                    subject.save()
                saved = time.perf_counter()
        return len(lacking)

    def _under(self, frequency: Frequency, subjects: Sequence[Subject]) -> int:
        """One frequency, or none -> how many images were shown to a network."""
        wrong = [0] * len(subjects)
        groups = list(dict.fromkeys((s.crop, s.heat_map.norm) for s in subjects))
        for start in range(0, len(self.samples), self.batch):
            part = slice(start, start + self.batch)
            for crop, norm in groups:
                shown = self.pictures[crop].under(_condition(frequency, norm), self.samples[part])[crop]
                for place, subject in enumerate(subjects):
                    if (subject.crop, subject.heat_map.norm) == (crop, norm):
                        answers = subject.forward(shown).logits.argmax(dim=1).cpu().numpy()
                        truth = subject.truth[part]
                        wrong[place] += int(((answers != truth) & (truth >= 0)).sum())
        for subject, count in zip(subjects, wrong, strict=True):
            subject.took(frequency, count)
        return len(self.samples) * len(subjects)


def _condition(frequency: Frequency, norm: float) -> dict[str, Any]:
    if frequency is None:
        return {"name": "clean", "severity": 0, "kind": "corruption", "params": {}}
    params = {"row": frequency[0], "column": frequency[1], "norm": norm}
    from analysis.pipelines.fourier_subject import NAME, PAPERS

    return {"name": NAME, "severity": PAPERS, "kind": "corruption", "params": params}


@contextmanager
def _saved(subjects: Sequence[Subject]) -> Iterator[None]:
    """What was computed is kept, also when the work ends before it is done."""
    try:
        yield
    finally:
        for subject in subjects:
            subject.save()
