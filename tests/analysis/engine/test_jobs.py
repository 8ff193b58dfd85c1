"""Jobs with real threads: run once, watched, stopped, bounded."""

import threading
import time

import pytest

from analysis.engine import job as job_module
from analysis.engine import jobs as jobs_module
from analysis.engine.job import JobFailed
from analysis.engine.jobs import Jobs, QueueFull
from analysis.errors import Cancelled, DataError

SOON = 5.0  # seconds; an upper bound, nothing waits that long when all is well


@pytest.fixture
def jobs():
    with Jobs() as opened:
        yield opened


class Gate:
    """A job that runs until it is let go, reporting all the time."""

    def __init__(self) -> None:
        self.running = threading.Event()
        self.go = threading.Event()
        self.calls = 0

    def __call__(self, report) -> str:
        self.calls += 1
        self.running.set()
        while not self.go.wait(0.005):
            report(0.5, "half way")
        return "passed"


def test_a_result_comes_back(jobs):
    job = jobs.submit("a", "A sum", lambda report: 1 + 1)
    assert job.outcome(SOON) == 2
    assert (job.state, job.fraction, job.error, job.seconds_left) == ("done", 1.0, None, None)
    assert job.submitted <= job.started <= job.finished
    assert jobs.get("a") is job
    assert jobs.get("b") is None


def test_asked_twice_runs_once(jobs):
    gate = Gate()
    job = jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    assert jobs.submit("a", "Gate", gate) is job
    waiting = jobs.submit("b", "Gate", gate)
    assert jobs.submit("b", "Gate", gate) is waiting
    assert (job.state, waiting.state) == ("running", "queued")
    gate.go.set()
    assert waiting.wait(SOON)
    assert gate.calls == 2


def test_a_finished_key_runs_again(jobs):
    first = jobs.submit("a", "One", lambda report: 1)
    assert first.wait(SOON)
    second = jobs.submit("a", "Two", lambda report: 2)
    assert second.outcome(SOON) == 2
    assert jobs.get("a") is second
    assert jobs.list() == [second]


def test_progress_is_seen_and_never_falls(jobs):
    seen, go = threading.Event(), threading.Event()

    def work(report):
        for fraction in (0.25, 0.5, 0.4, 7.0):
            report(fraction, f"at {fraction}")
            if fraction == 0.4:
                seen.set()
                go.wait(SOON)

    job = jobs.submit("a", "Steps", work)
    assert seen.wait(SOON)
    assert (job.fraction, job.message) == (0.5, "at 0.4")
    assert job.seconds_left == pytest.approx(job.seconds, abs=0.1)  # half done: as long again
    go.set()
    assert job.wait(SOON)
    assert job.fraction == 1.0


def test_a_running_job_stops_at_its_next_report(jobs):
    gate = Gate()
    job = jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    assert jobs.cancel("a")
    assert job.wait(SOON)
    assert job.state == "cancelled"
    assert not jobs.cancel("a")
    assert not jobs.cancel("unknown")
    with pytest.raises(Cancelled, match="Gate"):
        job.outcome()


def test_a_queued_job_is_out_at_once(jobs):
    gate, calls = Gate(), []
    jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    job = jobs.submit("b", "Never", lambda report: calls.append(1))
    assert jobs.cancel("b")
    assert job.state == "cancelled"
    again = jobs.submit("b", "Now", lambda report: calls.append(2))
    gate.go.set()
    assert again.wait(SOON)
    assert calls == [2]


def test_our_errors_are_kept_as_they_are(jobs):
    error = DataError("The file is empty.")

    def work(report):
        raise error

    job = jobs.submit("a", "Read", work)
    assert job.wait(SOON)
    assert (job.state, job.error) == ("failed", error)


@pytest.mark.parametrize(
    ("raised", "said"),
    [(KeyError("x"), "error in Cutaway .KeyError."), (MemoryError(), "more memory"), (SystemExit(3), "SystemExit")],
)
def test_other_errors_become_one_sentence_and_the_lane_goes_on(jobs, caplog, raised, said):
    def work(report):
        raise raised

    job = jobs.submit("a", "Grad-CAM of cat.png", work)
    assert job.wait(SOON)
    assert isinstance(job.error, JobFailed)
    with pytest.raises(JobFailed, match=said):
        job.outcome()
    assert "Traceback" in caplog.text
    assert jobs.submit("b", "Next", lambda report: 1).outcome(SOON) == 1


def test_the_queue_is_bounded():
    gate = Gate()
    with Jobs(limit=2) as jobs:
        jobs.submit("a", "Gate", gate)
        assert gate.running.wait(SOON)
        for key in "bc":
            jobs.submit(key, "Waits", gate)
        with pytest.raises(QueueFull, match="2 jobs are waiting"):
            jobs.submit("d", "Too many", gate)
        jobs.cancel("b")
        jobs.submit("d", "Fits", gate)
        gate.go.set()


def test_old_results_and_jobs_are_dropped(jobs, monkeypatch):
    monkeypatch.setattr(jobs_module, "_RESULTS_KEPT", 2)
    monkeypatch.setattr(jobs_module, "_JOBS_KEPT", 4)
    made = [jobs.submit(str(i), f"Job {i}", lambda report, i=i: i) for i in range(7)]
    jobs.submit("last", "Last", lambda report: None).wait(SOON)
    jobs.close()  # the lane has put the last one away
    assert [j.key for j in jobs.list()] == ["4", "5", "6", "last"]
    assert [j.result for j in made[:6]] == [None] * 6
    assert made[6].result == 6


