"""Choosing classifiers from the catalogue, adding others, waiting while they load."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job
from app import resources
from app.boundary import guarded, plain
from app.session import PAGE, Choice
from app.widgets.adding import adding
from app.widgets.progress import settled, watch

if TYPE_CHECKING:
    from models.classifier import Classifier


FIRST = "resnet20-cifar10"
"""The one that a new page asks: of the bundled ones it alone knows what is on photos."""


def names() -> list[str]:
    """Bundled and imported ones; those of timm and torchvision join when they are chosen."""
    from models import catalogue

    entries = [*catalogue.bundled(), *catalogue.imported(resources.settings().imported_models)]
    return sorted((entry.name for entry in entries), key=lambda name: name != FIRST)


def choose(choice: Choice, known: Sequence[str]) -> tuple[str, ...]:
    """Draw the choice and the way to add one; the names chosen."""
    options = list(dict.fromkeys([*known, *choice.classifiers]))
    key = PAGE.seed("classifiers", list(choice.classifiers) or options[:1])
    chosen = st.multiselect("Classifier", options, key=key, placeholder="Choose")
    adding(lambda name: PAGE.change(classifiers=(name,), taps=(), targets=()))
    return tuple(chosen)


def ready(chosen: Sequence[str]) -> list[Classifier]:
    """Load what is not in memory, saying so; those that can be used now."""
    found = {name: resources.classifier(name) for name in chosen}
    settled([job for job in found.values() if isinstance(job, Job)])
    found = {name: resources.classifier(name) for name in chosen}
    jobs = [job for job in found.values() if isinstance(job, Job)]
    for job in jobs:
        if job.error is not None:
            _failed(job)
    if waiting := [job.key for job in jobs if job.active]:
        watch(resources.loading(), waiting)
        st.skeleton(height=420)
    return [c for c in found.values() if not isinstance(c, Job)]


def _failed(job: Job) -> None:
    left, right = st.columns([6, 1], vertical_alignment="center")
    left.warning(plain(f"{job.title}: {job.error}"), icon=":material/cloud_off:")
    name = job.key.removeprefix("load:")
    right.button("Try again", key=f"again.{job.key}", on_click=guarded(_again), args=(name,), width="stretch")


def _again(name: str) -> None:
    resources.load(name)
