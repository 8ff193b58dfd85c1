"""The journal of jobs."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from analysis.records import JobRecord
from analysis.store import Store

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


def a_job(number: int, **changes) -> JobRecord:
    arguments = {"model": "tiny", "taps": ["a", "b"], "params": {"seed": number, "rate": 0.1}, "out": None}
    job = JobRecord(f"key{number}", "predict", f"job {number}", arguments, "queued", "", NOON + timedelta(number))
    return replace(job, **changes)


def test_jobs_are_kept_over_restarts_and_updated(tmp_path):
    with Store.open(tmp_path) as store:
        for number in range(4):
            store.put_job(a_job(number))
        done = a_job(1, state="done", finished_at=NOON)
        failed = a_job(2, state="failed", message="The disk 'is' full.", finished_at=NOON)
        store.put_job(done)
        store.put_job(failed)
    with Store.open(tmp_path) as store:
        assert store.jobs() == [a_job(3), failed, done, a_job(0)]
        assert store.jobs(["queued", "running"]) == [a_job(3), a_job(0)]
        assert store.jobs(("failed",), limit=5) == [failed]
        assert store.jobs([]) == []
        assert store.jobs(limit=2) == [a_job(3), failed]
        store.forget_job("key3")
        store.forget_job("key3")
        assert [j.key for j in store.jobs()] == ["key2", "key1", "key0"]


def test_arguments_must_be_plain(tmp_path):
    with Store.open(tmp_path) as store, pytest.raises(TypeError):
        store.put_job(a_job(0, arguments={"folder": tmp_path}))
