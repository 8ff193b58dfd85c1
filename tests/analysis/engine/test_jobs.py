"""Jobs with real threads: run once, watched, stopped, bounded."""

import threading

import pytest

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


def test_close_stops_everything():
    gate = Gate()
    jobs = Jobs()
    running = jobs.submit("a", "Gate", gate)
    assert gate.running.wait(SOON)
    queued = jobs.submit("b", "Gate", gate)
    jobs.close()
    assert (running.state, queued.state) == ("cancelled", "cancelled")
    assert not any(lane.is_alive() for lane in jobs._lanes)
    with pytest.raises(QueueFull, match="shutting down"):
        jobs.submit("c", "Late", gate)


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
