"""Named work over real threads, a real worker process and a real store: journaled, resumed, once."""

import os
import random
import signal
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from analysis.engine.job import JobFailed
from analysis.engine.jobs import Jobs, QueueFull
from analysis.engine.worker import Worker
from analysis.errors import DataError
from analysis.pipelines.work import KINDS, Kind, Work, run_here, workers
from analysis.records import JobRecord
from analysis.store import Store
from models.errors import UnknownName

SOON = 30.0  # seconds; an upper bound
ROOT = Path(__file__).parents[3]
TEST_KINDS = {
    name: Kind(f"work_functions:{name}", "work_functions:take", "compute") for name in ("count", "fail", "crash")
}
SHORT = {"name": "short", "steps": 3, "seconds": 0.0}  # 0 + 1 + 4
LONG = {"name": "long", "steps": 1000, "seconds": 0.02}
NOW = datetime(2026, 11, 21, tzinfo=UTC)


@pytest.fixture(autouse=True)
def functions_found(monkeypatch):
    folder = str(Path(__file__).parent)
    monkeypatch.setenv("PYTHONPATH", folder)
    monkeypatch.syspath_prepend(folder)


@pytest.fixture
def store(workspace):
    with Store.open(workspace) as opened:
        yield opened


@pytest.fixture(scope="module")
def worker():
    made = Worker("compute", grace_seconds=1.0)
    yield made
    made.close()


@pytest.fixture
def work(store, worker, workspace):
    with Jobs({"compute": 1}, limit=2) as jobs:
        yield Work(jobs, store, {"compute": worker}, workspace, TEST_KINDS)


def journaled(store):
    return {r.arguments["name"]: (r.state, r.message) for r in store.jobs()}


def until(condition):
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it never came to that"
        time.sleep(0.01)


def counted(workspace, name):
    file = workspace / "counted" / name / "computed"
    return file.read_text().split() if file.exists() else []


def test_it_is_computed_there_and_taken_in_here(work, store, workspace):
    job = work.submit("count", SHORT, "Counting")
    assert job.outcome(SOON) == {"kept": 5}
    name, total, pid = (workspace / "taken").read_text().split()
    assert (name, total, int(pid)) == ("short", "5", os.getpid())
    assert os.getpid() != int((workspace / "counted" / "short" / "starts").read_text())
    assert journaled(store) == {"short": ("done", "")}
    (view,) = work.jobs()
    assert (view.key, view.kind, view.title, view.arguments) == (job.key, "count", "Counting", SHORT)
    assert (view.state, view.active, view.fraction, view.seconds_left) == ("done", False, 1.0, None)
    assert view.submitted_at <= view.finished_at
    assert view.seconds == job.seconds


def test_the_same_work_twice_is_one_job_until_it_is_over(work):
    first = work.submit("count", LONG, "Counting")
    assert work.submit("count", dict(reversed(LONG.items())), "Again") is first
    other = work.submit("count", SHORT, "Other")
    assert other.key != first.key
    until(lambda: first.state == "running")
    assert [(v.title, v.state, v.ahead) for v in work.jobs()] == [("Other", "queued", 1), ("Counting", "running", 0)]
    work.cancel(first.key)
    assert other.outcome(SOON)
    again = work.submit("count", SHORT, "Other")
    assert again is not other
    assert again.outcome(SOON) == {"kept": 5}


def test_what_is_asked_is_in_the_journal_before_it_begins(work, store):
    work.submit("count", LONG, "Counting")
    work.submit("count", SHORT, "Other")
    assert journaled(store)["short"] == ("queued", "")
    until(lambda: journaled(store)["long"] == ("running", ""))


def test_a_failure_is_journaled_with_its_sentence_and_can_be_tried_again(work, store):
    job = work.submit("fail", SHORT, "Importing")
    with pytest.raises(DataError, match="no images"):
        job.outcome(SOON)
    assert journaled(store) == {"short": ("failed", "The folder has no images.")}
    assert work.jobs()[0].message == "The folder has no images."
    again = work.retry(job.key)
    assert again.wait(SOON)
    assert again is not job
    with pytest.raises(JobFailed, match="not remembered"):
        work.retry("unknown")


