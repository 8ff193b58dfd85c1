"""What is known of datasets, passes, samples and selections, frozen: the nouns that pages and the store exchange."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, Protocol

import numpy as np
from PIL import Image

from analysis.registry import Scalar

UNLABELLED = -1
"""The label of a sample that has none, and the place of a dataset's class that a classifier does not know."""

NUMBERS = ("confidence", "loss", "angle", "length", "margin")
"""The columns of a pass that can be filtered by a range and sorted by."""

TRUTH = "truth"
"""The axis of a confusion matrix that is the dataset's own label; any other axis is a pass."""


class Images(Protocol):
    """A source of images that decodes only what is asked for. Safe to read from several threads."""

    def __len__(self) -> int: ...

    @property
    def labels(self) -> np.ndarray:
        """(N,) int64, UNLABELLED where there is none; indices into the dataset's class names."""
        ...

    def pixels(self, samples: Sequence[int]) -> np.ndarray | None:
        """(n, H, W, C) uint8, C 1 or 3, where all images are stored with one size; else None."""
        ...

    def images(self, samples: Sequence[int]) -> list[Image.Image]:
        """Decoded, upright, RGB or L."""
        ...


@dataclass(frozen=True, slots=True)
class DatasetRecord:
    """Images with labels, kept in the workspace."""

    dataset_id: str  # fingerprint, sha256 hex of what is in it: the images, their labels, the class names
    name: str  # one of its kind in a workspace
    kind: str  # folder, zip, tar, table, arrays, torchvision, generated
    source: str  # the file's or folder's own name as the user gave it, or the generator; never a whole path
    class_names: tuple[str, ...]
    size: int  # images
    labelled: int
    formats: Mapping[str, int]  # "JPEG, quality 75, 4:2:0" -> images, most frequent first
    image_sizes: Mapping[str, int]  # "32 x 32" (width x height) -> images, most frequent first, at most 20
    masks: int = 0  # images that have one
    boxes: int = 0
    conditions: tuple[str, ...] = ()  # "gaussian_noise/3" where the files say what was done to the images
    skipped: int = 0  # files that could not be taken
    skipped_examples: tuple[tuple[str, str], ...] = ()  # (name, why), the first 200
    remarks: tuple[str, ...] = ()  # what must be said of it
    params: Mapping[str, Scalar] = field(default_factory=dict)  # of a generator
    size_bytes: int = 0
    added_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PassRecord:
    """One classifier's run over one dataset under one condition."""

    pass_id: str  # digest of what was asked
    model_id: str  # fingerprint
    model_name: str
    class_names: tuple[str, ...]  # the classifier's
    dataset_id: str
    dataset_name: str
    condition: str  # "clean", or what was done to the images
    class_map: tuple[int, ...]  # dataset class -> the classifier's class, or UNLABELLED
    samples: int
    accuracy: float | None  # over samples whose class the classifier knows; None where there are none
    taps: tuple[str, ...]  # whose features are kept; "logits" among them where those are
    linear_head: bool  # whether angle, length and margin are there
    params: Mapping[str, Scalar]  # batch, autocast, seed
    remarks: tuple[str, ...]
    seconds: float
    device: str
    computed_at: datetime


@dataclass(frozen=True, slots=True)
class ModelRecord:
    """A classifier that was used in the workspace."""

    model_id: str  # fingerprint
    name: str
    architecture: str
    source: str
    parameters: int
    added_at: datetime


@dataclass(frozen=True, slots=True)
class Measures:
    """How a model does on a dataset, and how far it is from the model that it was made from."""

    model_id: str
    dataset_name: str
    dataset_id: str = ""  # empty where a card says it
    samples: int = 0
    accuracy: float | None = None  # None where no truth is known
    ece: float | None = None  # 15 bins of equal width
    base_id: str = ""  # what it was compared with; empty: with nothing
    agreement: float | None = None  # share of the samples that both predict alike
    cka: float | None = None  # linear, debiased, of the features before the head
    delta_logit: float | None = None  # mean over samples and classes of |logit - base's logit|
    changed: int | None = None  # samples whose prediction differs: the pruning-identified ones


