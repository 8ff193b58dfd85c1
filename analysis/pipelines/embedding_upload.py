"""Pictures of the user's own, read at an embedding's tap and put into the picture.

They are cropped and read exactly as a pass does it. What differs: a pass reads files of images as training data is
read, not turned by EXIF and without their colour profiles; a picture that was uploaded is upright and in sRGB. A
condition of the embedding is not applied: the picture is taken as it is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.embeddings import Embedding, Placing
from analysis.errors import DataError, NotApplicable
from analysis.passes.conditions import CLEAN
from analysis.pipelines.embedding_neighbours import Near, nearest_of
from analysis.pipelines.embedding_quality import metric_of, source_of, words
from analysis.pipelines.embedding_sources import features_of
from analysis.types import Picture, Prediction

if TYPE_CHECKING:
    from PIL import Image

    from analysis.store.store import Store
    from models.classifier import Classifier

NEIGHBOURS = 15
"""That are told of a picture; between how many it is placed is `placing`'s."""


@dataclass(frozen=True, slots=True, eq=False)
class Placed:
    """Where M pictures lie in an embedding, and what is around them."""

    points: np.ndarray  # (M, dims) float32
    how: Placing
    features: np.ndarray  # (M, D) float32
    neighbours: Near | None  # (M, k); None where the features are gone and were not needed
    predictions: tuple[tuple[Prediction, ...], ...]  # of each picture, the most probable class first
    remarks: tuple[str, ...] = ()


def place(
    store: Store,
    workspace: Path,
    embedding: Embedding,
    classifier: Classifier,
    pictures: Sequence[Picture],
    k: int = NEIGHBOURS,
    metric: str = "",
) -> Placed:
    """Pictures in an embedding: by its own map where it has one, else between their nearest samples.

    metric: of the neighbours that are told, "cosine" or "euclidean"; empty for the picture's own. NotApplicable where
    the classifier is not the embedding's, DataError where the features that are needed are gone.
    """
    from analysis.projections.placing import place as placed
    from analysis.projections.placing import read_placer

    if classifier.fingerprint != embedding.model_id:
        raise NotApplicable(
            f"This picture was made with {embedding.model_name} as it was then, and {classifier.name} has other "
            "weights. Compute the embedding again."
        )
    read, predictions = read_pictures(classifier, embedding.tap, [p.pixels for p in pictures])
    points, own = store.embeddings.points(embedding.embedding_id), metric_of(embedding)
    remarks = tuple(_remarks(embedding, pictures))
    path = store.embeddings.placer_path(embedding.embedding_id)
    source = source_of(embedding)
    try:
        there = features_of(workspace, source.pass_id, source.tap, words(source))
    except DataError as error:
        if path is None:
            raise
        points = placed(read, placer=read_placer(path))
        return Placed(points, "transform", read, None, predictions, (*remarks, str(error)))
    shown = metric or (own if own in ("cosine", "euclidean") else "euclidean")
    near = nearest_of(there, read, k, shown)
    if path is not None:
        return Placed(placed(read, placer=read_placer(path)), "transform", read, near, predictions, remarks)
    search = _search(there, own)
    found = placed(read, features=there, points=points, neighbours=search, metric=own)
    return Placed(found, "neighbours", read, near, predictions, remarks)


def _search(there: np.ndarray, metric: str) -> Callable[[np.ndarray, int], tuple[np.ndarray, np.ndarray]] | None:
    """For the usual metrics, through the file as it is mapped; None: as `placing` does it, in memory."""
    if metric not in ("cosine", "euclidean"):
        return None

    def search(queries: np.ndarray, k: int) -> tuple[np.ndarray, np.ndarray]:
        near = nearest_of(there, queries, k, metric)
        return near.indices, near.distances

    return search


def read_pictures(
    classifier: Classifier, tap: str, pictures: Sequence[Image.Image]
) -> tuple[np.ndarray, tuple[tuple[Prediction, ...], ...]]:
    """Features (M, D) of pictures at a tap, as a pass reads them, and what the classifier says of each."""
    import torch

    from analysis.passes.forward import LOGITS, Forward, resolved
    from analysis.passes.stream import crop_of, prepared
    from analysis.pipelines.explain import top_classes

    (name,) = resolved(classifier, [tap])
    crop = crop_of(classifier.preprocessing)
    (pixels,) = prepared(_Given(pictures), range(len(pictures)), [crop])
    outputs = Forward(classifier, [name], autocast=False)(torch.from_numpy(pixels))
    logits = outputs.logits.cpu()
    read = logits if name == LOGITS else outputs.features[name].cpu()
    return read.numpy(), tuple(top_classes(row, tuple(classifier.class_names)) for row in logits)


class _Given:
    """Pictures as a pass asks for images."""

    def __init__(self, pictures: Sequence[Image.Image]) -> None:
        self._pictures = pictures
        self.labels = np.full(len(pictures), -1)

    def __len__(self) -> int:
        return len(self._pictures)

    def pixels(self, samples: Sequence[int]) -> np.ndarray | None:
        return None

    def images(self, samples: Sequence[int]) -> list[Image.Image]:
        return [self._pictures[s] for s in samples]


def _remarks(embedding: Embedding, pictures: Sequence[Picture]) -> list[str]:
    said = [f"{p.name}: {', '.join(p.remarks)}." for p in pictures if p.remarks]
    if embedding.condition != CLEAN.name:
        said.append(
            f"The samples of this embedding were changed by {embedding.condition}; the picture is taken as it is."
        )
    return said
