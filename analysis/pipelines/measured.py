"""The work behind the job kind "measure": networks opened a few at a time, passes shared, figures of what they kept."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.engine.devices import best
from analysis.passes.conditions import CLEAN
from analysis.pipelines import speed
from analysis.pipelines.differences import Answers, figures, of_pass, taps_of
from analysis.pipelines.predict import DATASETS, MODELS, PASSES, Asked, by_hand_of, record_to_json, run_together
from analysis.pipelines.variants import ancestors, members
from analysis.records import PassRecord
from analysis.store.classifiers import described
from analysis.types import Report, part
from models import catalogue
from models.counting import profile
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from models.classifier import Classifier

TOGETHER_BYTES = 1_000_000_000
"""Of weights: what is opened at a time. More networks take further passes over the images."""


@dataclass(frozen=True, slots=True)
class _Ran:
    """A model's finished pass."""

    record: PassRecord
    parts: tuple[Path, ...]


class Measuring:
    """One job: it gathers results as JSON, and what must be said."""

    def __init__(self, workspace: Path, dataset: str | None, class_maps: Mapping[str, Any], report: Report) -> None:
        self.workspace, self.report = workspace, report
        self.class_maps = {name: by_hand_of(said) for name, said in class_maps.items()}
        self.dataset = _opened(workspace, dataset)
        self.members = members(None, workspace / MODELS)
        self.remarks: list[str] = []
        self.models: dict[str, dict[str, Any]] = {}  # by name
        self.profiles: dict[str, Any] = {}
        self.speeds: list[dict[str, Any]] = []
        self.ran: dict[str, _Ran] = {}
        self.failed: dict[str, CutawayError] = {}
        self._read: dict[str, Answers] = {}

    def all_of(self, names: Sequence[str], timed: bool, against: str | None = None) -> dict[str, Any]:
        """Measure these; the models that they are compared with are run too, where there is a dataset."""
        above = [b for name in names for b in self._bases(name, against)] if self.dataset else []
        wanted = list(dict.fromkeys([*names, *above]))
        done = 0
        for group in self._groups(wanted):
            self._group(group, [c.name for c in group if timed and c.name in names], done / len(wanted), len(wanted))
            done += len(group)
        if self.failed and not any(name in self.models for name in names):
            raise next(iter(self.failed.values()))
        measures = [m for name in wanted if name in self.ran for m in self._measures(name, against)]
        return {
            "models": [*self.models.values()],
            "passes": [{"record": record_to_json(r.record), "parts": len(r.parts)} for r in self.ran.values()],
            "profiles": self.profiles,
            "measures": measures,
            "speeds": self.speeds,
            "class_maps": self._said_by_hand(),
            "remarks": self.remarks,
        }

    def _groups(self, names: Sequence[str]) -> Iterator[list[Classifier]]:
        """Opened as many at a time as have room; what cannot be opened is said."""
        group: list[Classifier] = []
        size = 0
        for name in names:
            self.report(0.0 if not self.models else 0.01, f"opening {name}")
            try:
                classifier = catalogue.load(name, imported=self.workspace / MODELS, device=best())
            except CutawayError as error:
                self.failed[name] = error
                self.remarks.append(f"{name} was not measured: {error}")
                continue
            weight = sum(t.numel() * t.element_size() for t in classifier.module.state_dict().values())
            if group and size + weight > TOGETHER_BYTES:
                yield group
                group, size = [], 0
            group.append(classifier)
            size += weight
        if group:
            yield group

    def _group(self, group: Sequence[Classifier], timed: Sequence[str], start: float, of: int) -> None:
        """Count, run and time networks that are open. `start` and `of`: the share of the whole that is done."""
        span = 0.95 * len(group) / of
        passes = 0.7 if timed else 1.0

        def within(begin: float, share: float) -> Report:
            return lambda fraction, message: self.report(0.95 * start + span * (begin + share * fraction), message)

        for classifier in group:
            self._note(classifier)
        if self.dataset is not None:
            self._run(group, within(0.0, passes))
        if timed:
            begin = passes if self.dataset else 0.0
            self._time([c for c in group if c.name in timed], within(begin, 1 - begin))

    def _note(self, classifier: Classifier) -> None:
        record = described(classifier)
        self.models[classifier.name] = asdict(record) | {"added_at": record.added_at.isoformat()}
        card = catalogue.card(classifier.name, self.workspace / MODELS)
        if card is None or not card.profile:
            self.profiles[classifier.fingerprint] = profile(classifier, card.structure if card else None).to_json()

    def _run(self, group: Sequence[Classifier], report: Report) -> None:
        """A pass over the images for all whose last features have one name: one, unless some have no linear head."""
        assert self.dataset is not None
        kinds = list(dict.fromkeys(taps_of(c) for c in group))
        for number, taps in enumerate(kinds):
            classifiers = [c for c in group if taps_of(c) == taps]
            asked = [Asked(c, self.dataset, self.class_maps.get(c.name, {}), taps, CLEAN, False) for c in classifiers]
            once = {each.pass_id: each for each in asked}  # two names for one network take one pass
            found = run_together([*once.values()], self.workspace, None, part(report, number, len(kinds)))
            by_id = {record.pass_id: _Ran(record, parts) for record, parts in found}
            self.ran |= {each.classifier.name: by_id[each.pass_id] for each in asked}

    def _time(self, classifiers: Sequence[Classifier], report: Report) -> None:
        for number, device in enumerate(places := speed.devices()):
            for found in speed.measured(classifiers, device, report=part(report, number, len(places))):
                self.speeds.append(asdict(found) | {"measured_at": found.measured_at.isoformat()})

    def _bases(self, name: str, against: str | None) -> list[str]:
        """What a model is compared with: its parent, the first of its family, and the one that was named."""
        above = ancestors(self.members, name)
        named = [against] if against not in (None, name) else []
        return list(dict.fromkeys([*above[:1], *above[-1:], *named]))

    def _measures(self, name: str, against: str | None) -> Iterator[dict[str, Any]]:
        self.report(0.96, f"comparing {name}")
        assert self.dataset is not None
        found, record = self._answers(name), self.ran[name].record
        bases = [b for b in self._bases(name, against) if b in self.ran]
        for base in bases or [None]:
            result = figures(found, self._answers(base) if base else None)
            base_id = self.ran[base].record.model_id if base else ""
            dataset = self.dataset.record
            yield asdict(result.of(record.model_id, base_id, dataset.dataset_id, dataset.name))
            self._remark(name, result.remarks)

    def _remark(self, name: str, said: Sequence[str]) -> None:
        self.remarks += [line for each in said if (line := f"{name}: {each}") not in self.remarks]

    def _answers(self, name: str) -> Answers:
        if name not in self._read:
            ran = self.ran[name]
            self._read[name] = of_pass(ran.record, self.workspace / PASSES / ran.record.pass_id, ran.parts)
        return self._read[name]

    def _said_by_hand(self) -> dict[str, Any]:
        """Fingerprint -> class map, for models that took over what was said of their parent's classes."""
        return {
            self.ran[name].record.model_id: {str(k): v for k, v in said.items()}
            for name, said in self.class_maps.items()
            if name in self.ran and said
        }


def _opened(workspace: Path, dataset: str | None) -> OpenDataset | None:
    from analysis.datasets.opened import OpenDataset

    return OpenDataset.open(workspace / DATASETS / dataset) if dataset else None
