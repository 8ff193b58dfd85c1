"""Build: which methods, how sparse, from which images; what that will make; one button."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import streamlit as st

from app import counted, resources
from app.variant_options import read_options, written_options
from app.variants_choice import Choice
from app.widgets import classifiers
from app.widgets.variants import data, methods, planned, progress, settings, sources

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member
    from analysis.pruning.registry import PruningMethod
    from analysis.records import DatasetRecord
    from analysis.types import Ask
    from app.variant_options import Options
    from models.classifier import Classifier


def section(choice: Choice) -> Choice:
    """Draw the steps; the choice that they show."""
    found = sources.known()
    (classifier,) = classifiers.ready([choice.base]) or (None,)
    if classifier is None:
        return choice
    st.markdown("#### 1 · Methods")
    asked = methods.section(choice, classifier)
    left, right = st.columns([1, 1], gap="large")
    with left:
        st.markdown("#### 2 · How much, from which images")
        levels = settings.levels(choice)
        options = read_options(choice.options)
        record, short = data.section(options.data, choice.base, classifier.class_names, found)
        options = planned.prefix(replace(options, data=short), choice.base)
    with right:
        st.markdown("#### 3 · Fine print")
        options = settings.tuning(options, [m for m, _ in asked], record is not None)
        options = settings.choosing(options)
        asked = methods.parameters(asked)
    st.markdown("#### 4 · What will be made")
    _plan(classifier, asked, levels, options, record, found)
    progress.section()
    return replace(choice, pruners=tuple(a for _, a in asked), levels=levels, options=written_options(options))


def _plan(
    classifier: Classifier,
    asked: Sequence[tuple[PruningMethod, Ask]],
    levels: Sequence[float],
    options: Options,
    record: DatasetRecord | None,
    found: Sequence[Member],
) -> None:
    """Draw the grid of methods and sparsities."""
    from app.variant_plan import rows

    coming = [name for job in resources.work().jobs() if job.active for name in progress.names([job])]
    here = {m.name: m.recipe for m in found}
    plan = rows(classifier, asked, levels, options, record, here, coming, resources.refusals())
    base = next((m for m in found if m.name == classifier.name), None)
    counted.wanted([base] if base else [])  # what it costs is said once that is known
    planned.grid(plan, levels, options, record.labelled if record else 0, base)
