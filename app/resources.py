"""What the whole process shares: the store, the jobs, loaded classifiers, open datasets. Never a user's choice."""

from __future__ import annotations

import atexit
import gc
import importlib
import sys
import time
from contextlib import ExitStack
from typing import TYPE_CHECKING

import streamlit as st

from analysis.engine.jobs import Job, Jobs
from analysis.store import Store
from analysis.types import Report
from app.recent import Recent
from app.settings import Settings, resolve

if TYPE_CHECKING:  # importing them costs seconds of torch
    from analysis.attribution.kept import KeptPasses
    from analysis.datasets.opened import OpenDataset
    from analysis.engine.worker import Worker
    from analysis.pipelines.work import Work
    from app.measured import Measured
    from app.serving import Context
    from models.classifier import Classifier

LOADED = 8
"""Classifiers in memory: six variants side by side, their base, and one more."""

MEASURED = 1000
OPENED = 16
"""Datasets open; their pixels are mapped, not read, so an open one costs its table of samples."""

SPRITE_BYTES = 64 * 2**20
"""Thumbnail sheets in memory."""

BLOB_BYTES = 192 * 2**20
"""Points, colours and the like that browsers may still fetch: those of some hundred pages with 50,000 samples."""

CONTEXTS = 200
"""Datasets with their passes that browsers may ask about."""

LANES = {"explain": 1, "compute": 1, "project": 1, "io": 1}
"""Short work for a page; passes and trainings; embeddings; imports and exports."""

SWITCH_SECONDS = 0.0005
"""How long a computing thread may keep a page's thread waiting, a tenth of Python's usual."""

ENGINE, BUNDLED, BUNDLED_FEATURES = "engine", "bundled sweeps", "bundled features"
_IMAGES = 0.9  # of the time that bundled features take where their images must be generated
_IMPORTED = ("torch", "models.catalogue", "analysis.pipelines.explain", "app.figures.grid", "pandas")


@st.cache_resource(show_spinner=False)
def settings() -> Settings:
    return resolve()


@st.cache_resource(show_spinner=False)
def closing() -> ExitStack:
    """What must be closed when the process ends, what was opened last first."""
    stack = ExitStack()
    atexit.register(stack.close)
    return stack


@st.cache_resource(show_spinner=False)
def store() -> Store:
    """The workspace's store. StoreBusy is not remembered: the next page tries again."""
    return closing().enter_context(Store.open(settings().workspace))


@st.cache_resource(show_spinner=False)
def _workers() -> dict[str, Worker]:
    """A process for each lane of work that is kept over restarts, started when it is first needed."""
    from analysis.pipelines.work import workers

    store()
    return closing().enter_context(workers())


def worker(lane: str) -> Worker:
    """The process of a lane, for what must not run in this one."""
    return _workers()[lane]


@st.cache_resource(show_spinner=False)
def jobs() -> Jobs:
    """A lane for each sort of work, so that none holds up another. They end before what they use: workers, store."""
    _workers()
    sys.setswitchinterval(SWITCH_SECONDS)
    return closing().enter_context(Jobs(LANES))


@st.cache_resource(show_spinner=False)
def loading() -> Jobs:
    """One lane for what must be read or fetched, so that a download does not hold up the maps."""
    store()
    return closing().enter_context(Jobs(1))


@st.cache_resource(show_spinner=False)
def work() -> Work:
    """Work that is kept over restarts. What was cut short goes on when this is first asked for."""
    from analysis.pipelines.work import Work

    made = Work(jobs(), store(), _workers(), settings().workspace)
    made.resume()
    return made


@st.cache_resource(show_spinner=False)
def kept() -> KeptPasses:
    from analysis.attribution.kept import KeptPasses

    return KeptPasses()


@st.cache_resource(show_spinner=False)
def loaded() -> Recent[str, Classifier]:
    return Recent(LOADED)


@st.cache_resource(show_spinner=False)
def measured() -> Recent[str, Measured]:
    """How large classifiers are, by name and weights; see measured.py."""
    return Recent(MEASURED)


