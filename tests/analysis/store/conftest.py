"""Maps, small datasets with passes, and a child process for the store's tests."""

import subprocess
import sys
import textwrap
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from analysis.records import DatasetRecord, PassRecord
from analysis.store import Store
from analysis.types import AttributionMap

_PREAMBLE = """
import sys
from datetime import UTC, datetime
from pathlib import Path
import numpy as np
from analysis.errors import StoreBusy, StoreError
from analysis.store import Store
from analysis.types import AttributionMap, Prediction
workspace = Path(sys.argv[1])
def made(seed, side=7):
    raw = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
    return AttributionMap(raw, "gradcam", {}, ("layer4",), "cat", "i", "c", (), 0.1, "cpu", datetime.now(UTC))
"""


@pytest.fixture
def made() -> Callable[..., AttributionMap]:
    """A map that depends on a seed alone, but for its time."""

    def make(seed: int, side: int = 7) -> AttributionMap:
        raw = np.random.default_rng(seed).normal(size=(side, side)).astype(np.float32)
        return AttributionMap(raw, "gradcam", {}, ("layer4",), "cat", "i", "c", (), 0.1, "cpu", datetime.now(UTC))

    return make


@pytest.fixture
def child(tmp_path) -> Callable[..., subprocess.Popen[str]]:
    """Start a process that runs code with `workspace` and `made` at hand."""

    def start(code: str, *arguments: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-c", _PREAMBLE + textwrap.dedent(code), str(tmp_path), *arguments]
        return subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )

    return start


BACK = ("", "\\")
CLASSES = ("cat", "dog", "owl", "ant")
LATE = datetime(2026, 11, 21, 3, 4, 5, 678901, UTC)


@dataclass(frozen=True)
class World:
    """Tables that the store is given, and the same as frames, for oracles."""

    folder: Path

    def dataset(self, size: int = 300, *, seed: int = 0, **changes) -> tuple[DatasetRecord, Path, pd.DataFrame]:
        """Random samples: about a tenth without a label, names in another order than the samples."""
        rng = np.random.default_rng(seed)
        labels = np.where(rng.random(size) < 0.1, -1, rng.integers(0, len(CLASSES), size)).astype(np.int32)
        frame = pd.DataFrame(
            {
                "sample": np.arange(size, dtype=np.int32),
                "name": [f"Größe{BACK[i % 5 == 0]}_{i * 7919 % 1000:03d}_{'AbC'[i % 3]}%.png" for i in range(size)],
                "label": labels,
                "width_px": rng.integers(20, 40, size).astype(np.int32),
                "height_px": rng.integers(20, 40, size).astype(np.int32),
                "condition": [("", "fog/1", "fog/2")[i % 3] for i in range(size)],
                "digest": [f"{i:064x}" for i in range(size)],
                "format": "PNG",
                "offset": np.arange(size) * 10,  # private to the dataset
            }
        )
        path = self.folder / f"samples-{seed}-{size}.parquet"
        frame.to_parquet(path)
        record = DatasetRecord(
            dataset_id=f"{seed:064x}",
            name=f"animals {seed}",
            kind="folder",
            source="animals.zip",
            class_names=CLASSES,
            size=size,
            labelled=int((labels >= 0).sum()),
            formats={"PNG": size - 1, "JPEG, quality 75, 4:2:0": 1},
            image_sizes={"32 x 32": 5, "20 x 30": 2},
            conditions=("fog/1", "fog/2"),
            skipped=1,
            skipped_examples=(("a/b.png", "It ends early."),),
            remarks=("One is large.",),
            params={"seed": 1, "sigma": 0.1},
            size_bytes=12345,
            added_at=LATE,
        )
        return replace(record, **changes), path, frame

    def results(
        self,
        dataset: DatasetRecord,
        labels: np.ndarray,
        *,
        seed: int = 0,
        classes: tuple[str, ...] = CLASSES,
        **changes,
    ) -> tuple[PassRecord, list[Path], pd.DataFrame]:
        """Random results in three parts: the classifier's classes are the dataset's rotated by one; some are nan."""
        rng = np.random.default_rng(seed + 100)
        class_map = tuple(
            (i + 1) % len(CLASSES) if i else -1 for i in range(len(CLASSES))
        )  # the first is unknown to it
        truth = np.array([class_map[label] if label >= 0 else -1 for label in labels])
        size = len(labels)
        guess = rng.integers(0, len(classes), size)
        prediction = np.where((rng.random(size) < 0.6) & (truth >= 0), truth, guess).astype(np.int32)
        numbers = {n: rng.random(size).astype(np.float32) for n in ("confidence", "loss", "angle", "length", "margin")}
        numbers["loss"][rng.random(size) < 0.2] = np.nan
        numbers["length"] = np.round(numbers["length"], 1)  # with ties
        frame = pd.DataFrame({"sample": np.arange(size, dtype=np.int32), "prediction": prediction, **numbers})
        frame["truth"] = pd.array(np.where(truth < 0, 0, truth), dtype="Int32")
        frame.loc[truth < 0, "truth"] = pd.NA
        frame["correct"] = pd.array(truth == prediction, dtype="boolean")
        frame.loc[truth < 0, "correct"] = pd.NA
        top = [rng.permutation(len(classes))[:3].astype(np.int32) for _ in range(size)]
        frame["top_classes"] = top
        frame["top_probabilities"] = [np.array([0.5, 0.25, 0.125], np.float32) for _ in range(size)]
        record = PassRecord(
            pass_id=f"pass{seed}",
            model_id="m" * 64,
            model_name="tiny",
            class_names=classes,
            dataset_id=dataset.dataset_id,
            dataset_name=dataset.name,
            condition="clean",
            class_map=class_map,
            samples=size,
            accuracy=0.5,
            taps=("layer4", "logits"),
            linear_head=True,
            params={"batch": 64, "autocast": False},
            remarks=(),
            seconds=1.5,
            device="cpu",
            computed_at=LATE,
        )
        paths = []
        for i, start in enumerate(range(0, size, size // 3 + 1)):
            paths.append(self.folder / f"{seed}-part-{i:05d}.parquet")
            frame.iloc[start : start + size // 3 + 1].to_parquet(paths[-1])
        return replace(record, **changes), paths, frame

    def fill(self, store: Store, size: int = 300) -> tuple[DatasetRecord, pd.DataFrame, pd.DataFrame, pd.DataFrame]:
        """One dataset with two passes, `pass0` and `pass1`: its record, and the frames of samples and results."""
        record, path, samples = self.dataset(size)
        store.save_dataset(record, path)
        frames = []
        for seed in (0, 1):
            found, parts, frame = self.results(record, samples["label"].to_numpy(), seed=seed)
            store.save_pass(found, parts)
            frames.append(frame)
        return record, samples, frames[0], frames[1]


@pytest.fixture
def world(tmp_path) -> World:
    folder = tmp_path / "made"
    folder.mkdir()
    return World(folder)
