"""One classifier and its Fourier heat map so far: what is lacking, what was taken, and when it is kept."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.datasets.opened import OpenDataset
from analysis.engine.devices import best, describe
from analysis.errors import BadParameter
from analysis.passes.forward import Forward
from analysis.passes.run import true_classes
from analysis.passes.stream import crop_of
from analysis.pipelines.fourier_maps import FOLDER, HeatMap, read, save
from analysis.pipelines.predict import by_hand_of, matched
from analysis.pipelines.sweep_images import working_size
from analysis.records import UNLABELLED
from analysis.robustness import CORRUPTIONS
from analysis.robustness.frequencies import largest_extent, place
from models.classifier import Classifier

NAME = "single_frequency"
PAPERS = 3
"""The severity whose norms are the paper's, where it has some."""

Frequency = tuple[int, int] | None
"""Row and column; None is no noise."""


class Subject:
    """One classifier and its map so far."""

    def __init__(
        self,
        workspace: Path,
        classifier: Classifier,
        dataset: OpenDataset,
        samples: np.ndarray,
        arguments: Mapping[str, Any],
    ) -> None:
        self.workspace, self.crop = workspace, crop_of(classifier.preprocessing)
        self.forward = Forward(classifier, (), autocast=False)
        by_hand = by_hand_of((arguments.get("class_maps") or {}).get(classifier.name))
        class_map = matched(dataset.record.class_names, classifier.class_names, by_hand)
        self.truth = true_classes(dataset.labels[samples], class_map)
        known = int((self.truth != UNLABELLED).sum())
        if not known:
            raise BadParameter(
                f"No class of '{dataset.record.name}' is one of {classifier.name}'s, or its images have no labels, so "
                "no answer is right or wrong. Choose another dataset, or match the classes by hand."
            )
        fresh = _empty(classifier, dataset, class_map, len(samples), known, arguments)
        there = read(workspace / FOLDER / f"{fresh.key}.npz")
        self.heat_map = fresh if there is None else replace(there, model=classifier.name)
        self.changed = False

    def lacks(self, frequency: Frequency) -> bool:
        if frequency is None:
            return bool(np.isnan(self.heat_map.clean))
        reach = self.heat_map.extent // 2
        if max(map(abs, frequency)) > reach:
            return False
        return bool(np.isnan(self.heat_map.errors[place(self.heat_map.extent, *frequency)[0]]))

    def took(self, frequency: Frequency, wrong: int) -> None:
        share = wrong / self.heat_map.known
        if frequency is None:
            self.heat_map = replace(self.heat_map, clean=share)
        else:
            for cell in place(self.heat_map.extent, *frequency):
                self.heat_map.errors[cell] = share
        self.changed = True

    def save(self) -> None:
        if self.changed:
            self.heat_map = replace(self.heat_map, computed_at=datetime.now(UTC))
            save(self.workspace, self.heat_map)
            self.changed = False


def _empty(
    classifier: Classifier,
    dataset: OpenDataset,
    class_map: tuple[int, ...],
    samples: int,
    known: int,
    arguments: Mapping[str, Any],
) -> HeatMap:
    """The map of which nothing is computed yet."""
    size = working_size(dataset.image_shape, crop_of(classifier.preprocessing))
    side = largest_extent(*size, arguments["extent"])
    method = CORRUPTIONS[NAME]
    return HeatMap(
        errors=np.full((side, side), np.nan, np.float32),
        clean=float("nan"),
        model=classifier.name,
        model_id=classifier.fingerprint,
        dataset_id=arguments["dataset"],
        dataset_name=dataset.record.name,
        norm=float(arguments.get("norm") or method.levels[method.table(*size)][PAPERS - 1]),
        samples=samples,
        known=known,
        seed=arguments["seed"],
        image_size=size,
        class_map=class_map,
        device=describe(best()),
        computed_at=datetime.now(UTC),
    )