@dataclass(frozen=True, slots=True)
class Speed:
    """What a forward pass took on one device: the median of several, after a warm-up."""

    model_id: str
    device: str  # in words, with its threads where it is a processor
    batch: int
    latency_ms: float  # of a batch of one
    images_per_second: float  # in batches of `batch`
    measured_at: datetime


@dataclass(frozen=True, slots=True)
class Filter:
    """Which samples of a dataset: everything given must hold. The default is all of them."""

    dataset_id: str
    pass_id: str | None = None  # the pass that predictions, correct and the numbers are read from
    other_pass: str | None = None  # a second one, to compare with
    labels: tuple[int, ...] = ()  # dataset's classes; UNLABELLED for those without
    predictions: tuple[int, ...] = ()  # the classifier's classes
    other_predictions: tuple[int, ...] = ()
    correct: bool | None = None
    agree: bool | None = None  # whether both passes say the same class (by name)
    ranges: tuple[tuple[str, float | None, float | None], ...] = ()  # (one of NUMBERS, least, most), inclusive
    conditions: tuple[str, ...] = ()
    text: str = ""  # a part of the sample's name, in any case
    selection_id: str | None = None


@dataclass(frozen=True, slots=True)
class Sample:
    """One image of a dataset, and what a pass said of it, where one was named."""

    sample: int  # place in the dataset; with the dataset's id it names the image
    name: str
    label: int  # UNLABELLED where there is none
    width_px: int
    height_px: int
    condition: str = ""
    prediction: int | None = None
    correct: bool | None = None  # None where the truth is not known to the classifier
    confidence: float | None = None
    loss: float | None = None
    angle: float | None = None  # radians
    length: float | None = None
    margin: float | None = None
    top_classes: tuple[int, ...] = ()
    top_probabilities: tuple[float, ...] = ()
    other_prediction: int | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """What a pass says of one sample, and what another says of it."""

    sample: int
    name: str
    label: int  # UNLABELLED where there is none
    prediction: int
    other_prediction: int
    confidence: float | None
    other_confidence: float | None
    margin: float | None
    other_margin: float | None


@dataclass(frozen=True, slots=True, eq=False)
class Confusion:
    """How often one axis says this and the other says that, over the samples that have both."""

    counts: np.ndarray  # (rows, columns) int64
    row_classes: tuple[int, ...]  # indices into the axis's own class names
    row_names: tuple[str, ...]
    column_classes: tuple[int, ...]
    column_names: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ReliabilityBin:
    """The samples whose confidence lies in (lower, upper]; the first bin takes 0 too."""

    lower: float
    upper: float
    samples: int
    confidence: float  # mean; nan where there are none
    accuracy: float


@dataclass(frozen=True, slots=True)
class ClassScore:
    """One class of a pass."""

    index: int  # the classifier's class
    name: str
    samples: int
    predicted: int
    recall: float  # nan where there are none, as are the next two
    precision: float
    confidence: float  # mean over the samples of this class
    most_confused: str  # the class it is most often taken for; empty where there is none


@dataclass(frozen=True, slots=True)
class Selection:
    """A named set of samples of one dataset."""

    selection_id: str  # short, for the address bar
    name: str
    dataset_id: str
    size: int
    made_from: str  # how it came about, in words
    created_at: datetime


Combination = Literal["and", "or", "not"]
"""Of two selections: in both, in either, in the first and not in the second."""

JobState = Literal["queued", "running", "done", "failed", "cancelled"]


@dataclass(frozen=True, slots=True)
class JobRecord:
    """A job as it is kept over restarts."""

    key: str  # digest of kind and arguments: the same work has the same key
    kind: str  # predict, import, generate, train
    title: str
    arguments: Mapping[str, object]  # plain JSON: enough to run it again
    state: JobState
    message: str  # the error's sentence where it failed
    submitted_at: datetime
    finished_at: datetime | None = None
