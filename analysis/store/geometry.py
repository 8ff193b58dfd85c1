"""What measures of geometry say of the features of passes: a row a number; spectra and matrices in a file a tap.

A measure with other parameters than the usual has them in its name, "mle(k=5)", so both are kept side by side.
`<workspace>/geometry/<pass_id>/<quoted tap>.npz` holds them by measure (of measures of two also by the other pass and
tap) and name. A file is there whole or not at all. Matrices of more than MOST_EXACT numbers are float32.
"""

from __future__ import annotations

import json
import os
import threading
import zipfile
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadTable, StoreError
from analysis.measurements import Measurement
from analysis.store import folders
from analysis.store.access import Access
from analysis.store.failures import unwritable
from analysis.store.names import checked_id
from analysis.store.rows import columns
from analysis.store.times import from_column, to_column
from models.errors import UnknownName

MOST_EXACT = 65_536

Place = tuple[str, str, str]
"""(measure, other_pass, other_tap): what one measure says at one tap."""
Arrays = Mapping[tuple[str, ...], Mapping[str, np.ndarray]]
"""By (tap, measure), of measures of two by (tap, measure, other_pass, other_tap): arrays by name."""

_NAMES = columns(Measurement)
_TYPES = {
    **dict.fromkeys(_NAMES, "VARCHAR"),
    **dict.fromkeys(("place", "version", "samples"), "INTEGER"),
    **dict.fromkeys(("value", "low", "high", "seconds"), "DOUBLE"),
    "computed_at": "TIMESTAMP",
}
_LISTED = ", ".join(f'"{name}"' for name in _NAMES)
_PUT = f"""INSERT OR REPLACE INTO geometry_score ({_LISTED})
    SELECT {", ".join(f"unnest(?::{_TYPES[name]}[])" for name in _NAMES)}"""
_GET = f"""SELECT {_LISTED} FROM geometry_score
    WHERE pass_id = ANY(?::VARCHAR[])
        AND CASE WHEN ?::VARCHAR[] IS NULL THEN ? OR NOT contains(measure, '(') ELSE measure = ANY(?::VARCHAR[]) END
    ORDER BY pass_id, place, tap, measure, other_pass, other_tap"""  # noqa: S608


class GeometryScores:
    """Numbers, and the arrays beside them. Two measurements of the same measure in the same place: the later stays."""

    def __init__(self, access: Access) -> None:
        self._access = access
        self._filing = threading.Lock()

    def save(self, numbers: Sequence[Measurement], arrays: Arrays | None = None) -> None:
        """Keep measurements, those with arrays after their files.

        UnknownName for a pass that is not there, BadTable for arrays that no number goes with or that two would.
        """
        if not numbers:
            return
        self._known({p for n in numbers for p in (n.pass_id, n.other_pass) if p})
        latest = {(n.pass_id, n.tap, *_of(n)): n for n in numbers}
        for (pass_id, tap), kept in _filed(latest.values(), arrays or {}).items():
            self._put(pass_id, tap, kept)
        values = [_row(n) for n in latest.values()]
        lists = [list(column) for column in zip(*values, strict=True)]
        passes = sorted({p for n in numbers for p in (n.pass_id, n.other_pass) if p})

        def change(db: DuckDBPyConnection) -> None:
            _check_passes(db, passes)  # one may have been deleted meanwhile
            db.execute(_PUT, lists)

        self._access.write(change)

    def numbers(
        self, pass_ids: Iterable[str], measures: Sequence[str] | None = None, *, turned: bool = False
    ) -> list[Measurement]:
        """Of these passes, by pass, place and measure; of some measures, or of all with their usual parameters.

        turned: of all also with other parameters.
        """
        wanted = None if measures is None else list(measures)
        with self._access.read() as db:
            found = db.execute(_GET, [list(pass_ids), wanted, turned, wanted]).fetchall()
        return [_from_row(row) for row in found]

    def taps(self, pass_ids: Iterable[str]) -> dict[str, tuple[str, ...]]:
        """Where each pass was measured, from the input on; a pass that was not is left out."""
        query = """SELECT pass_id, tap FROM geometry_score WHERE pass_id = ANY(?::VARCHAR[]) AND other_pass = ''
                   GROUP BY ALL ORDER BY pass_id, min(place), tap"""
        with self._access.read() as db:
            rows = db.execute(query, [list(pass_ids)]).fetchall()
        return {pass_id: tuple(tap for of, tap in rows if of == pass_id) for pass_id, _ in rows}

    def arrays(
        self, pass_id: str, tap: str, measure: str, other_pass: str = "", other_tap: str = ""
    ) -> dict[str, np.ndarray]:
        """By name; empty where none are kept. StoreError where the file is damaged."""
        try:
            with np.load(place_of(self._access.workspace, pass_id, tap), allow_pickle=False) as opened:
                names = {name: _read(name) for name in opened.files}
                wanted = (measure, other_pass, other_tap)
                return {own: opened[name] for name, (*place, own) in names.items() if tuple(place) == wanted}
        except FileNotFoundError:
            return {}
        except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
            raise StoreError(
                f"The spectra and matrices that were measured at {tap} cannot be read. Measure it again."
            ) from error

    def forget(self, pass_id: str) -> None:
        """Remove all that was measured of a pass, also against others. The pass stays."""
        checked_id("pass", pass_id)
        query = "DELETE FROM geometry_score WHERE ? IN (pass_id, other_pass)"
        self._access.write(lambda db: db.execute(query, [pass_id]) and None)
        folders.remove(self._access.workspace / folders.GEOMETRY / pass_id)

    def _known(self, pass_ids: set[str]) -> None:
        for pass_id in pass_ids:
            checked_id("pass", pass_id)
        with self._access.read() as db:
            _check_passes(db, sorted(pass_ids))

    def _put(self, pass_id: str, tap: str, kept: Mapping[Place, Mapping[str, np.ndarray]]) -> None:
        """These in the place of what was there of the same measures; what else the file has stays."""
        path = place_of(self._access.workspace, pass_id, tap)
        with self._filing:
            try:
                values = _others(path, kept)
                for place, arrays in kept.items():
                    values |= {_written(*place, name): _packed(array) for name, array in arrays.items()}
                if values or path.exists():
                    path.parent.mkdir(parents=True, exist_ok=True)
                    write_arrays(path, values)
            except OSError as error:
                raise StoreError(unwritable(error, "file")) from error


