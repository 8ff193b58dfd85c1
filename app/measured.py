"""How large the classifiers are: found out once by a background job, for cards that say so."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.engine.jobs import Job
from analysis.types import Report
from app import resources

if TYPE_CHECKING:
    from models.cards import Card
    from models.classifier import Classifier, Tap
    from models.facts import Facts

MEASURING = "measure"


@dataclass(frozen=True, slots=True)
class Measured:
    """What can be said of a classifier once it was loaded."""

    facts: Facts
    fingerprint: str
    taps: tuple[Tap, ...]
    default_tap: str | None
    linear_head: bool
    classes: int
    size: tuple[int, int]  # of its input: rows, columns


def known(name: str, card: Card | None) -> Measured | None:
    """What was found out; of a published one while it is in memory."""
    if card is None and (loaded := resources.loaded().get(name)) is not None:
        return resources.measured().made(loaded.fingerprint, lambda: _measure(loaded))
    return resources.measured().get(_key(name, card))


def wanted(cards: Sequence[tuple[str, Card | None]]) -> Job[None] | None:
    """The job that measures those that are not known yet, started when first asked for; None when there are none."""
    missing = [(name, card) for name, card in cards if card is not None and known(name, card) is None]
    key = f"{MEASURING}:{','.join(_key(name, card) for name, card in missing)}"
    if not missing or ((job := resources.loading().get(key)) is not None and not job.active):
        return None
    memory, folder = resources.measured(), resources.settings().imported_models

    def measure(report: Report) -> None:
        from models import catalogue
        from models.errors import CutawayError

        for number, (name, card) in enumerate(missing):
            report(number / len(missing), name)
            try:
                memory.put(_key(name, card), _measure(catalogue.load(name, imported=folder)))
            except CutawayError:  # the page says so when it is chosen
                continue

    return resources.loading().submit(key, "Measuring the models", measure)


def _key(name: str, card: Card | None) -> str:
    return f"{name}:{card.digest if card else ''}"


def _measure(classifier: Classifier) -> Measured:
    from models.facts import facts

    return Measured(
        facts=facts(classifier),
        fingerprint=classifier.fingerprint,
        taps=tuple(classifier.taps.values()),
        default_tap=classifier.default_tap,
        linear_head=classifier.head is not None,
        classes=len(classifier.class_names),
        size=classifier.preprocessing.size,
    )
