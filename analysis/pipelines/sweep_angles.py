"""Angles of a sweep's samples to all class directions: too many numbers to keep with a sweep, computed when looked at.

    <workspace>/angles/<key>.npy     (S, L) float32 radians, in the order of the sweep's samples

A key says what is in it: member, dataset, samples, condition, seed. Those looked at last are kept, the rest goes.
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import NotApplicable
from analysis.passes.files import told, write_whole
from analysis.store.keys import digest
from analysis.sweeps import Member, SweepCondition, SweepRecord
from analysis.types import Report, silent

if TYPE_CHECKING:  # slow to import
    from analysis.datasets.opened import OpenDataset
    from models.classifier import Classifier

VERSION = 1
"""Of what is in the files."""

FOLDER = "angles"
BATCH = 256
KEPT_BYTES = 256_000_000
"""Of files on the disk; the newest stays whatever it takes."""

AGREES = 0.02
"""Radians between the angle to the true class as it is computed here and as the sweep has it, in the mean."""


def refused(sweep: SweepRecord, member: Member, condition: SweepCondition) -> str:
    """Why there are no angles to all classes, in words; empty where there may be."""
    if member.kind == "deck":
        return f"{member.name} is a deck: its members have features of their own, so it has no angles."
    if not member.linear_head:
        return f"The head of {member.name} is not one linear map, so there are no class directions to have angles to."
    if _kind(condition) == "attack":
        return "Attacked images are made for one network at a time and not kept; angles to all classes are not there."
    return ""


def key(sweep: SweepRecord, member: Member, condition: SweepCondition, samples: np.ndarray) -> str:
    """Names the file: samples (S,) are the sweep's."""
    return digest(
        family="angles",
        version=VERSION,
        model=member.model_id,
        dataset=sweep.dataset_id,
        samples=samples.tolist(),
        condition=[condition.corruption, condition.severity, [list(p) for p in condition.params]],
        seed=sweep.seed,
        stored=sweep.params.get("stored"),
    )


def kept(workspace: Path, name: str) -> np.ndarray | None:
    """What was computed before, (S, L) float32 radians; None where there is nothing."""
    try:
        return np.load(workspace / FOLDER / f"{name}.npy")
    except (OSError, ValueError):  # a damaged file is made again
        return None


def keep(workspace: Path, name: str, angles: np.ndarray) -> None:
    """Write a file, and let the oldest go. WriteFailed where the disk does not take it."""
    folder = workspace / FOLDER
    with told(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / f"{name}.npy", lambda path: _save(path, angles))
    total, now = 0, sorted(folder.glob("*.npy"), key=_age)
    for path in now:
        total += path.stat().st_size if path.exists() else 0
        if total > KEPT_BYTES and path.stem != name:
            path.unlink(missing_ok=True)


def angles(
    classifier: Classifier,
    dataset: OpenDataset,
    sweep: SweepRecord,
    condition: SweepCondition,
    samples: np.ndarray,
    *,
    stored: OpenDataset | None = None,
    report: Report = silent,
) -> np.ndarray:
    """The sweep's images once more through one network: samples (S,) -> (S, L) float32 radians, nan where none.

    stored: the dataset of images that were corrupted elsewhere, where the sweep took those. NotApplicable where the
    head is not one linear map, or for attacks; raises what decoding and corrupting raise.
    """
    from analysis.passes.forward import PENULTIMATE, Forward, device_of
    from analysis.passes.geometry import angles as to_classes
    from analysis.passes.one import linear_head
    from analysis.passes.stream import crop_of
    from analysis.pipelines.sweep_images import Pictures
    from analysis.pipelines.sweep_stored import Stored

    head = linear_head(classifier)
    if head is None or _kind(condition) == "attack":
        raise NotApplicable(f"{classifier.name} has no angles to all classes under {condition.name}.")
    forward = Forward(classifier, (PENULTIMATE,), autocast=False)
    crop = crop_of(classifier.preprocessing)
    device = str(device_of(classifier.module))
    images = Pictures(dataset, [crop], device, sweep.seed, Stored(stored, dataset) if stored is not None else None)
    asked = {
        "name": condition.corruption,
        "severity": condition.severity,
        "kind": _kind(condition),
        "params": dict(condition.params),
    }
    found = []
    for start in range(0, len(samples), BATCH):
        report(start / len(samples), f"{start:,} of {len(samples):,} images")
        pixels = images.under(asked, samples[start : start + BATCH].astype(np.int64))[crop]
        features = forward(pixels).features[PENULTIMATE].cpu().numpy()
        found.append(to_classes(features, head.weight).astype(np.float32))
    return np.concatenate(found)


def disagreement(found: np.ndarray, truth: np.ndarray, stored: np.ndarray) -> float:
    """Mean difference of the angles to the true class from those that the sweep has, radians; nan where none is known.

    found (S, L), truth (S,) -1 where unknown, stored (S,) nan where none.
    """
    known = (truth >= 0) & np.isfinite(stored)
    if not known.any():
        return float("nan")
    own = found[np.flatnonzero(known), truth[known]]
    return float(np.nanmean(np.abs(own - stored[known])))


def _kind(condition: SweepCondition) -> str:
    """Of the corruption; stored ones are not in the registry, and are altered by nobody."""
    from analysis.robustness import CORRUPTIONS

    return CORRUPTIONS[condition.corruption].kind if condition.corruption in CORRUPTIONS else "corruption"


def _save(path: Path, values: np.ndarray) -> None:
    with path.open("wb") as file:  # numpy would put an ending after the name
        np.save(file, values)


def _age(path: Path) -> float:
    try:
        return time.time() - path.stat().st_mtime
    except OSError:  # another process let it go
        return 0.0
