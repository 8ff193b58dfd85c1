"""How much of the maps at the taps of a pass is exactly 0: counted while the network runs, before they are pooled.

Kept as one small file beside the features. It is no part of what a pass is: a pass that began without counting goes on
without, and has no such file.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING
from zipfile import BadZipFile

import numpy as np

from analysis.passes.files import write_whole

if TYPE_CHECKING:
    from analysis.passes.collectors import Seen


@dataclass(frozen=True, slots=True, eq=False)
class Zeros:
    """Of one tap."""

    samples: np.ndarray  # (N,) zeros of each sample, over all channels and cells
    channels: np.ndarray  # (C,) int64, zeros of each channel, over all cells of samples whose features are finite
    cells: int  # of a map; 1 where the tap gives a vector
    finite: int  # samples that `channels` counts

    @property
    def shares(self) -> tuple[np.ndarray, np.ndarray]:
        """(N,) of samples and (C,) of channels, 0 to 1."""
        of_samples = self.samples / max(len(self.channels) * self.cells, 1)
        return of_samples, self.channels / max(self.finite * self.cells, 1)


class ZeroCollector:
    """Zeros of the taps asked for: a small file a part, joined in their order."""

    name = "zeros"

    def __init__(self, folder: Path, cells: Mapping[str, int], parts: int) -> None:
        """cells: by tap, of its map; 1 for a vector, whose zeros are those of its features."""
        self.folder, self.cells, self.parts = folder, cells, parts
        self._whole = zeros_path(folder)

    def has(self, number: int) -> bool:
        """Whether it is there or not, nothing is computed again for it."""
        return True

    def take(self, seen: "Seen") -> None:
        if self.cells:
            found = {tap: self._counted(seen, tap) for tap in self.cells}
            write_whole(self._part(seen.number), lambda path: _save(path, found))

    def finish(self) -> None:
        paths = [self._part(n) for n in range(self.parts)]
        if self.cells and not self._whole.exists() and all(path.exists() for path in paths):
            each = [_load(path) for path in paths]
            found = {tap: _joined(part[tap] for part in each) for tap in self.cells}
            write_whole(self._whole, lambda path: _save(path, found))
        for path in paths:
            path.unlink(missing_ok=True)

    def _counted(self, seen: "Seen", tap: str) -> Zeros:
        values = seen.values(tap)
        counts = seen.zeros.get(tap)
        counts = values == 0 if counts is None else counts
        finite = np.isfinite(values).all(axis=1)
        of_channels = (counts if finite.all() else counts[finite]).sum(axis=0, dtype=np.float64).astype(np.int64)
        of_samples = counts.sum(axis=1, dtype=np.float64).astype(np.int64)
        return Zeros(of_samples, of_channels, self.cells[tap], int(finite.sum()))

    def _part(self, number: int) -> Path:
        return self.folder / f"zeros-{number:05d}.npz"


def zeros_path(folder: Path) -> Path:
    return folder / "zeros.npz"


def zeros_of(folder: Path, tap: str) -> Zeros | None:
    """What a pass has counted at a tap; None where it has not."""
    try:
        return _load(zeros_path(folder))[tap]
    except (OSError, EOFError, ValueError, KeyError, BadZipFile):
        return None


def _joined(parts: Iterable[Zeros]) -> Zeros:
    """Neighbouring samples, one after the other."""
    each = list(parts)
    return Zeros(
        np.concatenate([z.samples for z in each]),
        np.sum([z.channels for z in each], axis=0),
        each[0].cells,
        sum(z.finite for z in each),
    )


def _save(path: Path, found: Mapping[str, Zeros]) -> None:
    """All taps in a few arrays: a file of hundreds takes as long as a batch."""
    each = list(found.values())
    samples = np.stack([z.samples for z in each])
    with path.open("wb") as opened:
        np.savez(
            opened,
            allow_pickle=False,
            taps=np.array(list(found)),
            samples=samples.astype(np.min_scalar_type(int(samples.max(initial=0)))),
            channels=np.concatenate([z.channels for z in each]),
            numbers=np.array([(len(z.channels), z.cells, z.finite) for z in each]),
        )


def _load(path: Path) -> dict[str, Zeros]:
    with path.open("rb") as opened, np.load(opened, allow_pickle=False) as arrays:
        taps, samples, channels, numbers = (arrays[name] for name in ("taps", "samples", "channels", "numbers"))
    apart = np.split(channels, np.cumsum(numbers[:-1, 0]))
    rows = zip(taps.tolist(), samples, apart, numbers.tolist(), strict=True)
    return {tap: Zeros(of_samples, each, cells, finite) for tap, of_samples, each, (_, cells, finite) in rows}
