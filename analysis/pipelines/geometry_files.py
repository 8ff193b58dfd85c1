"""What a worker leaves of a geometry job until the store has taken it.

<workspace>/geometry/.<digest of the job>.made/<digest of a part>.npz     its arrays, where it has some
                                              /<digest of a part>.json    its numbers; there once the arrays are

A part is one tap of one pass, or one matrix of pairs. A job that was killed goes on with the first that is not there.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np

from analysis.errors import DataError
from analysis.measurements import Measurement
from analysis.passes.files import write_whole
from analysis.store.folders import GEOMETRY
from analysis.store.keys import digest

_NAMES = tuple(f.name for f in fields(Measurement))

Arrays = Mapping[tuple[str, ...], Mapping[str, np.ndarray]]


class Parts:
    """The folder of one job."""

    def __init__(self, workspace: Path, arguments: Mapping[str, Any]) -> None:
        given = {name: value for name, value in arguments.items() if name != "workspace"}
        self.folder = workspace / GEOMETRY / f".{digest(family='geometry', arguments=given)}.made"

    def has(self, *of: str) -> bool:
        return self._path(of, "json").is_file()

    def leave(self, numbers: Sequence[Measurement], arrays: Arrays, *of: str) -> None:
        """Keep a part, whole."""
        self.folder.mkdir(parents=True, exist_ok=True)
        order = list(arrays)
        named = {f"{i}|{n}": array for i, key in enumerate(order) for n, array in arrays[key].items()}
        if named:
            write_whole(self._path(of, "npz"), lambda path: _save(path, named))
        said = {"numbers": [_plain(n) for n in numbers], "arrays": [list(key) for key in order]}
        write_whole(self._path(of, "json"), lambda path: _say(path, json.dumps(said)))

    def read(self, *of: str) -> tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]:
        return _read(self._path(of, "json"))

    def all(self) -> Iterator[tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]]:
        """Every part that is there whole."""
        yield from (_read(path) for path in sorted(self.folder.glob("*.json")))

    def together(self, most: int) -> Iterator[tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]]:
        """All of it in few pieces: parts of one pass, with some `most` bytes of arrays."""
        waiting: dict[str, tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]] = {}
        for numbers, arrays in self.all():
            of = numbers[0].pass_id if numbers else ""
            before = waiting.pop(of, ([], {}))
            piece = waiting[of] = [*before[0], *numbers], before[1] | arrays
            if sum(a.nbytes for named in piece[1].values() for a in named.values()) > most:
                yield waiting.pop(of)
        yield from waiting.values()

    def clear(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)

    def _path(self, of: Sequence[str], kind: str) -> Path:
        return self.folder / f"{digest(part=list(of))}.{kind}"


def moved(
    part: tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]], tap: str, place: int
) -> tuple[list[Measurement], Arrays]:
    """The same of another tap whose features are the same."""
    numbers, arrays = part
    said = [replace(n, tap=tap, place=place, seconds=0.0) for n in numbers]
    return said, {(tap, *key[1:]): values for key, values in arrays.items()}


def _read(path: Path) -> tuple[list[Measurement], dict[tuple[str, ...], dict[str, np.ndarray]]]:
    try:
        said = json.loads(path.read_text(encoding="utf-8"))
        arrays: dict[tuple[str, ...], dict[str, np.ndarray]] = {tuple(key): {} for key in said["arrays"]}
        order = list(arrays)
        if order:
            with np.load(path.with_suffix(".npz"), allow_pickle=False) as opened:
                for name in opened.files:
                    number, _, own = name.partition("|")
                    arrays[order[int(number)]][own] = opened[name]
        return [_measurement(n) for n in said["numbers"]], arrays
    except (OSError, ValueError, KeyError, TypeError, IndexError) as error:
        raise DataError("What was measured cannot be read back. Measure it again.") from error


def _plain(number: Measurement) -> dict[str, Any]:
    """As JSON; what may not be finite as a text, which this module alone reads."""
    values = {name: getattr(number, name) for name in _NAMES}
    values |= {n: repr(values[n]) for n in ("value", "low", "high")}
    return values | {"params": dict(number.params), "computed_at": number.computed_at.isoformat()}


def _measurement(values: Mapping[str, Any]) -> Measurement:
    return Measurement.from_json({**values, **{n: float(values[n]) for n in ("value", "low", "high")}})


def _save(path: Path, arrays: Mapping[str, np.ndarray]) -> None:
    with path.open("wb") as opened:
        np.savez(opened, **arrays)  # pyright: ignore[reportArgumentType]  no name of ours is "file"


def _say(path: Path, text: str) -> None:
    path.write_text(text, encoding="utf-8")
