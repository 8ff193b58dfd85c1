"""Embeddings: features laid out in two or three dimensions, as records that pages, pipelines and the store exchange."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime
from typing import Any, Literal

from analysis.registry import Scalar

Placing = Literal["transform", "neighbours"]
"""How features that were not there are placed: by the method's own map, or between their nearest neighbours."""


@dataclass(frozen=True, slots=True)
class Source:
    """Features that are on the disk: what a model reads at a tap from each sample of a dataset under a condition."""

    pass_id: str
    model_id: str  # fingerprint
    model_name: str
    dataset_id: str
    dataset_name: str
    condition: str  # "clean", or "fog/3"
    tap: str  # a layer's name, "penultimate" or "logits"
    samples: int
    width: int


@dataclass(frozen=True, slots=True)
class Quality:
    """How far a picture can be believed, over evenly drawn samples. NaN where it is not defined; notes say why."""

    k: int  # neighbours that the first three are about
    samples: int  # that were measured
    trustworthiness: float  # Venna & Kaski 2001: 1 where no neighbour in the picture is a stranger in the features
    continuity: float  # 1 where no neighbour in the features is torn away in the picture
    overlap: float  # mean share of the k nearest that features and picture have in common
    shepard: float  # Spearman's correlation of distances in the features and in the picture
    stability: float = float("nan")  # median displacement over seeds after Procrustes, in the picture's RMS radius
    seeds: int = 0  # that were compared; 0: not measured, or the method has no seed
    placement: float = float("nan")  # the same of samples that were left out and placed again
    notes: tuple[str, ...] = ()  # where the picture misleads, in sentences

    def to_json(self) -> dict[str, Any]:
        """JSON has no NaN: None."""
        return {n: None if isinstance(v, float) and v != v else v for n, v in asdict(self).items()}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Quality:
        given = {n: float("nan") if v is None else v for n, v in values.items()}
        return cls(**{**given, "notes": tuple(given.get("notes", ()))})


@dataclass(frozen=True, slots=True)
class Embedding:
    """One projection of one source, with its parameters. Its points are a file, a row a sample of the dataset."""

    embedding_id: str  # digest of what was asked
    pass_id: str  # whose features
    model_id: str
    model_name: str
    dataset_id: str
    dataset_name: str
    condition: str
    tap: str
    method: str
    params: Mapping[str, Scalar]  # all of them, defaults too
    dims: int  # 2 or 3
    seed: int
    samples: int  # rows; those without usable features are NaN
    fitted: int  # that the method itself has laid; the rest were placed
    placing: Placing
    axes: tuple[str, ...]  # what each axis is
    remarks: tuple[str, ...]
    seconds: float
    device: str
    computed_at: datetime
    group: str = ""  # digest shared by those that were laid together (aligned UMAP); empty: alone
    quality: Quality | None = None  # None: not measured yet

    def to_json(self) -> dict[str, Any]:
        quality = self.quality.to_json() if self.quality else None
        return asdict(self) | {"computed_at": self.computed_at.isoformat(), "quality": quality}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Embedding:
        given: dict[str, Any] = {n: tuple(v) if isinstance(v, list) else v for n, v in values.items()}
        given["computed_at"] = datetime.fromisoformat(given["computed_at"])
        quality = Quality.from_json(values["quality"]) if values.get("quality") else None
        return replace(cls(**{**given, "quality": None}), quality=quality)


@dataclass(frozen=True, slots=True)
class Described:
    """One cluster, in words and numbers."""

    cluster: int  # -1: what belongs to none
    size: int
    purity: float  # share of its most frequent class among its labelled samples; NaN where none is labelled
    classes: tuple[tuple[int, int, float], ...]  # (dataset's class, samples, lift), the most over-represented first
    exemplars: tuple[int, ...]  # samples, the most central first


@dataclass(frozen=True, slots=True)
class Clustering:
    """Groups among the samples of an embedding. Its labels are a file, (samples,) int32, -1 for none."""

    clustering_id: str  # digest of what was asked
    embedding_id: str
    method: str  # hdbscan, kmeans
    params: Mapping[str, Scalar]
    space: Literal["features", "picture"]
    clusters: tuple[Described, ...]  # the largest first, -1 last
    remarks: tuple[str, ...]
    seconds: float
    computed_at: datetime
    device: str = field(default="cpu")

    def to_json(self) -> dict[str, Any]:
        clusters = [asdict(c) | {"purity": None if c.purity != c.purity else c.purity} for c in self.clusters]
        return asdict(self) | {"computed_at": self.computed_at.isoformat(), "clusters": clusters}

    @classmethod
    def from_json(cls, values: Mapping[str, Any]) -> Clustering:
        clusters = tuple(
            Described(
                c["cluster"],
                c["size"],
                float("nan") if c["purity"] is None else c["purity"],
                tuple((int(a), int(b), float(lift)) for a, b, lift in c["classes"]),
                tuple(c["exemplars"]),
            )
            for c in values["clusters"]
        )
        given: dict[str, Any] = dict(values) | {"clusters": clusters, "remarks": tuple(values["remarks"])}
        given["computed_at"] = datetime.fromisoformat(values["computed_at"])
        return cls(**given)