def test_a_crash_of_the_worker_fails_its_job_alone(work, store):
    crashed = work.submit("crash", SHORT, "Training")
    fine = work.submit("count", SHORT | {"name": "fine"}, "Counting")
    with pytest.raises(JobFailed, match="ran out of memory"):
        crashed.outcome(SOON)
    assert fine.outcome(SOON) == {"kept": 5}
    assert journaled(store)["short"][0] == "failed"


def test_a_cancelled_job_does_not_come_back(work, store, workspace):
    running, waiting = work.submit("count", LONG, "Counting"), work.submit("count", SHORT, "Other")
    until(lambda: counted(workspace, "long"))
    assert work.cancel(running.key)
    assert journaled(store)["long"] == ("cancelled", "")  # at once, as it may be killed before it has stopped
    assert work.cancel(waiting.key)
    assert waiting.state == "cancelled"
    assert running.wait(SOON)
    assert running.state == "cancelled"
    assert not work.cancel(running.key)
    assert not work.cancel("unknown")
    assert work.resume() == []


def test_closing_interrupts_and_the_next_start_goes_on(store, workspace):
    middle = {"name": "middle", "steps": 40, "seconds": 0.02}
    with workers(("compute",)) as made, Jobs({"compute": 1}) as jobs:
        before = Work(jobs, store, made, workspace, TEST_KINDS)
        cut = before.submit("count", middle, "Middle")
        waiting = before.submit("count", SHORT, "Short")
        until(lambda: len(counted(workspace, "middle")) > 3)
    assert (cut.state, waiting.state) == ("interrupted", "interrupted")
    assert journaled(store) == {"middle": ("running", ""), "short": ("queued", "")}
    with workers(("compute",)) as made, Jobs({"compute": 1}) as jobs:
        after = Work(jobs, store, made, workspace, TEST_KINDS)
        resumed = after.resume()
        assert [job.title for job in resumed] == ["Middle", "Short"]
        assert [job.outcome(SOON)["kept"] for job in resumed] == [20540, 5]
    assert counted(workspace, "middle") == [str(i) for i in range(40)]
    assert {state for state, _ in journaled(store).values()} == {"done"}


def test_workers_closed_before_their_jobs_are_no_failure_either(store, workspace):
    with Jobs({"compute": 1}) as jobs:
        with workers(("compute",)) as made:
            job = Work(jobs, store, made, workspace, TEST_KINDS).submit("count", LONG, "Counting")
            until(lambda: counted(workspace, "long"))
        assert job.wait(SOON)
    assert journaled(store)["long"][0] == "running"


def test_work_of_a_newer_version_is_told_and_holds_up_nothing(work, store):
    known = JobRecord("a", "count", "Known", SHORT, "running", "", NOW)
    store.put_job(known)
    store.put_job(replace(known, key="b", kind="dream", title="Unknown", arguments={"name": "new"}))
    (resumed,) = work.resume()
    assert resumed.outcome(SOON) == {"kept": 5}
    assert journaled(store)["new"] == ("failed", "This version of Cutaway has no work of the kind 'dream'.")


def test_what_is_refused_leaves_nothing_in_the_journal(work, store, workspace):
    work.submit("count", LONG, "Counting")
    until(lambda: counted(workspace, "long"))
    for name in "ab":
        work.submit("count", LONG | {"name": name}, "Waits")
    with pytest.raises(QueueFull):
        work.submit("count", LONG | {"name": "c"}, "Too many")
    with pytest.raises(UnknownName, match=r"kind of work named 'coun'\. Did you mean: count"):
        work.submit("coun", SHORT, "Misspelt")
    with pytest.raises(TypeError, match="Path"):
        work.submit("count", {"name": Path("p")}, "Not plain")
    with pytest.raises(ValueError, match="JSON"):
        work.submit("count", {"name": float("nan")}, "Not a number")
    assert set(journaled(store)) == {"long", "a", "b"}


