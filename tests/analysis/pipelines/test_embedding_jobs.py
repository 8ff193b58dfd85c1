"""Real UMAP in the worker process of its lane: three at once, stopped at once, killed."""

import os
import signal
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from analysis.datasets.opened import OpenDataset
from analysis.engine.job import JobFailed
from analysis.engine.jobs import Jobs
from analysis.engine.worker import Worker
from analysis.pipelines import embedding
from analysis.pipelines.work import Work, workers
from analysis.store import Store
from tests.analysis.pipelines.embedding_specimens import MODEL, dataset_in

pytestmark = pytest.mark.slow

SOON = 300.0  # seconds; an upper bound for what compiles on a busy machine
AT_ONCE = 2.0


@dataclass(frozen=True)
class Server:
    """What a server has for embeddings."""

    store: Store
    workspace: Path
    work: Work
    worker: Worker
    dataset: OpenDataset

    def asked(self, method: str = "umap", **given):
        what = {"model": MODEL, "dataset_id": self.dataset.record.dataset_id, "method": method}
        return embedding.asked(self.store, self.workspace, **what, **given)

    def submit(self, method: str = "umap", **given):
        return self.work.submit("embed", self.asked(method, **given), f"{method} of colours")


@pytest.fixture
def server(workspace) -> Iterator[Server]:
    with Store.open(workspace) as store, workers(("project",)) as made, Jobs({"project": 1}) as jobs:
        dataset = dataset_in(workspace, store, 60)
        yield Server(store, workspace, Work(jobs, store, made, workspace), made["project"], dataset)


def until(condition) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.005)


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_three_at_once_wait_for_each_other_and_all_are_laid_out(server):
    numba, running = "numba" in sys.modules, []
    submitted = [server.submit(seed=seed) for seed in (0, 1, 2)]
    assert sorted(view.ahead for view in server.work.jobs()) in ([0, 1, 2], [0, 0, 1])  # the first may have begun
    while any(job.active for job in submitted):
        running.append(sum(job.state == "running" for job in submitted))
        time.sleep(0.05)
    assert max(running) == 1
    found = [job.outcome(SOON)["embedding_ids"][0] for job in submitted]
    assert {server.store.embeddings.one(each).seed for each in found} == {0, 1, 2}
    assert len(server.store.passes()) == 1
    assert ("numba" in sys.modules) == numba  # it never comes into the server's own process
    assert server.submit(seed=0).outcome(AT_ONCE)["embedding_ids"] == [found[0]]  # read back


def test_what_is_cancelled_stops_at_once_and_the_next_works(server):
    job = server.submit(params={"n_epochs": 5000})
    until(lambda: job.message == "finding neighbours")  # and importing numba, which hears no word
    pid = server.worker.pid
    began = time.monotonic()
    assert server.work.cancel(job.key)
    assert job.wait(AT_ONCE)
    assert time.monotonic() - began < AT_ONCE
    assert job.state == "cancelled"
    assert not alive(pid)
    assert server.store.embeddings.all() == []
    after = server.submit("pca").outcome(SOON)
    assert server.store.embeddings.has(after["embedding_ids"][0])
    assert server.worker.pid != pid


def test_a_worker_that_is_killed_fails_its_job_alone(server):
    job, after = server.submit(), server.submit("pca")
    until(lambda: job.message == "finding neighbours")
    os.kill(server.worker.pid, signal.SIGKILL)
    with pytest.raises(JobFailed, match="memory"):
        job.outcome(SOON)
    assert server.store.embeddings.has(after.outcome(SOON)["embedding_ids"][0])
    assert not server.store.check()
