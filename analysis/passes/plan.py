"""pass.json: what a pass's folder holds, and how far the settings held that the machine decided."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from analysis.passes.files import write_whole
from analysis.passes.parts import PART
from models.errors import CutawayError

VERSION = 1
"""Of the pass: goes up where what it writes changes."""


class PassMismatch(CutawayError):
    """A folder holds another pass than the one asked for."""


@dataclass(frozen=True, slots=True)
class Asked:
    """What decides the results; a folder is gone on with only where all of it agrees."""

    fingerprint: str
    samples: int
    labels: str  # digest of the true classes
    condition: str
    taps: tuple[str, ...]
    autocast: bool
    linear_head: bool
    collectors: tuple[str, ...] = ()
    part: int = PART
    version: int = VERSION


@dataclass(slots=True)
class Plan:
    """The contents of pass.json."""

    asked: Asked
    batches: list[tuple[int, int]]  # (first part, batch from there on): halved where memory did not suffice
    environments: list[str] = field(default_factory=list)  # what computed it: one, unless it went on elsewhere
    seconds: float = 0.0
    complete: bool = False

    def batch(self, part: int) -> int:
        """The batch of a part: the latest decision for it or a part before it."""
        return [batch for first, batch in self.batches if first <= part][-1]

    def halve(self, part: int) -> None:
        """From this part on, half of what was."""
        self.batches = [(f, b) for f, b in self.batches if f < part] + [(part, self.batch(part) // 2)]


def truth_digest(truth: np.ndarray) -> str:
    """sha256 hex of true classes (N,), as the classifier numbers them."""
    return hashlib.sha256(np.ascontiguousarray(truth, dtype="<i8").tobytes()).hexdigest()


def plan_path(folder: Path) -> Path:
    return folder / "pass.json"


def save_plan(folder: Path, plan: Plan) -> None:
    def write(path: Path) -> None:
        path.write_text(json.dumps(asdict(plan), indent=1), encoding="utf-8")

    write_whole(plan_path(folder), write)


def load_plan(folder: Path, asked: Asked) -> Plan | None:
    """The plan of a pass to go on with; None where there is none that can be read.

    PassMismatch where the folder holds another pass.
    """
    try:
        found = json.loads(plan_path(folder).read_text(encoding="utf-8"))
        given: dict[str, Any] = {k: tuple(v) if isinstance(v, list) else v for k, v in found.pop("asked").items()}
        known = Asked(**given)
        batches = [(int(first), int(batch)) for first, batch in found.pop("batches")]
        plan = Plan(known, batches, **found)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
    different = [n for n, v in asdict(asked).items() if v != getattr(known, n)]
    if different:
        raise PassMismatch(
            f"The folder '{folder.name}' holds another pass: {', '.join(different)} differ. "
            "Give a pass a folder of its own, or remove this one."
        )
    return plan if batches and batches[0][0] == 0 else None


def power_of_two(batch: int) -> int:
    """The largest power of two that is not above `batch` (nor above a part): batches then nest in each other."""
    return 1 << (max(1, min(batch, PART)).bit_length() - 1)


def usual_batch(sizes: Sequence[tuple[int, int]], device: str) -> int:
    """A batch to begin with, from the largest input (rows, columns) and the kind of device."""
    most = max(rows * columns for rows, columns in sizes)
    room = 256 * 224 * 224 if device == "cuda" else 8 * 224 * 224
    return power_of_two(min(room // most, PART if device == "cuda" else 128) or 1)
