"""Made-up sweeps that look like real ones: for stores, pages and benchmarks, without running a network."""

from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
from pyarrow import parquet

from analysis.store import Store
from analysis.sweeps import VALUES, Cell, Member, Score, SweepCondition, SweepRecord

CORRUPTIONS = (
    *("gaussian_noise", "shot_noise", "impulse_noise", "defocus_blur", "glass_blur", "motion_blur", "zoom_blur"),
    *("snow", "frost", "fog", "brightness", "contrast", "elastic_transform", "pixelate", "jpeg_compression"),
    *("speckle_noise", "gaussian_blur", "spatter", "saturate"),
)
METHODS = ("", "random", "global_magnitude", "layer_magnitude", "snip", "fisher", "lrr", "gmp", "lth", "biprop")


def record(
    members: int = 6,
    corruptions: int = 19,
    samples: int = 200,
    classes: int = 10,
    *,
    sweep_id: str = "made",
    dataset_id: str = "d" * 64,
    linear: bool = True,
) -> SweepRecord:
    conditions = [SweepCondition()]
    conditions += [SweepCondition(name, severity) for name in CORRUPTIONS[:corruptions] for severity in range(1, 6)]
    found = []
    for i in range(members):
        method, sparsity = METHODS[i % len(METHODS)], (0.5, 0.8, 0.95)[i // len(METHODS) % 3]
        name = f"net-{method.replace('_', '-')}-{100 * sparsity:g}" if method else f"net{i or ''}"
        found.append(
            Member(name, f"{i:064x}", "model", "net" if i else "", method, sparsity if method else None, linear)
        )
    return SweepRecord(
        sweep_id=sweep_id,
        name="made up",
        dataset_id=dataset_id,
        dataset_name="made up",
        class_names=tuple(f"class {i}" for i in range(classes)),
        members=tuple(found),
        conditions=tuple(conditions),
        samples=samples,
        reference=found[0].name,
        table="cifar",
        image_size=(32, 32),
        computed_at=datetime(2026, 11, 1, tzinfo=UTC),
    )


def rows(sweep: SweepRecord, member: int, condition: int, seed: int = 0) -> dict[str, np.ndarray]:
    """The columns of one cell: margins that fall with severity, everything else in keeping with them."""
    chance = np.random.default_rng([seed, member, condition])
    of_samples = np.random.default_rng(seed)
    count, classes = sweep.samples, len(sweep.class_names)
    truth = of_samples.integers(0, classes, count)
    ease = of_samples.normal(2.0, 1.0, count)
    what = sweep.conditions[condition]
    harm = what.severity * (0.15 + 0.05 * (hash_of(what.corruption) % 7)) * (1 + 0.08 * (member % 10))
    margin = (ease - harm - 0.1 * (member % 10) + chance.normal(0, 0.4, count)).astype(np.float32)
    margin[margin == 0] = 0.01
    correct = margin > 0
    wrong = (truth + 1 + chance.integers(0, max(classes - 1, 1), count)) % classes
    confidence = (1 / (1 + np.exp(-np.abs(margin) - 0.3))).astype(np.float32)
    p_true = np.where(correct, confidence, (1 - confidence) / max(classes - 1, 1))
    length = (8 + margin + chance.normal(0, 0.5, count)).astype(np.float32)
    angle = np.arccos(np.clip(0.5 + 0.12 * margin, -0.99, 0.99)).astype(np.float32)
    numbers = {
        "confidence": confidence,
        "loss": -np.log(p_true).astype(np.float32),
        "angle": angle,
        "length": length,
        "margin": margin,
        "brier": ((1 - p_true) ** 2).astype(np.float32),
        "max_logit": (3 + np.abs(margin)).astype(np.float32),
        "energy": (-3 - np.abs(margin)).astype(np.float32),
    }
    if not sweep.members[member].linear_head:
        numbers |= dict.fromkeys(("angle", "length", "margin"), np.full(count, np.nan, np.float32))
    return {
        "sample": np.arange(count, dtype=np.int32),
        "truth": truth.astype(np.int16),
        "prediction": np.where(correct, truth, wrong).astype(np.int16),
        "correct": correct,
        **numbers,
    }


def hash_of(text: str) -> int:
    return sum(text.encode())


def kept(store: Store, folder: Path, sweep: SweepRecord, seed: int = 0) -> SweepRecord:
    """The sweep with all its cells in a store; parts are written to `folder`."""
    folder.mkdir(parents=True, exist_ok=True)
    saved = store.sweeps.save(sweep, np.arange(sweep.samples), rows(sweep, 0, 0, seed)["truth"])
    cells, parts = [], []
    for condition in range(len(sweep.conditions)):
        for member in range(len(sweep.members)):
            found = rows(sweep, member, condition, seed)
            path = folder / f"{condition}-{member}.parquet"
            table = {n: found[n] for n in ("sample", "prediction", "correct", *VALUES)}
            parquet.write_table(pa.table(table), path)
            parts.append((path, member, condition))
            accuracy = float(found["correct"].mean())
            spread = 1.96 * (accuracy * (1 - accuracy) / sweep.samples) ** 0.5
            scores = {"accuracy": Score(accuracy, accuracy - spread, accuracy + spread)}
            cells.append(Cell(member, condition, "done", "", sweep.samples, scores))
    store.sweeps.add(saved.sweep_id, cells, parts)
    return saved
