"""A picture of the user's own in the geometry of a dataset's features: where the head and the class means have it.

It is cropped and read exactly as a pass does it, and taken as it is where the pass was under a condition.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import NotApplicable
from analysis.passes.conditions import CLEAN
from analysis.passes.geometry import LinearHead, angles, margins
from analysis.pipelines.embedding_neighbours import Near, nearest_of
from analysis.pipelines.embedding_upload import read_pictures
from analysis.pipelines.geometry_asking import PENULTIMATE
from analysis.pipelines.geometry_classes import class_names
from analysis.pipelines.geometry_measuring import features_of
from analysis.pipelines.predict import DATASETS
from analysis.records import PassRecord
from analysis.types import Picture, Prediction

if TYPE_CHECKING:
    from analysis.geometry.features import Features
    from analysis.store.store import Store
    from models.classifier import Classifier

NEIGHBOURS = 12
_ROWS = 4096
_LEAST = 5  # samples that a percentile among them takes


@dataclass(frozen=True, slots=True, eq=False)
class Percentile:
    """How many of 100 samples have less; those that have as much count half. NaN among fewer than five."""

    value: float  # of the picture
    of_all: float
    all_samples: int
    of_class: float  # among samples that get the same answer
    class_samples: int


@dataclass(frozen=True, slots=True, eq=False)
class PlacedUpload:
    """Where one picture lies. Angles in degrees.

    Of L classes of the network; means of M, which are the same unless it names none of the dataset's.
    """

    tap: str
    features: np.ndarray  # (D,) float32
    predictions: tuple[Prediction, ...]  # the most probable class first
    weight_angles: np.ndarray | None  # (L,) to each class's weights; None: no linear head reads this tap
    mean_angles: np.ndarray  # (M,) to each class's mean, both less the mean of means; NaN: class without a sample
    mean_distances: np.ndarray  # (M,) Euclidean
    nearest_means: np.ndarray  # (K,) classes, the nearest first
    neighbours: Near  # (1, k) samples of the dataset
    length: Percentile
    margin: Percentile | None  # distance to the nearest boundary of the answer; None: no linear head
    remarks: tuple[str, ...] = ()


def placed(
    store: Store,
    workspace: Path,
    record: PassRecord,
    classifier: Classifier,
    picture: Picture,
    *,
    tap: str = "",
    metric: str = "cosine",
) -> PlacedUpload:
    """Where a picture lies among the features of a pass; at the head's input unless another tap is named.

    NotApplicable where the classifier is not the pass's or keeps no such features, DataError where they are gone.
    """
    from analysis.datasets.opened import OpenDataset

    if classifier.fingerprint != record.model_id:
        raise NotApplicable(
            f"These features are of {record.model_name} as it was then, and {classifier.name} has other weights. "
            "Measure it again."
        )
    tap = tap or (PENULTIMATE if PENULTIMATE in record.taps else next(reversed(record.taps), ""))
    if tap not in record.taps:
        raise NotApplicable(f"The pass of {record.model_name} keeps no features at '{tap}'. Measure it there first.")
    read, (answers,) = read_pictures(classifier, tap, [picture.pixels])
    dataset = OpenDataset.open(workspace / DATASETS / record.dataset_id)
    features = features_of(workspace, record, tap, dataset, classifier.head)
    classes = len(class_names(record, store.dataset(record.dataset_id).class_names))
    to_means, distances = _means(features, read, classes)
    head = None if features.sound_head is None else LinearHead(*features.sound_head)
    same = _same_answer(features, answers[0].index)
    own = float(np.linalg.norm(read[0].astype(np.float64)))
    return PlacedUpload(
        tap=tap,
        features=read[0],
        predictions=answers,
        weight_angles=None if head is None else np.degrees(angles(read, head.weight)[0]),
        mean_angles=to_means,
        mean_distances=distances,
        nearest_means=np.argsort(distances, kind="stable")[: int(np.isfinite(distances).sum())],
        neighbours=nearest_of(features.values, read, NEIGHBOURS, metric),
        length=_percentile(own, features.lengths, same),
        margin=None if head is None else _margin(features, read, head, answers[0].index, same),
        remarks=tuple(_remarks(record, picture, features)),
    )


def _means(features: Features, read: np.ndarray, classes: int) -> tuple[np.ndarray, np.ndarray]:
    """(M,) degrees and (M,) distances to class means, NaN where a class has no sample."""
    to, away = np.full(classes, np.nan), np.full(classes, np.nan)
    if len(features.classes):
        centred = read.astype(np.float64) - features.mean_of_means
        to[features.classes] = np.degrees(angles(centred, features.centred_means)[0])
        away[features.classes] = np.linalg.norm(read[0].astype(np.float64) - features.class_means, axis=1)
    return to, away


def _same_answer(features: Features, answer: int) -> np.ndarray:
    """(N,) bool."""
    return np.zeros(len(features), bool) if features.guesses is None else features.guesses == answer


def _margin(features: Features, read: np.ndarray, head: LinearHead, answer: int, same: np.ndarray) -> Percentile:
    """All to the answer that each sample gets, so that none is below zero."""
    found = np.full(len(features), np.nan)
    for where, part in features.parts():
        guesses = head.logits(part).argmax(axis=1)
        found[where] = margins(part, head, guesses)
    return _percentile(float(margins(read, head, np.array([answer]))[0]), found, same)


def _percentile(own: float, theirs: np.ndarray, same: np.ndarray) -> Percentile:
    there = np.isfinite(theirs)
    everyone, alike = theirs[there], theirs[there & same]
    return Percentile(own, _below(own, everyone), len(everyone), _below(own, alike), len(alike))


def _below(own: float, theirs: np.ndarray) -> float:
    if len(theirs) < _LEAST or not np.isfinite(own):
        return float("nan")
    return float(100 * ((theirs < own).mean() + (theirs == own).mean() / 2))


def _remarks(record: PassRecord, picture: Picture, features: Features) -> list[str]:
    said = [f"{picture.name}: {', '.join(picture.remarks)}."] if picture.remarks else []
    if record.condition != CLEAN.name:
        said.append(f"The samples were changed by {record.condition}; the picture is taken as it is.")
    if not len(features.classes):
        said.append("No sample has a class that the model knows, so there are no class means.")
    if features.left_out:
        said.append(f"{features.left_out:,} samples with features that are not finite are left out.")
    return said
