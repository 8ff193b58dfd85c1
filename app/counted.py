"""What models are made of, layer by layer: counted once by a background job where no card says it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from analysis.engine.jobs import Job
from analysis.types import Report
from app import resources

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member


def wanted(members: Sequence[Member]) -> Job[None] | None:
    """The job that counts those without a profile, started when first asked for; None where there are none."""
    missing = [m.name for m in members if m.profile is None and m.architecture]
    key = f"count:{','.join(missing)}"
    if not missing or ((job := resources.loading().get(key)) is not None and not job.active):
        return None
    store, folder = resources.store(), resources.settings().imported_models

    def count(report: Report) -> None:
        from models import catalogue
        from models.counting import profile
        from models.errors import CutawayError

        for number, name in enumerate(missing):
            report(number / len(missing), name)
            try:
                found = catalogue.load(name, imported=folder)
                store.save_classifier(found)
                store.save_profile(found.fingerprint, profile(found))
            except CutawayError:  # the page says so when it is chosen
                continue

    return resources.loading().submit(key, "Counting weights", count)
