"""What is kept of a pass, part by part.

A collector is given every part once its forward passes are done, and makes lasting what it keeps before the part is
acknowledged; after a kill it may be given the same part again. Adding one is adding a class with these three methods
and handing it to the pass.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import numpy as np

from analysis.passes.features import FeatureFile
from analysis.passes.files import write_whole
from analysis.passes.forward import LOGITS
from analysis.passes.geometry import LinearHead
from analysis.passes.moments import Moments, merged, moments


@dataclass(frozen=True, slots=True, eq=False)
class Seen:
    """What one classifier said of one part's samples, in the computer's memory."""

    number: int  # of the part
    samples: range
    truth: np.ndarray  # (n,) int64, the classifier's class or UNLABELLED
    logits: np.ndarray  # (n, L) float32
    features: Mapping[str, np.ndarray]  # tap -> (n, D) float32; "penultimate" where the head is linear
    head: LinearHead | None
    zeros: Mapping[str, np.ndarray] = field(default_factory=dict)  # tap with a map -> (n, C), cells that are 0

    def values(self, tap: str) -> np.ndarray:
        """Features (n, D) of a tap; the logits go by the name of one."""
        return self.logits if tap == LOGITS else self.features[tap]


class Collector(Protocol):
    """Keeps something of every part."""

    @property
    def name(self) -> str:
        """Told apart from others in the pass's plan: a pass with other collectors is another pass."""
        ...

    def has(self, number: int) -> bool:
        """Whether what it took of an acknowledged part is there; if not, the part is computed again."""
        ...

    def take(self, seen: Seen) -> None:
        """Make lasting what this part brings; possibly for the second time."""
        ...

    def finish(self) -> None:
        """All parts were taken, in this process or before; possibly for the second time."""
        ...


class FeatureCollector:
    """Features of the taps asked for, a file each."""

    name = "features"

    def __init__(self, folder: Path, taps: tuple[str, ...], samples: int) -> None:
        self.files = {tap: FeatureFile(folder, tap, samples) for tap in taps}
        self._usable = all(f.usable for f in self.files.values())

    def has(self, number: int) -> bool:
        return self._usable

    def take(self, seen: Seen) -> None:
        for tap, file in self.files.items():
            file.write(seen.samples.start, seen.values(tap))

    def finish(self) -> None:
        for file in self.files.values():
            file.finish()


class MomentCollector:
    """Count, mean and squared deviations of the taps asked for: a small file a part, merged in their order."""

    name = "moments"

    def __init__(self, folder: Path, taps: tuple[str, ...], parts: int) -> None:
        self.folder, self.taps, self.parts = folder, taps, parts
        self._whole = moments_path(folder)

    def has(self, number: int) -> bool:
        return not self.taps or self._part(number).exists() or self._whole.exists()

    def take(self, seen: Seen) -> None:
        if self.taps:
            found = {tap: moments(seen.values(tap)) for tap in self.taps}
            write_whole(self._part(seen.number), lambda path: save_moments(path, found))

    def finish(self) -> None:
        if self.taps and not self._whole.exists():
            each = [load_moments(self._part(n)) for n in range(self.parts)]
            found = {tap: merged(m[tap] for m in each) for tap in self.taps}
            write_whole(self._whole, lambda path: save_moments(path, found))
        for number in range(self.parts):
            self._part(number).unlink(missing_ok=True)

    def _part(self, number: int) -> Path:
        return self.folder / f"moments-{number:05d}.npz"


def moments_path(folder: Path) -> Path:
    return folder / "moments.npz"


def save_moments(path: Path, found: Mapping[str, Moments]) -> None:
    arrays: dict[str, np.ndarray] = {}
    for tap, each in found.items():
        arrays |= {f"{tap}/count": np.array(each.count), f"{tap}/mean": each.mean, f"{tap}/m2": each.m2}
    with path.open("wb") as opened:
        np.savez(opened, allow_pickle=False, **arrays)


def load_moments(path: Path) -> dict[str, Moments]:
    """By tap, as a pass has kept them."""
    with np.load(path) as arrays:
        taps = [name.removesuffix("/count") for name in arrays.files if name.endswith("/count")]
        return {t: Moments(int(arrays[f"{t}/count"]), arrays[f"{t}/mean"], arrays[f"{t}/m2"]) for t in taps}
