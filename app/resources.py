"""What the whole process shares: the store, the jobs, loaded classifiers, kept passes. Never a user's choice."""

from __future__ import annotations

import atexit
import importlib
import sys
import threading
import time
from collections import OrderedDict
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job, Jobs
from analysis.store import Store
from analysis.types import Report
from app.settings import Settings, resolve

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.attribution.kept import KeptPasses
    from models.classifier import Classifier

LOADED = 4
"""Classifiers in memory; the one used longest ago goes first."""

SWITCH_SECONDS = 0.0005
"""How long a computing thread may keep a page's thread waiting, a tenth of Python's usual."""

ENGINE = "engine"
_IMPORTED = ("torch", "models.catalogue", "analysis.pipelines.explain", "app.figures.grid")


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return resolve()


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The workspace's store, closed when the process ends. StoreBusy is not remembered: the next page tries again."""
    opened = Store.open(settings().workspace)
    atexit.register(opened.close)
    return opened


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """One lane of compute."""
    sys.setswitchinterval(SWITCH_SECONDS)
    made = Jobs(lanes=1)
    atexit.register(made.close)
    return made


@st.cache_resource(show_spinner=False)
def loading() -> Jobs:
    """One lane for what must be read or fetched, so that a download does not hold up the maps."""
    made = Jobs(lanes=1)
    atexit.register(made.close)
    return made


@st.cache_resource(show_spinner=False)
def kept() -> KeptPasses:
    from analysis.attribution.kept import KeptPasses

    return KeptPasses()


class Loaded:
    """Classifiers in memory, a few; the one used longest ago goes first."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._classifiers: OrderedDict[str, Classifier] = OrderedDict()

    def get(self, name: str) -> Classifier | None:
        with self._lock:
            if name in self._classifiers:
                self._classifiers.move_to_end(name)
            return self._classifiers.get(name)

    def put(self, name: str, classifier: Classifier) -> None:
        with self._lock:
            self._classifiers[name] = classifier
            while len(self._classifiers) > self._limit:
                self._classifiers.popitem(last=False)

    def forget(self, name: str) -> None:
        with self._lock:
            self._classifiers.pop(name, None)


@st.cache_resource(show_spinner=False)
def loaded() -> Loaded:
    return Loaded(LOADED)


def engine() -> Job[None] | None:
    """The job that imports torch and all that needs it, started when first asked for; None once it is done."""
    job = loading().get(ENGINE) or loading().submit(ENGINE, "Starting the engine", _import_engine)
    return None if job.state == "done" else job


def _import_engine(report: Report) -> None:
    time.sleep(0.15)  # the first page is on its way to the browser; importing would hold it up
    for number, name in enumerate(_IMPORTED):
        report(number / len(_IMPORTED), "loading torch")
        importlib.import_module(name)


def classifier(name: str) -> Classifier | Job[Classifier]:
    """A loaded classifier, or the job that loads it, or that failed to."""
    if found := loaded().get(name):
        return found
    job = loading().get(f"load:{name}")
    if job is None or job.state == "done":  # done, and gone from memory since
        job = load(name)
    return job


def load(name: str) -> Job[Classifier]:
    """Load a classifier in the background."""
    memory, keeper, folder = loaded(), store(), settings().imported_models

    def read(report: Report) -> Classifier:
        from analysis.engine.devices import best
        from models import catalogue

        report(0.0, "reading the weights, or fetching them if they are not here")
        found = catalogue.load(name, imported=folder, device=best())
        keeper.save_classifier(found)
        memory.put(name, found)
        return found

    return loading().submit(f"load:{name}", f"Loading {name}", read)
