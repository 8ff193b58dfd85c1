"""Work that has a name and plain arguments: it runs in a worker process, and again after a restart.

What is asked is journaled in the store before it is queued; when the process dies, `resume` at the next start
queues what was not over. A kind's `compute` knows no store and leaves files that appear whole or not at all; its
`finish` takes them into the store, in the process that owns it. Both may run twice for one job, and the second
time finds done what is done.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.engine.job import Job, JobFailed
from analysis.engine.jobs import Jobs, QueueFull
from analysis.engine.messages import named
from analysis.engine.worker import Worker, WorkerClosed
from analysis.errors import StoreError
from analysis.pipelines.job_view import UNFINISHED, JobView, moment, view
from analysis.records import JobRecord
from analysis.store.keys import digest
from analysis.types import Report, silent
from models.errors import UnknownName

if TYPE_CHECKING:
    from analysis.store.store import Store

log = logging.getLogger(__name__)

_COMPUTED = 0.98  # of the whole; the rest is the store's
_LISTED = 500
_OVER = ("done", "failed", "cancelled")


@dataclass(frozen=True, slots=True)
class Kind:
    """A sort of work, its functions by name, so that importing them is left to the process that needs them."""

    compute: str  # "package.module:function"(arguments with "workspace", report) -> JSON object
    finish: str  # "package.module:function"(store, workspace, arguments, result) -> JSON object
    lane: str  # its name in `Jobs`, and the worker's


KINDS: Mapping[str, Kind] = {
    "predict": Kind("analysis.pipelines.predict:compute", "analysis.pipelines.predict:finish", "compute"),
    "train": Kind("analysis.pipelines.training:compute", "analysis.pipelines.training:finish", "compute"),
    "measure": Kind("analysis.pipelines.measuring:compute", "analysis.pipelines.measuring:finish", "compute"),
    "prune": Kind("analysis.pipelines.pruning:compute", "analysis.pipelines.pruning:finish", "compute"),
    "sweep": Kind("analysis.pipelines.sweep:compute", "analysis.pipelines.sweep:finish", "compute"),
    "fourier": Kind("analysis.pipelines.fourier:compute", "analysis.pipelines.fourier:finish", "compute"),
    "geometry": Kind("analysis.pipelines.geometry:compute", "analysis.pipelines.geometry:finish", "compute"),
    "embed": Kind("analysis.pipelines.embedding:compute", "analysis.pipelines.embedding:finish", "project"),
    "assess": Kind(
        "analysis.pipelines.embedding_quality:compute", "analysis.pipelines.embedding_quality:finish", "project"
    ),
    "cluster": Kind(
        "analysis.pipelines.embedding_clusters:compute", "analysis.pipelines.embedding_clusters:finish", "project"
    ),
    "import": Kind("analysis.pipelines.importing:compute", "analysis.pipelines.importing:finish", "io"),
    "generate": Kind("analysis.pipelines.generating:compute", "analysis.pipelines.generating:finish", "io"),
}


_GRACE_SECONDS: Mapping[str, float] = {"project": 1.0}
"""Numba hears no word while it computes: what is cancelled there is ended, so that the next can begin."""


@contextmanager
def workers(names: tuple[str, ...] = ("compute", "project", "io")) -> Iterator[dict[str, Worker]]:
    """A worker for every lane of work; their processes start when first needed and end with the block."""
    made = {name: Worker(name, grace_seconds=_GRACE_SECONDS.get(name, 10.0)) for name in names}
    try:
        yield made
    finally:
        for worker in made.values():
            worker.close()


class Work:
    """Submit, see, cancel and retry named work. Any thread may ask."""

    def __init__(
        self,
        jobs: Jobs,
        store: Store,
        workers: Mapping[str, Worker],
        workspace: Path,
        kinds: Mapping[str, Kind] = KINDS,
    ) -> None:
        self._jobs = jobs
        self._store = store
        self._workers = workers
        self._workspace = workspace
        self._kinds = kinds
        self._lock = threading.Lock()  # what happens to a job and what is written of it keep one order

    def submit(self, kind: str, arguments: Mapping[str, Any], title: str) -> Job[dict[str, Any]]:
        """Journal and queue it; the job already under way with these arguments, if there is one.

        Arguments are JSON without NaN, else TypeError or ValueError. UnknownName for the kind, QueueFull, StoreError.
        """
        if kind not in self._kinds:
            raise UnknownName("kind of work", kind, self._kinds)
        key = digest(kind=kind, arguments=arguments)
        return self._submit(JobRecord(key, kind, title, dict(arguments), "queued", "", datetime.now(UTC)))

    def resume(self) -> list[Job[dict[str, Any]]]:
        """Queue what the journal says was not over, oldest first. Do it once, at the start."""
        resumed = []
        for record in sorted(self._store.jobs(UNFINISHED, limit=_LISTED), key=lambda r: r.submitted_at):
            if record.kind not in self._kinds:
                said = f"This version of Cutaway has no work of the kind '{record.kind}'."
                self._store.put_job(replace(record, state="failed", message=said, finished_at=datetime.now(UTC)))
                continue
            with self._lock:
                resumed.append(self._queue(record, bounded=False))
        return resumed

    def jobs(self) -> list[JobView]:
        """What is under way and what is over, the newest first."""
        views = [view(r, self._jobs.get(r.key), self._jobs.ahead(r.key)) for r in self._store.jobs(limit=_LISTED)]
        return sorted(views, key=lambda v: v.submitted_at, reverse=True)

    def cancel(self, key: str) -> bool:
        """Stop a job: one that waits is out at once, one that runs at its next report. Whether it was not over."""
        with self._lock:
            record, job = self._record(key), self._jobs.get(key)
            active = record is not None and (job.active if job is not None else record.state in UNFINISHED)
            if record is not None and active:  # now, not when it ends: killed before that, it must not come back
                self._store.put_job(replace(record, state="cancelled", finished_at=datetime.now(UTC)))
        self._jobs.cancel(key)
        return active

    def retry(self, key: str) -> Job[dict[str, Any]]:
        """Run a job of the journal once more. JobFailed if it is not there."""
        record = self._record(key)
        if record is None:
            raise JobFailed("This job is not remembered any more. Start it where it was asked for.")
        return self.submit(record.kind, record.arguments, record.title)

    def clear_finished(self) -> None:
        """Forget the jobs that are over; what they made stays."""
        for record in self._store.jobs(_OVER, limit=_LISTED):
            with self._lock:
                job = self._jobs.get(record.key)
                if job is None or not job.active:  # a cancelled one may be on its way out
                    self._store.forget_job(record.key)
                    self._jobs.forget(record.key)

    def _submit(self, record: JobRecord) -> Job[dict[str, Any]]:
        with self._lock:
            job = self._jobs.get(record.key)
            if job is not None and job.active:
                return job
            self._store.put_job(record)
            try:
                return self._queue(record)
            except QueueFull:
                self._store.forget_job(record.key)
                raise

    def _queue(self, record: JobRecord, bounded: bool = True) -> Job[dict[str, Any]]:
        lane = self._kinds[record.kind].lane
        run, watch = partial(self._run, record), partial(self._journal, record)
        return self._jobs.submit(record.key, record.title, run, lane, watch, bounded=bounded)

    def _run(self, record: JobRecord, report: Report) -> dict[str, Any]:
        kind = self._kinds[record.kind]
        compute = partial(self._workers[kind.lane].call, kind.compute)
        return _done(compute, kind, self._store, self._workspace, record.arguments, report)

    def _journal(self, record: JobRecord, job: Job[Any]) -> None:
        """Write down how it stands; not that we leave in the middle of it, so that it goes on at the next start."""
        if job.state in ("queued", "interrupted") or isinstance(job.error, WorkerClosed):
            return
        message = str(job.error) if job.state == "failed" else ""
        with self._lock:
            if self._jobs.get(record.key) is job:
                now = replace(record, state=job.state, message=message, finished_at=moment(job.finished))
                self._store.put_job(now)

    def _record(self, key: str) -> JobRecord | None:
        return next((r for r in self._store.jobs(limit=_LISTED) if r.key == key), None)


def run_here(
    store: Store,
    workspace: Path,
    kind: str,
    arguments: Mapping[str, Any],
    report: Report = silent,
    kinds: Mapping[str, Kind] = KINDS,
) -> dict[str, Any]:
    """The same work in this process and thread, for the command line: no journal, and errors as they are raised."""
    if kind not in kinds:
        raise UnknownName("kind of work", kind, kinds)
    digest(kind=kind, arguments=arguments)  # the same refusal of what is not JSON
    chosen = kinds[kind]
    done = _done(named(chosen.compute), chosen, store, workspace, arguments, report)
    report(1.0, "")
    return done


def _done(
    compute: Any, kind: Kind, store: Store, workspace: Path, arguments: Mapping[str, Any], report: Report
) -> dict[str, Any]:
    given = {**arguments, "workspace": str(workspace)}
    result = compute(given, lambda fraction, message: report(_COMPUTED * fraction, message))
    report(_COMPUTED, "keeping the results")
    done = named(kind.finish)(store, workspace, dict(arguments), result)
    try:
        store.checkpoint()
    except StoreError:
        log.warning("the store's log could not be written into its file after '%s'", kind.compute, exc_info=True)
    return done