def test_what_was_accepted_once_is_resumed_in_order_however_much_it_is(work, store):
    for number in range(5):  # two may wait
        asked = SHORT | {"name": f"n{number}"}
        when = NOW + timedelta(seconds=-number)
        store.put_job(JobRecord(f"key{number}", "count", f"Job {number}", asked, "queued", "", when))
    resumed = work.resume()
    assert [job.title for job in resumed] == ["Job 4", "Job 3", "Job 2", "Job 1", "Job 0"]
    assert resumed[-1].outcome(SOON) == {"kept": 5}


def test_what_is_only_in_the_journal_can_be_cancelled(work, store):
    store.put_job(JobRecord("key", "count", "Lost", LONG, "queued", "", NOW))
    assert [view.state for view in work.jobs()] == ["queued"]
    assert work.cancel("key")
    assert journaled(store) == {"long": ("cancelled", "")}
    assert work.resume() == []


def test_clearing_forgets_what_is_over(work, store, workspace):
    done = work.submit("count", SHORT, "Short")
    assert done.wait(SOON)
    store.put_job(JobRecord("old", "count", "Of the last week", {"name": "old"}, "failed", "Why.", NOW))
    work.submit("count", LONG, "Long")
    until(lambda: counted(workspace, "long"))
    titles = [view.title for view in work.jobs()]
    assert titles == ["Long", "Short", "Of the last week"]
    work.clear_finished()
    assert [view.title for view in work.jobs()] == ["Long"]
    assert set(journaled(store)) == {"long"}


def test_here_is_the_same_without_a_journal(store, workspace):
    workspace.mkdir(exist_ok=True)
    heard = []
    done = run_here(store, workspace, "count", SHORT, lambda f, m: heard.append(f), TEST_KINDS)
    assert done == {"kept": 5}
    assert heard == sorted(heard)
    assert heard[-1] == 1.0
    assert (workspace / "counted" / "short" / "starts").read_text().split() == [str(os.getpid())]
    assert store.jobs() == []
    with pytest.raises(DataError, match="no images"):
        run_here(store, workspace, "fail", SHORT, kinds=TEST_KINDS)
    with pytest.raises(UnknownName):
        run_here(store, workspace, "counts", SHORT, kinds=TEST_KINDS)


def test_every_kind_has_its_lane_and_its_functions():
    computing = {"predict", "measure", "prune", "train", "sweep", "fourier"}
    assert set(KINDS) == {*computing, "geometry", "embed", "assess", "cluster", "import", "generate"}
    assert {name for name, kind in KINDS.items() if kind.lane == "project"} == {"embed", "assess", "cluster"}
    with workers() as made:
        assert {kind.lane for kind in KINDS.values()} == set(made)


OWNER = """
import sys, time
from pathlib import Path
from analysis.engine.jobs import Jobs
from analysis.pipelines.work import Kind, Work, workers
from analysis.store import Store

kinds = {"count": Kind("work_functions:count", "work_functions:take", "compute")}
with Store.open(Path(sys.argv[1])) as store, Jobs({"compute": 1}) as jobs, workers(("compute",)) as made:
    work = Work(jobs, store, made, Path(sys.argv[1]), kinds)
    resumed = work.resume()
    if not resumed:
        resumed = [work.submit("count", {"name": "killed", "steps": 50, "seconds": 0.02}, "Killed")]
    print("submitted", flush=True)
    print(resumed[0].outcome(60)["kept"], flush=True)
"""


def test_killed_at_random_moments_it_goes_on_and_ends_once(workspace):
    moments = random.Random(3)
    for _ in range(4):
        owner = subprocess.Popen([sys.executable, "-c", OWNER, str(workspace)], cwd=ROOT, stdout=subprocess.PIPE)
        with owner:
            assert owner.stdout.readline() == b"submitted\n"
            time.sleep(moments.uniform(0.0, 0.5))
            owner.send_signal(signal.SIGKILL)
    last = subprocess.run([sys.executable, "-c", OWNER, str(workspace)], cwd=ROOT, capture_output=True, timeout=60)
    assert last.stdout == b"submitted\n40425\n", last.stderr
    assert sorted(map(int, counted(workspace, "killed"))) == list(range(50))
    assert len((workspace / "taken").read_text().split("\n")) == 2  # taken in once
    with Store.open(workspace) as store:
        assert journaled(store) == {"killed": ("done", "")}
