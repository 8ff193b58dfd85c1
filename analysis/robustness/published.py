"""Published results under corruption: those that came with Cutaway, and files that a user brings.

Errors are means over the severities 1 to 5 of the fifteen corruptions, which is all that mCE needs. Two lists of
AlexNet's errors are about, and give slightly different mCE: that of RobustBench (5,000 images; ResNet-50 76.38,
DeiT-B 41.70 with it) is the default here, that of the AugMix code gives 76.37 and 41.70.
"""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np

from analysis.errors import BadTable
from models.errors import UnknownName

FILE = Path(__file__).parents[2] / "assets" / "published" / "corruptions.json"
ALEXNET = "AlexNet"
ALEXNET_OF_AUGMIX = "AlexNet_augmix"
_CIFAR = {"airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck"}
_LARGEST = 4_000_000  # letters of a file


@dataclass(frozen=True, slots=True)
class Published:
    """What somebody else measured: shown beside what was measured here, never mixed with it."""

    key: str
    name: str
    benchmark: str  # "CIFAR-10-C", "ImageNet-C"; of a user's file, as it was said
    errors: Mapping[str, float]  # by corruption, mean over severities, 0 to 1
    cells: Mapping[tuple[str, int], float]  # error of single severities, where they are known
    clean: float | None = None  # accuracy on images as they are
    what: str = ""
    year: int | None = None
    source: str = ""

    @property
    def mean_error(self) -> float:
        return float(np.mean(list(self.errors.values())))

    def mce(self, reference: Published) -> float:
        """Percent of the reference's errors, over the corruptions that both have; nan where they share none."""
        shares = [error / reference.errors[c] for c, error in self.errors.items() if reference.errors.get(c)]
        return 100 * float(np.mean(shares)) if shares else float("nan")

    def error(self, corruption: str, severity: int | None = None) -> float | None:
        return self.errors.get(corruption) if severity is None else self.cells.get((corruption, severity))


def rows(benchmark: str | None = None) -> tuple[Published, ...]:
    """Those that came with Cutaway, of one benchmark or of all."""
    return tuple(r for r in _read() if benchmark in (None, r.benchmark))


def row(key: str) -> Published:
    """One by its key. UnknownName."""
    found = {r.key: r for r in _read()}
    if key not in found:
        raise UnknownName("published result", key, found)
    return found[key]


def benchmark_of(table: str, classes: Sequence[str]) -> str | None:
    """Which published results are of images like these: a sweep's table of levels, and the names of its classes."""
    if table == "cifar" and {c.casefold() for c in classes} == _CIFAR:
        return "CIFAR-10-C"
    return "ImageNet-C" if table == "imagenet" and len(classes) == 1000 else None


def read_csv(text: str, benchmark: str = "uploaded", source: str = "uploaded file") -> tuple[Published, ...]:
    """RobustBench's form: a line of corruptions, a line of severities, then a network a line with its accuracies
    (0 to 1). An empty cell is unknown; a corruption counts only where all severities that the file has are there.

    BadTable for anything else.
    """
    if len(text) > _LARGEST:
        raise BadTable(f"The table has {len(text):,} letters; at most {_LARGEST:,} are taken.")
    lines = [line for line in csv.reader(io.StringIO(text.removeprefix("\ufeff"))) if any(line)]
    if len(lines) < 3:
        raise BadTable(
            "The table needs a line of corruptions, a line of severities and a line for each network; "
            f"it has {len(lines)} lines."
        )
    conditions = _conditions(lines[0][1:], lines[1][1:])
    return tuple(_network(line, conditions, benchmark, source) for line in lines[2:])


def _conditions(names: Sequence[str], levels: Sequence[str]) -> list[tuple[str, int]]:
    found = []
    for place, (name, level) in enumerate(zip(names, levels, strict=False), start=2):
        number = level.strip().removesuffix(".0")
        if not name.strip() or number not in ("1", "2", "3", "4", "5"):
            raise BadTable(
                f"Column {place} should be a corruption above a severity from 1 to 5; it says '{name}' and '{level}'."
            )
        found.append((name.strip(), int(number)))
    if len(names) != len(levels) or len(set(found)) != len(found):
        raise BadTable("Every column needs a corruption and a severity, and each pair may be there once.")
    return found


def _network(line: Sequence[str], conditions: Sequence[tuple[str, int]], benchmark: str, source: str) -> Published:
    name, told = line[0].strip(), line[1:]
    if len(told) != len(conditions):
        raise BadTable(f"'{name}' has {len(told)} numbers; expected {len(conditions)}, one for each column.")
    cells = {c: 1 - _share(name, text) for c, text in zip(conditions, told, strict=True) if text.strip()}
    errors = {}
    for corruption in dict.fromkeys(c for c, _ in conditions):
        wanted = [c for c in conditions if c[0] == corruption]
        if all(c in cells for c in wanted):
            errors[corruption] = float(np.mean([cells[c] for c in wanted]))
    return Published(name, name, benchmark, errors, cells, source=source)


def _share(name: str, text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = float("nan")
    if not 0 <= value <= 1:
        raise BadTable(f"'{name}' has '{text}' where an accuracy from 0 to 1 is expected.")
    return value


@lru_cache(maxsize=1)
def _read() -> tuple[Published, ...]:
    found = json.loads(FILE.read_text("utf-8"))
    return tuple(
        Published(
            key=r["key"],
            name=r["name"],
            benchmark=r["benchmark"],
            errors=dict(zip(found["corruptions"], r["errors"], strict=True)),
            cells={},
            clean=r["clean"],
            what=r["what"],
            year=r["year"],
            source=found["sources"][r["source"]],
        )
        for r in found["rows"]
    )
