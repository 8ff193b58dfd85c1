"""The passes of a base and of a variant over one dataset: what changed between them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from analysis.passes.conditions import CLEAN
from analysis.records import Filter, PassRecord
from app import resources

if TYPE_CHECKING:
    from analysis.store.changes import Moved
    from models.classifier import Classifier


@dataclass(frozen=True, slots=True)
class Between:
    """Two models over a dataset, as far as they have been run over it."""

    dataset_id: str
    base: PassRecord | None
    variant: PassRecord | None

    @property
    def complete(self) -> bool:
        return self.base is not None and self.variant is not None

    @property
    def number(self) -> Moved:
        """What is told to have moved: the margin, where both heads have one."""
        linear = self.base is not None and self.base.linear_head and self.variant is not None
        return "margin" if linear and self.variant is not None and self.variant.linear_head else "confidence"

    def filter(self, selection: str = "", agree: bool | None = None) -> Filter:
        """All images of the dataset, or of a selection, with both passes."""
        return Filter(
            self.dataset_id,
            pass_id=self.base.pass_id if self.base else None,
            other_pass=self.variant.pass_id if self.variant else None,
            agree=agree,
            selection_id=selection or None,
        )


def between(dataset_id: str, base: Classifier, variant: Classifier) -> Between:
    """The latest passes over the images as they are."""
    store = resources.store()
    found = [store.passes(dataset_id, model.fingerprint) for model in (base, variant)]
    clean = [next((p for p in passes if p.condition == CLEAN.name), None) for passes in found]
    return Between(dataset_id, clean[0], clean[1])