def test_lanes_work_side_by_side():
    both = threading.Barrier(2, timeout=SOON)
    with Jobs(lanes=2) as jobs:
        made = [jobs.submit(k, "Meets the other", lambda report: both.wait()) for k in "ab"]
        assert {j.outcome(SOON) for j in made} == {0, 1}


def test_many_threads_asking_for_one_key_get_one_job(jobs):
    gate, got = Gate(), []
    threads = [threading.Thread(target=lambda: got.append(jobs.submit("a", "Gate", gate))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gate.go.set()
    assert got[0].wait(SOON)
    assert len({id(job) for job in got}) == 1
    assert gate.calls == 1


def test_close_interrupts_everything():
    gate = Gate()
    jobs = Jobs()
    running = jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    queued = jobs.submit("b", "Gate", gate)
    jobs.close()
    assert (running.state, queued.state) == ("interrupted", "interrupted")
    assert "shutting down" in str(running.error)
    assert gate.calls == 1
    assert not any(lane.is_alive() for lane in jobs._lanes)
    with pytest.raises(QueueFull, match="shutting down"):
        jobs.submit("c", "Late", gate)


def test_what_the_user_cancelled_is_not_called_interrupted():
    cancelled, go = threading.Event(), threading.Event()

    def work(report):
        cancelled.wait(SOON)
        go.wait(SOON)
        report(0.5, "")

    jobs = Jobs()
    job = jobs.submit("a", "Slow to hear", work)
    jobs.cancel("a")
    cancelled.set()
    jobs.close(timeout=0.0)
    go.set()
    assert job.wait(SOON)
    assert job.state == "cancelled"


def test_an_error_during_the_shutdown_is_an_interruption():
    go = threading.Event()

    def work(report):
        go.wait(SOON)
        raise DataError("The workspace has been closed.")

    jobs = Jobs()
    job = jobs.submit("a", "Read", work)
    while job.state == "queued":
        time.sleep(0.001)
    jobs.close(timeout=0.0)
    go.set()
    assert job.wait(SOON)
    assert job.state == "interrupted"


def test_lanes_have_their_own_queues():
    gate, done = Gate(), []
    with Jobs({"compute": 1, "io": 1}) as jobs:
        jobs.submit("a", "Gate", gate, lane="compute")
        assert gate.running.wait(SOON)
        waits = [jobs.submit(k, "Waits", lambda report, k=k: done.append(k), lane="compute") for k in "bc"]
        assert jobs.submit("d", "Passes by", lambda report: done.append("d"), lane="io").wait(SOON)
        assert done == ["d"]
        assert [jobs.ahead(k) for k in ("a", "b", "c", "d", "unknown")] == [0, 1, 2, 0, 0]
        gate.go.set()
        assert waits[1].wait(SOON)
    assert done == ["d", "b", "c"]


def test_the_bound_is_over_all_lanes():
    gate = Gate()
    with Jobs({"compute": 1, "io": 1}, limit=2) as jobs:
        for lane in ("compute", "io"):
            jobs.submit(lane, "Gate", gate, lane=lane)
        while gate.calls < 2:
            time.sleep(0.001)
        for lane in ("compute", "io"):
            jobs.submit(f"{lane} waits", "Waits", gate, lane=lane)
        with pytest.raises(QueueFull, match="2 jobs"):
            jobs.submit("more", "Too many", gate, lane="io")
        gate.go.set()


def test_a_job_is_watched_from_its_begin_to_its_end(jobs):
    seen = []

    def watch(job):
        seen.append((job.key, job.state, job.wait(0)))
        raise OSError("the disk is full")  # its own trouble

    gate = Gate()
    jobs.submit("a", "Gate", gate, watch=watch)
    assert gate.running.wait(SOON)
    jobs.submit("b", "Never", gate, watch=watch)
    jobs.cancel("b")
    gate.go.set()
    assert jobs.get("a").outcome(SOON) == "passed"
    assert seen == [("a", "running", False), ("b", "cancelled", False), ("a", "done", False)]


def test_an_ended_job_can_be_forgotten(jobs):
    gate = Gate()
    jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    jobs.forget("a")
    jobs.forget("unknown")
    assert jobs.get("a") is not None
    gate.go.set()
    assert jobs.get("a").wait(SOON)
    jobs.forget("a")
    assert jobs.list() == []


def test_the_time_left_of_work_that_goes_on_where_it_was(jobs, monkeypatch):
    clock = [1000.0]
    monkeypatch.setattr(job_module.time, "time", lambda: clock[0])
    left = []

    def work(report):
        for seconds, fraction in [(2.0, 0.5), (1.0, 0.6), (1.0, 0.7)]:
            clock[0] += seconds
            report(fraction, "")
            left.append(jobs.get("a").seconds_left)

    assert jobs.submit("a", "Goes on", work).wait(SOON)
    assert left == pytest.approx([2.0, 4.0, 3.0])  # at first as if half had taken 2 s; then a tenth a second


def test_a_job_lets_go_of_what_it_worked_on(jobs):
    import gc
    import weakref

    class Big:
        pass

    big = Big()
    gone = weakref.ref(big)
    job = jobs.submit("a", "Holds", lambda report, big=big: None)
    assert job.wait(SOON)
    del big
    jobs.close()
    gc.collect()
    assert gone() is None
