"""Features of one place in a network, with the sums that many measures share, each taken once.

All sums are in float64, a few thousand rows at a time: features may be memory-mapped float32. Rows that are not finite
are left out and counted. Where a measure needs single samples or their neighbours, it takes an evenly drawn part.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from functools import cached_property
from typing import TypeVar, cast

import numpy as np
from scipy import sparse

from analysis.errors import BadParameter
from analysis.geometry.groups import GroupSums, group_sums
from analysis.geometry.heads import Judged, judged
from analysis.geometry.means import NearestMeans, nearest_means
from analysis.geometry.neighbourhoods import Near, Rivals, near, rivals
from analysis.geometry.sparsity import MapZeros
from analysis.geometry.subspaces import ClassSubspaces

T = TypeVar("T")
ROWS = 4096
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
OTHER_CLASSES = "the network names other classes than these samples have"
NOTHING = 1e-24  # beside the mean squared length: what varies by no more does not vary


class Features:
    """What a network reads of N samples at one place.

    values (N, D); labels (N,) int, the classifier's class of each sample or -1 where it is not known; class_names of
    the L classes; weight (L, D), bias (L,) of the linear head that these features are the input of; predictions (N,)
    the network's argmax. of_head False: labels and class_names are a dataset's own, and the network names none of
    them, so that nothing is said of labels beside its head or its answers. pooled: values are means over the cells of
    maps; map_zeros: how much of these maps is 0. seed: of what is drawn. BadParameter where the shapes do not fit.
    """

    def __init__(
        self,
        values: np.ndarray,
        labels: np.ndarray | None = None,
        *,
        class_names: tuple[str, ...] = (),
        weight: np.ndarray | None = None,
        bias: np.ndarray | None = None,
        predictions: np.ndarray | None = None,
        of_head: bool = True,
        pooled: bool = False,
        map_zeros: MapZeros | None = None,
        seed: int = 0,
    ) -> None:
        if values.ndim != 2:
            raise BadParameter(f"Features are a matrix with a row for each sample; got the shape {values.shape}.")
        for name, column in (("labels", labels), ("predictions", predictions)):
            if column is not None and column.shape != (len(values),):
                raise BadParameter(f"{len(values)} rows of features need as many {name}; got {column.shape}.")
        if weight is not None and (weight.ndim != 2 or weight.shape[1] != values.shape[1]):
            raise BadParameter(f"A head of {weight.shape} is not one of features {values.shape}.")
        if weight is not None and bias is not None and bias.shape != (len(weight),):
            raise BadParameter(f"A head of {len(weight)} classes has as many biases; got {bias.shape}.")
        if map_zeros is not None and (len(map_zeros.samples), len(map_zeros.channels)) != values.shape:
            raise BadParameter(
                f"Zeros of {len(map_zeros.samples)} samples and {len(map_zeros.channels)} channels are not those of "
                f"features {values.shape}."
            )
        kept = np.concatenate(
            [np.isfinite(values[i : i + ROWS]).all(axis=1) for i in range(0, len(values), ROWS)] or [[]]
        )
        kept = kept.astype(bool)
        self.left_out = int(len(values) - kept.sum())
        self.rows = np.flatnonzero(kept)  # where each row was in what was given
        self.values = values if not self.left_out else values[kept]
        self.labels = None if labels is None else labels[kept].astype(np.int64)
        self.predictions = None if predictions is None else predictions[kept].astype(np.int64)
        self.class_names = class_names
        self.of_head = of_head
        self.pooled = pooled
        self.map_zeros = None if map_zeros is None else MapZeros(map_zeros.samples[kept], map_zeros.channels)
        self.weight = None if weight is None else weight.astype(np.float64)
        self.bias = None if weight is None else (np.zeros(len(weight)) if bias is None else bias.astype(np.float64))
        self.seed = seed
        self._kept: dict[Hashable, object] = {}

    def __len__(self) -> int:
        return len(self.values)

    @property
    def width(self) -> int:
        return self.values.shape[1]

    def parts(self) -> Iterator[tuple[slice, np.ndarray]]:
        """Where and which rows, (n, D) float64, a few thousand at a time, in order."""
        for start in range(0, len(self), ROWS):
            where = slice(start, min(start + ROWS, len(self)))
            yield where, np.asarray(self.values[where], dtype=np.float64)

    @cached_property
    def mean(self) -> np.ndarray:
        """(D,) float64."""
        total = np.zeros(self.width)
        for i in range(0, len(self), ROWS):
            total += self.values[i : i + ROWS].sum(axis=0, dtype=np.float64)
        return total / max(len(self), 1)

    @cached_property
    def covariance(self) -> np.ndarray:
        """(D, D) float64: the mean of outer products of centred rows (over N, not N - 1)."""
        total = np.zeros((self.width, self.width))
        for i in range(0, len(self), ROWS):
            part = self.values[i : i + ROWS].astype(np.float64) - self.mean
            total += part.T @ part
        return total / max(len(self), 1)

    @cached_property
    def spectrum(self) -> np.ndarray:
        """(min(N, D),) float64, the eigenvalues of the covariance, the largest first, none below zero."""
        if len(self) < self.width:
            part = np.asarray(self.values, dtype=np.float64) - self.mean
            found = np.linalg.eigvalsh(part @ part.T / max(len(self), 1))
        else:
            found = np.linalg.eigvalsh(self.covariance)
        return np.maximum(found[::-1], 0)

    @cached_property
    def no_variance(self) -> str:
        """Why directions of variation say nothing, in words; empty where they do."""
        if len(self) < 2:
            return "it takes two samples"
        return "" if float(self.spectrum.sum()) > NOTHING * self.size else "the features do not vary"

    @cached_property
    def axes(self) -> tuple[np.ndarray, np.ndarray]:
        """Principal axes and what samples say of them, M = min(N, D): what intervals of the spectrum are made of.

        (M,) the spectrum; (M, M) the mean over samples of z_i^2 z_j^2, z the coordinates of a centred sample.
        """
        if len(self) < self.width:
            part = np.asarray(self.values, dtype=np.float64) - self.mean
            found, vectors = np.linalg.eigh(part @ part.T / max(len(self), 1))
            squares = np.square(vectors[:, ::-1]) * np.maximum(found[::-1], 0) * len(self)
            return np.maximum(found[::-1], 0), squares.T @ squares / max(len(self), 1)
        found, vectors = np.linalg.eigh(self.covariance)
        vectors, total = vectors[:, ::-1], np.zeros((self.width, self.width))
        for _, part in self.parts():
            squares = np.square((part - self.mean) @ vectors)
            total += squares.T @ squares
        return np.maximum(found[::-1], 0), total / max(len(self), 1)

    @cached_property
    def classes(self) -> np.ndarray:
        """(K,) the classes that have a sample here, ascending; empty where no label is known."""
        if self.labels is None:
            return np.empty(0, np.int64)
        return np.unique(self.labels[self.labels >= 0])

    @cached_property
    def places(self) -> np.ndarray:
        """(N,) where in `classes` each sample's class is; -1 where it is not known."""
        if self.labels is None:
            return np.full(len(self), -1)
        return np.where(self.labels >= 0, np.searchsorted(self.classes, self.labels), -1)

    @cached_property
    def counts(self) -> np.ndarray:
        """(K,) samples of each of `classes`."""
        return np.bincount(self.places[self.places >= 0], minlength=len(self.classes)).astype(np.int64)

    @cached_property
    def members(self) -> tuple[np.ndarray, ...]:
        """For each of `classes`, the places of its samples, ascending."""
        order = np.argsort(self.places, kind="stable")
        starts = np.searchsorted(self.places[order], np.arange(len(self.classes)))
        return tuple(np.split(order, starts)[1:])

    @property
    def labelled(self) -> int:
        """How many samples have a known class."""
        return int(self.counts.sum())

    @cached_property
    def class_means(self) -> np.ndarray:
        """(K, D) float64, of `classes`."""
        total = np.zeros((len(self.classes), self.width))
        for where, part in self.parts() if len(self.classes) else ():
            known = np.flatnonzero(self.places[where] >= 0)
            chosen = (np.ones(len(known)), (self.places[where][known], known))
            total += sparse.csr_array(chosen, shape=(len(total), len(part))) @ part
        return total / np.maximum(self.counts, 1)[:, None]

    @cached_property
    def mean_of_means(self) -> np.ndarray:
        """(D,) the mean of class means: every class counts once, however many samples it has."""
        return self.class_means.mean(axis=0) if len(self.classes) else np.zeros(self.width)

    @cached_property
    def centred_means(self) -> np.ndarray:
        """(K, D) class means less their mean."""
        return self.class_means - self.mean_of_means

    @cached_property
    def lengths(self) -> np.ndarray:
        """(N,) Euclidean length of each row."""
        return np.concatenate([np.sqrt(np.square(part).sum(axis=1)) for _, part in self.parts()] or [np.empty(0)])

    @cached_property
    def size(self) -> float:
        """The mean squared length of a row."""
        return float(np.square(self.lengths).mean()) if len(self) else 0.0

    @cached_property
    def copies(self) -> int:
        """How many rows equal an earlier one to the last bit, by a hash of each."""
        keys = [np.empty(0, np.uint64)]
        random = np.random.default_rng(0)
        factors = random.integers(1, 2**63, 2 * self.width, dtype=np.uint64)
        for start in range(0, len(self), ROWS):
            part = self.values[start : start + ROWS] + 0.0  # -0.0 is 0.0
            part = np.ascontiguousarray(part, dtype=np.float64 if part.dtype == np.float64 else np.float32)
            words = part.view(np.uint32).reshape(len(part), -1)
            keys.append(words.astype(np.uint64) @ factors[: words.shape[1]])
        return len(self) - len(np.unique(np.concatenate(keys)))

    @cached_property
    def nearest_means(self) -> NearestMeans:
        """Which class mean each sample is nearest to. Only where there are classes."""
        return nearest_means(self.parts(), self.places, self.counts, self.class_means)

    @property
    def no_classes(self) -> str:
        """Why classes cannot be set beside each other, in words; empty where they can."""
        of = "of the network's classes" if self.of_head else "classes"
        return f"fewer than two {of} have samples here" if len(self.classes) < 2 else ""

    @cached_property
    def no_spread(self) -> str:
        """Why class means tell nothing apart, in words; empty where they do."""
        if self.no_classes:
            return self.no_classes
        if np.square(self.centred_means).sum(axis=1).mean() <= NOTHING * self.size:
            return "all class means are the same"
        return ""

    @property
    def missing(self) -> tuple[str, ...]:
        """What must be said where not all classes of the head have samples here."""
        there = len(self.classes)
        if self.weight is None or not self.of_head or there >= len(self.weight) or not there:
            return ()
        return (f"Only {there:,} of the head's {len(self.weight):,} classes have samples here.",)

    @property
    def sound_head(self) -> tuple[np.ndarray, np.ndarray] | None:
        """weight (L, D), bias (L,); None where there is no head of finite numbers."""
        return None if self.no_head or self.weight is None or self.bias is None else (self.weight, self.bias)

    @cached_property
    def no_head(self) -> str:
        """Why there is no head to speak of, in words; empty where there is."""
        if self.weight is None or self.bias is None or not self.weight.size:
            return "no linear head reads these features"
        if not (np.isfinite(self.weight).all() and np.isfinite(self.bias).all()):
            return "the head's weights are not all finite"
        return ""

    @cached_property
    def judged(self) -> Judged | None:
        """What the head says; None where there is no head of finite numbers."""
        if self.sound_head is None:
            return None
        labels = np.full(len(self), -1) if self.labels is None or not self.of_head else self.labels
        return judged(self.parts(), labels, *self.sound_head)

    @property
    def judgeable(self) -> int:
        """How many samples have a class that the head knows."""
        return int(self.counts[: len(self.known)].sum())

    @property
    def known(self) -> np.ndarray:
        """(k,) those of `classes` that have a row in the head: the first ones."""
        rows = 0 if self.weight is None or not self.of_head else len(self.weight)
        return self.classes[self.classes < rows]

    @property
    def no_truth(self) -> str:
        """Why the head cannot be held to the samples' classes, in words; empty where it can."""
        if self.no_head:
            return self.no_head
        if not self.of_head:
            return OTHER_CLASSES
        return "" if self.judgeable else "no sample has a class that the head knows"

    @property
    def no_answers(self) -> str:
        """Why the network's answers cannot be set beside the samples' classes, in words; empty where they can."""
        if self.guesses is None:
            return "the network's answers are not given and no head says them"
        return "" if self.of_head else OTHER_CLASSES

    @property
    def guesses(self) -> np.ndarray | None:
        """(N,) the network's answers: those given, or else the head's."""
        if self.predictions is not None or self.judged is None:
            return self.predictions
        return self.judged.guesses

    def per_class(self, values: np.ndarray) -> np.ndarray:
        """(N,) of the samples -> (K, 5): 5, 25, 50, 75 and 95 % quantiles in each class, of finite ones."""
        found = np.full((len(self.classes), len(QUANTILES)), np.nan)
        for row, members in zip(found, self.members, strict=True):
            there = values[members]
            there = there[np.isfinite(there)]
            if there.size:
                row[:] = np.quantile(there, QUANTILES)
        return found

    @cached_property
    def apart(self) -> np.ndarray:
        """(N,) squared distance of each sample to its class's mean; NaN where the class is not known."""
        found = np.full(len(self), np.nan)
        for where, part in self.parts():
            known = np.flatnonzero(self.places[where] >= 0)
            rest = part[known] - self.class_means[self.places[where][known]]
            found[where.start + known] = np.square(rest).sum(axis=1)
        return found

    @cached_property
    def within(self) -> np.ndarray:
        """(D, D) float64: the mean over labelled samples of outer products of rows less their class's mean."""
        total, known_count = np.zeros((self.width, self.width)), 0
        if self.labels is None:
            return total
        for i in range(0, len(self), ROWS):
            labels = self.labels[i : i + ROWS]
            known = labels >= 0
            places = np.searchsorted(self.classes, labels[known])
            part = self.values[i : i + ROWS][known].astype(np.float64) - self.class_means[places]
            total += part.T @ part
            known_count += int(known.sum())
        return total / max(known_count, 1)

    @cached_property
    def group_sums(self) -> GroupSums | None:
        """Sums of labelled samples by group, for intervals; None where there are too few samples or too many sums."""
        return group_sums(self)

    @cached_property
    def subspaces(self) -> ClassSubspaces:
        """The principal directions of each of `classes` about the origin, and the angles between them."""
        return ClassSubspaces(self.values, self.members)

    def near(self, most: int) -> Near:
        """The nearest neighbours among at most so many drawn samples that differ; kept for who asks next."""
        kept: dict[int, Near] = self.__dict__.setdefault("_near", {})
        if most not in kept:
            places = self.drawn(most)
            kept[most] = near(np.asarray(self.values[places], dtype=np.float64) - self.mean, places)
        return kept[most]

    def rivals(self, most: int) -> Rivals | None:
        """Who of another class is nearest, among at most so many drawn labelled samples; None of a single class."""
        kept: dict[int, Rivals | None] = self.__dict__.setdefault("_rivals", {})
        if most not in kept:
            places = np.flatnonzero(self.places >= 0)
            if len(places) > most:
                places = np.sort(np.random.default_rng(self.seed).choice(places, most, replace=False))
            rows, classes = np.asarray(self.values[places], dtype=np.float64) - self.mean, self.places[places]
            several = len(np.unique(classes)) > 1
            kept[most] = rivals(rows, classes, places) if several else None
        return kept[most]

    def drawn(self, most: int) -> np.ndarray:
        """(n,) ascending places of an evenly drawn part of at most so many samples; the same ones every time."""
        if len(self) <= most:
            return np.arange(len(self))
        return np.sort(np.random.default_rng(self.seed).choice(len(self), most, replace=False))

    def once(self, key: Hashable, make: Callable[[], T]) -> T:
        """What `make` gives, made when it is first asked for: for what a few measures share. Nobody changes it."""
        if key not in self._kept:
            self._kept[key] = make()
        return cast(T, self._kept[key])
