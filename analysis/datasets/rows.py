"""The rows of a dataset that is being written: compact while they come, put in order at the end."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.datasets.facts import counted
from analysis.datasets.layout import PRIVATE, PUBLIC, Box
from analysis.errors import DataError
from analysis.records import UNLABELLED
from models.class_lists import numbered

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 4096
_MOST_CLASSES = 100_000


class Rows:
    """A row a sample, kept as Arrow batches."""

    def __init__(self, class_names: Sequence[str] | None) -> None:
        self.given = None if class_names is None else checked_names(class_names)
        self._index = {name: i for i, name in enumerate(self.given or ())}
        self._by_name = self._by_number = False
        self._highest = UNLABELLED
        self._block: list[dict[str, Any]] = []
        self._done: list[pa.RecordBatch] = []
        self._schema: pa.Schema | None = None
        self._names: dict[str, int] = {}  # name -> the number given last
        self._renamed = 0
        self._boxes: list[tuple[int, Box]] = []
        self._columns: tuple[str, ...] | None = None
        self._size = 0

    def __len__(self) -> int:
        return self._size

    def add(self, facts: Mapping[str, Any], label: int | str, boxes: Sequence[Box], columns: Mapping[str, Any]) -> None:
        """One sample; DataError for a label out of range."""
        name = printable(facts["name"])
        index = self._label(label, name)
        self._check_columns(columns)
        own = {"name": self._unused(name), "label": index, "_row": self._size}
        self._block.append({**facts, **own, **columns})
        self._boxes += ((self._size, box) for box in boxes)
        self._size += 1
        if len(self._block) == _BLOCK:
            self._flush()

    def table(self, *, by_name: bool) -> "tuple[pa.Table, pa.Table, tuple[str, ...]]":
        """Samples in their final order, boxes, class names."""
        import pyarrow as pa

        self._flush()
        table = pa.Table.from_batches(self._done)
        order = np.arange(self._size)
        if by_name:
            # folder by folder: "a/b" before "a-b", as a walk through the folders goes
            paths = [name.replace("/", "\0") for name in table.column("name").to_pylist()]
            order = np.array(sorted(range(self._size), key=paths.__getitem__), dtype=np.int64)
            table = table.take(pa.array(order))
        names, renumbered = self._classes()
        labels = table.column("label").to_numpy()
        labels = np.where(labels < 0, UNLABELLED, renumbered[labels] if len(renumbered) else UNLABELLED)
        table = table.set_column(table.schema.get_field_index("label"), "label", pa.array(labels.astype(np.int32)))
        table = table.add_column(0, "sample", pa.array(np.arange(self._size, dtype=np.int32)))
        own = [c for c in table.column_names if c not in PUBLIC and c not in PRIVATE]
        return table.select([*PUBLIC, *own, *PRIVATE]).combine_chunks(), self._box_table(order), names

    def remarks(self) -> tuple[str, ...]:
        if not self._renamed:
            return ()
        return (
            f"{counted(self._renamed, 'image has', 'images have')} the name of another one, and a number behind it.",
        )

    def _label(self, label: int | str, name: str) -> int:
        if isinstance(label, str):
            self._by_name = True
            if self.given is not None and label not in self._index:
                raise DataError(f"'{name}' has the class '{label}', which is not among the class names given.")
            index = self._index.setdefault(label, len(self._index))
        else:
            index = int(label)
            self._by_number = self._by_number or index != UNLABELLED
        if self._by_name and self._by_number and self.given is None:
            raise ValueError("labels are class names or numbers, not both")
        most = _MOST_CLASSES if self.given is None else len(self.given)
        if not UNLABELLED <= index < most:
            known = f"there are {most:,} classes, 0 to {most - 1:,}" if self.given else f"at most {most:,} are taken"
            raise DataError(f"'{name}' has the label {index:,}, but {known}, and {UNLABELLED} means unlabelled.")
        self._highest = max(self._highest, index)
        return index

    def _classes(self) -> tuple[tuple[str, ...], np.ndarray]:
        """Class names, and the final index of each provisional one."""
        if self.given is not None:
            return self.given, np.arange(len(self.given))
        if not self._by_name:
            return numbered(self._highest + 1), np.arange(self._highest + 1)
        numbers = all(n.isdecimal() for n in self._index)  # folders 0 to 10: the tenth comes last
        names = tuple(sorted(self._index, key=(lambda n: (int(n), n)) if numbers else None))
        renumbered = np.zeros(len(names), dtype=np.int64)
        renumbered[[self._index[n] for n in names]] = np.arange(len(names))
        return names, renumbered

    def _unused(self, name: str) -> str:
        taken = name
        while taken in self._names:
            self._names[name] += 1
            taken = f"{name} ({self._names[name]})"
        self._names[taken] = 1
        self._renamed += taken != name
        return taken

    def _check_columns(self, columns: Mapping[str, Any]) -> None:
        if self._columns is None:
            self._columns = tuple(columns)
            if reserved := [c for c in columns if c in PUBLIC or c.startswith("_")]:
                raise ValueError(f"the column '{reserved[0]}' is the dataset's own")
        if set(columns) != set(self._columns):
            raise ValueError(f"every sample has the same further columns: {self._columns}, not {tuple(columns)}")

    def _flush(self) -> None:
        import pyarrow as pa

        if not self._block:
            return
        if self._schema is None:
            self._schema = _schema(self._block, self._columns or ())
        self._done.append(pa.RecordBatch.from_pylist(self._block, self._schema))
        self._block = []

    def _box_table(self, order: np.ndarray) -> "pa.Table":
        import pyarrow as pa

        sample_of = np.empty(self._size, dtype=np.int32)
        sample_of[order] = np.arange(self._size)
        rows = sorted((int(sample_of[row]), *box) for row, box in self._boxes)
        sides = [(side, pa.float64()) for side in ("left", "top", "right", "bottom")]
        schema = pa.schema([("sample", pa.int32()), *sides, ("label", pa.string())])
        return pa.Table.from_pylist([dict(zip(schema.names, row, strict=True)) for row in rows], schema)


def checked_names(names: Sequence[str]) -> tuple[str, ...]:
    """Class names that can be told apart; DataError where one occurs twice."""
    clean = tuple(printable(n) for n in names)
    if len(set(clean)) != len(clean):
        twice = next(n for n, count in Counter(clean).items() if count > 1)
        raise DataError(f"The class name '{twice}' occurs twice. Give every class its own name.")
    return clean


def printable(name: str) -> str:
    """A name that can be stored and shown: what is no character in it becomes a question mark."""
    return name if name.isprintable() else "".join(c if c.isprintable() else "?" for c in name)


def _schema(block: Sequence[Mapping[str, Any]], columns: Sequence[str]) -> "pa.Schema":
    import pyarrow as pa

    texts = ("name", "condition", "digest", "format", "_mask_digest")
    numbers = ("label", "width_px", "height_px", "_mask_length")
    places = ("_row", "_offset", "_length", "_mask_offset")
    own = [(c, pa.array([row[c] for row in block]).type) for c in columns]
    return pa.schema(
        [(t, pa.string()) for t in texts] + [(n, pa.int32()) for n in numbers] + [(p, pa.int64()) for p in places] + own
    )
