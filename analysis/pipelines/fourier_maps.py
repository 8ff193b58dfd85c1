"""Fourier heat maps as files: one small, self-describing .npz a map, under `<workspace>/fourier`."""

from __future__ import annotations

import json
import zipfile
from collections.abc import Collection
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path
from typing import Any

import numpy as np

from analysis.passes.files import write_whole
from analysis.store.keys import digest

FOLDER = "fourier"
VERSION = 1

_KEY = ("model_id", "dataset_id", "norm", "extent", "samples", "seed", "image_size", "class_map")


@dataclass(frozen=True, slots=True, eq=False)
class HeatMap:
    """What share of its answers a network gets wrong under noise of each single frequency (Yin et al. 2019)."""

    errors: np.ndarray  # (F, F) float32 in 0-1, F odd; frequency (row, column) lies at (F // 2 + row, F // 2 + column)
    clean: float  # the same share without noise; nan where not computed yet
    model: str  # its name
    model_id: str  # fingerprint
    dataset_id: str
    dataset_name: str
    norm: float  # L2, in each channel, pixels from 0 to 1
    samples: int  # images that were taken
    known: int  # of them, those whose class the network has: what shares are of
    seed: int  # of the samples and of the signs
    image_size: tuple[int, int]  # rows, columns when the noise was added
    class_map: tuple[int, ...]
    device: str
    computed_at: datetime

    @property
    def extent(self) -> int:
        return self.errors.shape[0]

    @property
    def complete(self) -> bool:
        """Whether all frequencies are there; others are nan."""
        return bool(np.isfinite(self.errors).all() and np.isfinite(self.clean))

    @property
    def key(self) -> str:
        """Of what was asked, and the name of the file."""
        return digest(family="fourier", version=VERSION, **{name: getattr(self, name) for name in _KEY})


def found(
    workspace: Path, *, dataset: str | None = None, models: Collection[str] | None = None, norm: float | None = None
) -> list[HeatMap]:
    """The maps there are, also unfinished ones, by model and then the newest first.

    dataset: an id. models: names or fingerprints. Files that are damaged are left out.
    """
    maps = [m for path in (workspace / FOLDER).glob("*.npz") if (m := read(path)) is not None]
    kept = [
        m
        for m in maps
        if (dataset is None or m.dataset_id == dataset)
        and (models is None or m.model in models or m.model_id in models)
        and (norm is None or m.norm == norm)
    ]
    newest = sorted(kept, key=lambda m: m.computed_at, reverse=True)
    return sorted(newest, key=lambda m: m.model)


def save(workspace: Path, heat_map: HeatMap) -> Path:
    """Whole or not at all; WriteFailed where the disk refuses it."""
    path = workspace / FOLDER / f"{heat_map.key}.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    about = {f.name: getattr(heat_map, f.name) for f in fields(heat_map) if f.name not in ("errors", "clean")}
    text = json.dumps(about | {"computed_at": heat_map.computed_at.isoformat()})

    def write(part: Path) -> None:
        with part.open("wb") as file:
            np.savez(file, errors=heat_map.errors, clean=np.float64(heat_map.clean), about=np.array(text))

    write_whole(path, write)
    return path


def read(path: Path) -> HeatMap | None:
    """None where the file is missing or damaged."""
    try:
        with path.open("rb") as opened, np.load(opened, allow_pickle=False) as file:
            errors, clean, about = file["errors"], float(file["clean"]), json.loads(str(file["about"]))
        return HeatMap(errors, clean, **_values(about))
    except (OSError, ValueError, KeyError, TypeError, EOFError, zipfile.BadZipFile):
        return None


def _values(about: dict[str, Any]) -> dict[str, Any]:
    given = {name: tuple(v) if isinstance(v, list) else v for name, v in about.items()}
    return given | {"computed_at": datetime.fromisoformat(about["computed_at"])}
