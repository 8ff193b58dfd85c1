"""Images that somebody corrupted and stored, in place of computed ones: CIFAR-10-C and its like.

Row i of every condition is the i-th image of the clean dataset, as in the published files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import BadParameter
from analysis.pipelines.sweep_conditions import condition_of

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset


class Stored:
    """The rows of a dataset that holds conditions, found by the sample that each shows."""

    def __init__(self, dataset: OpenDataset, clean: OpenDataset) -> None:
        """BadParameter unless every condition has as many images as the clean dataset, with the same labels."""
        self.dataset, self.name = dataset, dataset.record.name
        given = np.array(dataset.conditions)
        self._rows: dict[tuple[str, int], np.ndarray] = {}
        for text in dict.fromkeys(given.tolist()):
            if "/" in text:
                condition = condition_of(text)
                self._rows[condition.corruption, condition.severity] = np.flatnonzero(given == text)
        if not self._rows:
            raise BadParameter(
                f"The dataset '{self.name}' does not say what was done to its images. Import a folder like CIFAR-10-C: "
                "an array for each corruption, with the five severities one after the other."
            )
        names, theirs = dataset.record.class_names, clean.record.class_names
        for (name, severity), rows in self._rows.items():
            same = len(rows) == len(clean) and np.array_equal(dataset.labels[rows], clean.labels)
            if not same or len(names) != len(theirs):
                raise BadParameter(
                    f"'{self.name}' and '{clean.record.name}' are not the same images: under {name}/{severity} there "
                    f"are {len(rows):,} for {len(clean):,} clean ones, or their labels differ in order. Give the clean "
                    "images that were corrupted, all of them, in the same order."
                )

    @property
    def corruptions(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for name, _ in self._rows))

    def severities(self, corruption: str) -> tuple[int, ...]:
        found = sorted(severity for name, severity in self._rows if name == corruption)
        if not found:
            raise BadParameter(
                f"'{self.name}' holds no images under '{corruption}'; it holds: {', '.join(self.corruptions)}."
            )
        return tuple(found)

    def rows(self, corruption: str, severity: int, samples: np.ndarray) -> np.ndarray:
        """Where the images of these samples lie in the stored dataset."""
        return self._rows[corruption, severity][samples]
