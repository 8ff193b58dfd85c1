"""A job as a table shows it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from analysis.engine.job import Job, State
from analysis.records import JobRecord

UNFINISHED = ("queued", "running")


@dataclass(frozen=True, slots=True)
class JobView:
    """A job as a table shows it: what the journal knows, and what is known live."""

    key: str
    kind: str
    title: str
    arguments: Mapping[str, object]
    state: State
    fraction: float  # 0 to 1
    message: str  # a word on its progress; the error's sentence where it failed
    seconds: float | None  # how long it runs or ran; None where another process ran it
    seconds_left: float | None
    submitted_at: datetime
    finished_at: datetime | None
    ahead: int  # jobs that come before it

    @property
    def active(self) -> bool:
        return self.state in UNFINISHED


def view(record: JobRecord, job: Job[Any] | None, ahead: int) -> JobView:
    """What the journal says, overruled by the job itself where this process has it."""
    kept = JobView(
        key=record.key,
        kind=record.kind,
        title=record.title,
        arguments=record.arguments,
        state=record.state,
        fraction=float(record.state == "done"),
        message=record.message,
        seconds=None,
        seconds_left=None,
        submitted_at=record.submitted_at,
        finished_at=record.finished_at,
        ahead=0,
    )
    if job is None:
        return kept
    return replace(
        kept,
        state=job.state,
        fraction=job.fraction,
        message=str(job.error) if job.state == "failed" else job.message if job.active else "",
        seconds=job.seconds,
        seconds_left=job.seconds_left,
        finished_at=moment(job.finished),
        ahead=ahead,
    )


def moment(seconds: float | None) -> datetime | None:
    """Of the epoch, as a job has it -> aware."""
    return None if seconds is None else datetime.fromtimestamp(seconds, UTC)