@st.cache_resource(show_spinner=False)
def refusals() -> Recent[str, str]:
    """Why methods of pruning cannot serve a classifier or a recipe, in words; empty where they can."""
    return Recent(MEASURED)


@st.cache_resource(show_spinner=False)
def sprites() -> Recent[str, bytes]:
    """Sheets of thumbnails as files' bytes, under a key that says what is on them."""
    return Recent(SPRITE_BYTES, len)


@st.cache_resource(show_spinner=False)
def blobs() -> Recent[str, tuple[bytes, str]]:
    """What browsers may fetch, under a token: (bytes, media type); see serving.py."""
    return Recent(BLOB_BYTES, lambda kept: len(kept[0]))


@st.cache_resource(show_spinner=False)
def contexts() -> Recent[str, Context]:
    """What browsers may ask about, under a token; see serving.py."""
    return Recent(CONTEXTS)


@st.cache_resource(show_spinner=False)
def _opened() -> Recent[str, OpenDataset]:
    return Recent(OPENED)


def dataset(dataset_id: str) -> OpenDataset:
    """A dataset's images, open. DataError where its files are missing or damaged."""

    def opened() -> OpenDataset:
        from analysis.datasets.opened import OpenDataset

        return OpenDataset.open(settings().datasets / dataset_id)

    return _opened().made(dataset_id, opened)


def close_dataset(dataset_id: str) -> None:
    """Let go of a dataset that is to be deleted."""
    _opened().forget(dataset_id)


def has_gpu() -> bool:
    """Whether there is a CUDA device; only once the engine has started."""
    from analysis.engine.devices import best

    return best() == "cuda"


def engine() -> Job[None] | None:
    """The job that imports torch and all that needs it, started when first asked for; None once it is done."""
    job = loading().get(ENGINE) or loading().submit(ENGINE, "Starting the engine", _import_engine)
    return None if job.state == "done" else job


def bundled() -> Job[None] | None:
    """The job that takes in the sweeps that come with Cutaway, started when first asked for; None once it is done.

    What it takes for the first time needs its images: they are generated by a job that any page shows.
    """
    job = loading().get(BUNDLED)
    if job is None:
        keeper, worker = store(), work()

        def take(report: Report) -> None:
            from analysis.pipelines import bundling

            if bundling.take_in(keeper, report=report):
                worker.submit("generate", bundling.shapes_test(), "Generating the images of the Shapes sweep")

        job = loading().submit(BUNDLED, "Taking in the sweeps that come with Cutaway", take)
    return None if job.state == "done" else job


def bundled_features() -> Job[None] | None:
    """The job that takes in the features that come with Cutaway, started when first asked for; None once it is done.

    Where their images are not here yet, it waits until another job has generated them.
    """
    job = loading().get(BUNDLED_FEATURES)
    if job is None:
        keeper, worker, folder = store(), work(), settings().workspace

        def take(report: Report) -> None:
            from analysis.pipelines import bundling, feature_bundle

            if feature_bundle.waits_for_images(keeper):
                title = "Generating the images of the Shapes sweep"
                images = worker.submit("generate", bundling.shapes_test(), title)
                feature_bundle.prepare()
                while not images.wait(0.1):
                    report(_IMAGES * images.fraction, images.message)
            feature_bundle.take_in(keeper, folder, lambda f, said: report(_IMAGES + (1 - _IMAGES) * f, said))

        job = loading().submit(BUNDLED_FEATURES, "Taking in the features that come with Cutaway", take)
    return None if job.state == "done" else job


def _import_engine(report: Report) -> None:
    time.sleep(0.15)  # the first page is on its way to the browser; importing would hold it up
    for number, name in enumerate(_IMPORTED):
        report(number / len(_IMPORTED), "loading torch")
        importlib.import_module(name)
    gc.collect()
    gc.freeze()  # what is imported stays: the collector need not walk through all of torch again and again


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
