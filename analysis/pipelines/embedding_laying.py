"""From sources to points: what a method reads, gathered, and the method called. Knows no store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.embeddings import Source
from analysis.errors import NotApplicable
from analysis.pipelines.embedding_sources import features
from analysis.types import Report

if TYPE_CHECKING:
    from analysis.projections.checking import Laid
    from analysis.projections.registry import Given
    from models.classifier import Classifier


def lay(
    workspace: Path,
    sources: Sequence[Source],
    arguments: Mapping[str, Any],
    report: Report,
    classifier: Classifier | None = None,
) -> list[Laid]:
    """One layout a source. arguments: method, params, dims, seed; classifier: the source's, where it is loaded."""
    return lay_rows(workspace, sources, [features(workspace, s) for s in sources], arguments, report, classifier)


def lay_rows(
    workspace: Path,
    sources: Sequence[Source],
    read: Sequence[np.ndarray],
    arguments: Mapping[str, Any],
    report: Report,
    classifier: Classifier | None = None,
    rows: np.ndarray | None = None,
) -> list[Laid]:
    """The same of features (n, D) that were read already; `rows` (n,): which samples they are, None for all."""
    from analysis.projections import PROJECTIONS
    from analysis.projections.checking import laid_out, laid_out_jointly

    method = PROJECTIONS[arguments["method"]]
    given = _given(workspace, sources, arguments, report, classifier if "head" in method.needs else None, rows)
    if method.kind == "joint":
        return laid_out_jointly(method.name, list(read), given, arguments["params"])
    return [laid_out(method.name, read[0], given, arguments["params"])]


def _given(
    workspace: Path,
    sources: Sequence[Source],
    arguments: Mapping[str, Any],
    report: Report,
    classifier: Classifier | None,
    rows: np.ndarray | None,
) -> Given:
    from analysis.datasets.opened import OpenDataset
    from analysis.projections import PROJECTIONS
    from analysis.projections.registry import Given

    dataset = OpenDataset.open(workspace / "datasets" / sources[0].dataset_id)
    weight, classes = None, ()
    if "head" in PROJECTIONS[arguments["method"]].needs:
        weight, classes = _head(workspace, sources[0], classifier)
    return Given(
        dims=arguments["dims"],
        seed=arguments["seed"],
        labels=dataset.labels if rows is None else dataset.labels[rows],
        class_names=dataset.record.class_names,
        weight=weight,
        head_classes=classes,
        report=report,
    )


def _head(workspace: Path, source: Source, classifier: Classifier | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """The weight (L, D) of a source's linear head, and its classes."""
    if classifier is None:
        from models.catalogue import load

        classifier = load(source.model_name, imported=workspace / "models")
    if classifier.fingerprint != source.model_id:
        raise NotApplicable(
            f"The model {source.model_name} has changed since its features were taken. Run it over the dataset again."
        )
    if classifier.head is None:
        raise NotApplicable(f"The head of {source.model_name} is not one linear map, so its classes have no direction.")
    return classifier.head.weight.detach().float().cpu().numpy(), tuple(classifier.class_names)
