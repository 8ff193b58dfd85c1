"""A Filter as scans of tables: what was given is bound, never part of the SQL; what makes no sense is refused."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from duckdb import DuckDBPyConnection

from analysis.errors import BadParameter, UnknownSelection
from analysis.records import NUMBERS, DatasetRecord, Filter, PassRecord
from analysis.store import datasets, passes, scans
from analysis.store.rows import first_row
from analysis.store.scans import Scan
from models.errors import UnknownName


@dataclass(frozen=True, slots=True)
class Source:
    """A pass that is read, and the number that stands for it."""

    record: PassRecord
    key: int


@dataclass(frozen=True, slots=True)
class Plan:
    """A filter with what it names looked up."""

    dataset: DatasetRecord
    key: int
    first: Source | None
    other: Source | None
    scans: tuple[Scan, ...]
    agree: bool | None
    read: dict[int, np.ndarray] = field(default_factory=dict)  # predictions that were read for it, by pass

    @property
    def size(self) -> int:
        return self.dataset.size

    def needed(self, what: str) -> Source:
        """The pass that predictions are read from; BadParameter if none was named."""
        if self.first is None:
            raise BadParameter(f"{what} needs a pass: a model that has been run over '{self.dataset.name}'.")
        return self.first


def planned(db: DuckDBPyConnection, given: Filter) -> Plan:
    """Look up what a filter names. UnknownName, UnknownSelection, or BadParameter where parts do not fit together."""
    dataset, key = datasets.found(db, given.dataset_id)
    first = None if given.pass_id is None else source(db, given.pass_id, dataset)
    other = None if given.other_pass is None else source(db, given.other_pass, dataset)
    found = [scan for scan in (_of_samples(given, key), _of_pass(given, first), _of_other(given, other)) if scan]
    if given.selection_id is not None:
        found.append(_of_selection(db, given.selection_id, dataset))
    if given.agree is not None and (first is None or other is None):
        raise BadParameter("Whether two models agree needs two passes. Choose both, or leave 'agree' open.")
    found += [Scan("sample_result", s.key) for s in (first, other) if s and s.record.samples < dataset.size]
    return Plan(dataset, key, first, other, tuple(found), given.agree)


def source(db: DuckDBPyConnection, pass_id: str, dataset: DatasetRecord) -> Source:
    """A pass over this dataset by its id."""
    found = passes.found(db, pass_id)
    if found is None:
        rows = db.execute("SELECT pass_id FROM pass WHERE dataset_id = ?", [dataset.dataset_id]).fetchall()
        raise UnknownName("pass", pass_id, [known for (known,) in rows])
    record, key = found
    if record.dataset_id != dataset.dataset_id:
        raise BadParameter(
            f"That pass of '{record.model_name}' is over '{record.dataset_name}', not over '{dataset.name}'. "
            "Choose one over the same dataset."
        )
    return Source(record, key)


def places(db: DuckDBPyConnection, plan: Plan) -> np.ndarray:
    """(n,) ascending numbers of the samples for which all holds."""
    return np.flatnonzero(chosen(db, plan))


def predictions(db: DuckDBPyConnection, plan: Plan, source: Source) -> np.ndarray:
    """(size,) int32 classes of a pass, -1 where it has none."""
    if source.key not in plan.read:
        plan.read[source.key] = scans.columns(db, "sample_result", source.key, ["prediction"], plan.size)[0]
    return plan.read[source.key]


def chosen(db: DuckDBPyConnection, plan: Plan) -> np.ndarray:
    """(size,) bool: the samples of the plan's dataset for which all holds."""
    found = np.ones(plan.size, bool)
    for scan in plan.scans:
        found &= scans.mask(db, scan, plan.size)
    if plan.agree is not None and plan.first and plan.other:
        found &= _same_class(db, plan, plan.first, plan.other) == plan.agree
    return found


def _of_samples(given: Filter, key: int) -> Scan | None:
    conditions, values = [], []
    for column, wanted in (("label", given.labels), ("condition", given.conditions)):
        if wanted:
            conditions.append(_among(column, wanted))
            values += wanted
    if given.text:  # ILIKE is twice as fast, but takes "%" and "_" for anything
        conditions.append("name ILIKE ?")
        values.append(f"%{given.text}%")
        if "%" in given.text or "_" in given.text:
            conditions.append("contains(lower(name), lower(?))")
            values.append(given.text)
    return Scan("sample", key, tuple(conditions), tuple(values)) if conditions else None


def _of_pass(given: Filter, first: Source | None) -> Scan | None:
    conditions, values = [], []
    if given.predictions:
        conditions.append(_among("prediction", given.predictions))
        values += given.predictions
    if given.correct is not None:
        conditions.append("correct = ?")
        values.append(given.correct)
    for column, least, most in given.ranges:
        if column not in NUMBERS:
            raise UnknownName("number", column, NUMBERS)
        for sign, bound in ((">=", least), ("<=", most)):
            if bound is not None:  # the column's own precision, so that 0.9 takes what is shown as 0.9
                conditions.append(f"{column} {sign} ?::FLOAT")
                values.append(float(bound))
        if least is None and most is None:
            conditions.append(f"{column} IS NOT NULL")
    if not conditions:
        return None
    if first is None:
        raise BadParameter("Filtering by predictions or their numbers needs a pass. Choose a model that has been run.")
    return Scan("sample_result", first.key, tuple(conditions), tuple(values))


def _of_other(given: Filter, other: Source | None) -> Scan | None:
    if not given.other_predictions:
        return None
    if other is None:
        raise BadParameter("Filtering by another model's predictions needs a second pass. Choose one to compare with.")
    wanted = given.other_predictions
    return Scan("sample_result", other.key, (_among("prediction", wanted),), tuple(wanted))


def _of_selection(db: DuckDBPyConnection, selection_id: str, dataset: DatasetRecord) -> Scan:
    query = "SELECT selection_key, dataset_id, name FROM selection WHERE selection_id = ?"
    row = first_row(db, query, [selection_id])
    if row is None:
        raise UnknownSelection(f"There is no selection '{selection_id}' any more. Choose another one.")
    if row[1] != dataset.dataset_id:
        raise BadParameter(f"The selection '{row[2]}' is of another dataset than '{dataset.name}'. Choose another one.")
    return Scan("selection_member", row[0])


def _among(column: str, wanted: Sequence[object]) -> str:
    return f"{column} IN ({', '.join('?' * len(wanted))})"


def _same_class(db: DuckDBPyConnection, plan: Plan, first: Source, other: Source) -> np.ndarray:
    """(size,) bool: whether both say the same class, by name where the classifiers' classes differ."""
    ours, theirs = predictions(db, plan, first), predictions(db, plan, other)
    if first.record.class_names == other.record.class_names:
        return ours == theirs
    numbers = {name: i for i, name in reversed([*enumerate(first.record.class_names)])}
    own = np.array([numbers[name] for name in first.record.class_names])
    same = np.array([numbers.get(name, -1) for name in other.record.class_names])
    return own[ours] == same[theirs]