def place_of(workspace: Path, pass_id: str, tap: str) -> Path:
    """The file with the arrays of one tap."""
    return workspace / folders.GEOMETRY / checked_id("pass", pass_id) / f"{quote(tap, safe='')}.npz"


def files_of(workspace: Path) -> list[str]:
    """All files that are there, as "pass_id/tap"."""
    return [f"{p.parent.name}/{unquote(p.stem)}" for p in (workspace / folders.GEOMETRY).glob("*/*.npz")]


def names_in(path: Path) -> dict[Place, set[str]]:
    """The names of the arrays in a file, by what they belong to; empty where it cannot be read."""
    found: dict[Place, set[str]] = {}
    try:
        with np.load(path, allow_pickle=False) as opened:
            for measure, other_pass, other_tap, name in map(_read, opened.files):
                found.setdefault((measure, other_pass, other_tap), set()).add(name)
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}
    return found


def write_arrays(path: Path, values: Mapping[str, np.ndarray]) -> None:
    """Arrays into a .npz file that is there whole or not at all. OSError where the disk refuses."""
    part = path.with_name(f".{os.getpid()}-{threading.get_ident()}-{path.name}.part")
    try:
        with part.open("wb") as opened:
            np.savez(opened, **values)  # pyright: ignore[reportArgumentType]  names are ours, "file" is not among them
            opened.flush()
            os.fsync(opened.fileno())
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def _check_passes(db: DuckDBPyConnection, wanted: Sequence[str]) -> None:
    query = "SELECT pass_id FROM pass WHERE pass_id = ANY(?::VARCHAR[])"
    there = {found for (found,) in db.execute(query, [list(wanted)]).fetchall()}
    if lost := sorted(set(wanted) - there):
        known = [found for (found,) in db.execute("SELECT pass_id FROM pass").fetchall()]
        raise UnknownName("pass", lost[0], known)


def _of(number: Measurement) -> Place:
    return (number.measure, number.other_pass, number.other_tap)


def _filed(
    numbers: Iterable[Measurement], arrays: Arrays
) -> dict[tuple[str, str], dict[Place, Mapping[str, np.ndarray]]]:
    """By (pass_id, tap): the arrays of each number that has some, or had; BadTable where they do not go together."""
    found: dict[tuple[str, str], dict[Place, Mapping[str, np.ndarray]]] = {}
    unused, taken = dict(arrays), set()
    for number in numbers:
        key = (number.tap, *_of(number)) if number.other_pass or number.other_tap else (number.tap, number.measure)
        own = unused.pop(key, {})
        if key in taken and key in arrays:
            raise BadTable(
                f"The arrays of {number.measure} at {number.tap} go with two passes. Keep one after another."
            )
        taken.add(key)
        if set(own) != set(number.arrays):
            raise BadTable(
                f"{number.measure} at {number.tap} names arrays {sorted(number.arrays)}, and comes with {sorted(own)}."
            )
        found.setdefault((number.pass_id, number.tap), {})[_of(number)] = own
    if unused:
        raise BadTable(f"There are arrays of {', '.join(next(iter(unused)))} without a number.")
    return found


def _others(path: Path, gone: Iterable[Place]) -> dict[str, np.ndarray]:
    """What a file has beside that; nothing of one that is damaged."""
    try:
        with np.load(path, allow_pickle=False) as opened:
            return {name: opened[name] for name in opened.files if tuple(_read(name)[:3]) not in set(gone)}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile):
        return {}


def _packed(values: np.ndarray) -> np.ndarray:
    return values.astype(np.float32) if values.dtype == np.float64 and values.size > MOST_EXACT else values


def _written(*parts: str) -> str:
    return "|".join(quote(part, safe="") for part in parts)


def _read(name: str) -> list[str]:
    parts = [unquote(part) for part in name.split("|")]
    if len(parts) != 4:
        raise ValueError(f"{name} is not ours")
    return parts


def _row(number: Measurement) -> list[object]:
    values = {name: getattr(number, name) for name in _NAMES}
    values |= {name: None if values[name] != values[name] else values[name] for name in ("value", "low", "high")}
    values |= {name: json.dumps(list(values[name])) for name in ("caveats", "arrays")}
    values |= {"params": json.dumps(dict(number.params)), "computed_at": to_column(number.computed_at)}
    return [values[name] for name in _NAMES]


def _from_row(row: Sequence[object]) -> Measurement:
    values = dict(zip(_NAMES, row, strict=True))
    values |= {name: float("nan") for name in ("value", "low", "high") if values[name] is None}
    values |= {name: _tuple(str(values[name])) for name in ("caveats", "arrays")}
    values["params"] = {} if values["params"] == "{}" else json.loads(str(values["params"]))
    values["computed_at"] = from_column(values["computed_at"])  # pyright: ignore[reportArgumentType]
    return Measurement(**values)  # pyright: ignore[reportArgumentType]


def _tuple(text: str) -> tuple[str, ...]:
    return () if text == "[]" else tuple(json.loads(text))
