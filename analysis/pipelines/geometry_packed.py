"""Measurements in two small files, for those that come with Cutaway.

<folder>/numbers.parquet    a row a number: the columns of `Measurement`, and the types and shapes of its arrays
<folder>/values.npz         the values of all arrays, one after another: floating ones as float32, whole ones

Seven digits are left of floating arrays, more than is drawn or told of them.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.measurements import Measurement

if TYPE_CHECKING:
    from analysis.store.store import Store

NUMBERS, VALUES = "numbers.parquet", "values.npz"
_NAMES = tuple(field.name for field in fields(Measurement))
_KINDS = {"f": np.float32, "i": np.int64}


def pack(store: Store, pass_ids: Sequence[str], folder: Path) -> None:
    """Write all that was measured of these passes, alone and with each other."""
    import pyarrow as pa
    from pyarrow import parquet

    found = [n for n in store.geometry.numbers(pass_ids) if not n.other_pass or n.other_pass in pass_ids]
    arrays = [_arrays(store, n) for n in found]
    columns: dict[str, list[Any]] = {name: [getattr(n, name) for n in found] for name in _NAMES}
    columns["params"] = [json.dumps(dict(n.params)) for n in found]
    columns["shapes"] = [json.dumps([[a.dtype.str, a.shape] for a in own.values()]) for own in arrays]
    folder.mkdir(parents=True, exist_ok=True)
    parquet.write_table(pa.table(columns), folder / NUMBERS, compression="zstd", compression_level=19)
    flat = {kind: _joined([a for own in arrays for a in own.values() if a.dtype.kind == kind], kind) for kind in _KINDS}
    np.savez_compressed(folder / VALUES, **flat)  # pyright: ignore[reportArgumentType]  no kind is called "file"


def unpack(folder: Path) -> Iterator[tuple[Measurement, dict[str, np.ndarray]]]:
    """Every number with its arrays."""
    from pyarrow import parquet

    with np.load(folder / VALUES, allow_pickle=False) as opened:
        values = {kind: opened[kind] for kind in _KINDS}
    used = dict.fromkeys(_KINDS, 0)
    for row in parquet.read_table(folder / NUMBERS).to_pylist():
        arrays = {}
        for name, (type_, shape) in zip(row["arrays"], json.loads(row["shapes"]), strict=True):
            kind, size = np.dtype(type_).kind, int(np.prod(shape))
            arrays[name] = values[kind][used[kind] : used[kind] + size].reshape(shape).astype(type_)
            used[kind] += size
        yield _measurement(row), arrays


def _arrays(store: Store, number: Measurement) -> dict[str, np.ndarray]:
    if not number.arrays:
        return {}
    found = store.geometry.arrays(number.pass_id, number.tap, number.measure, number.other_pass, number.other_tap)
    return {name: found[name] for name in number.arrays}


def _joined(arrays: Sequence[np.ndarray], kind: str) -> np.ndarray:
    return np.concatenate([a.ravel() for a in arrays] or [np.empty(0)]).astype(_KINDS[kind])


def _measurement(row: Mapping[str, Any]) -> Measurement:
    given = {name: row[name] for name in _NAMES}
    given |= {name: tuple(row[name]) for name in ("caveats", "arrays")}
    return Measurement(**given | {"params": json.loads(row["params"])})
