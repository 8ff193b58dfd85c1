"""A worker process for real: what crosses, what stops it, what happens when it dies or its owner does."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from analysis.engine.job import JobFailed
from analysis.engine.jobs import Jobs
from analysis.engine.messages import RaisedInWorker
from analysis.engine.worker import Worker, WorkerClosed
from analysis.errors import Cancelled, DataError
from models.errors import ModelError, UnknownName

SOON = 20.0  # seconds; an upper bound
ROOT = Path(__file__).parents[3]


@pytest.fixture(autouse=True)
def functions_found(monkeypatch):
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent))


@pytest.fixture
def worker():
    made = Worker("test", grace_seconds=0.5)
    yield made
    made.close()


def call(worker, name, report=lambda fraction, message: None, /, **arguments):
    return worker.call(f"worker_functions:{name}", arguments, report)


def gone(pid: int, within: float = 5.0) -> bool:
    deadline = time.monotonic() + within
    while time.monotonic() < deadline:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] == "Z":
            return True  # dead; whoever adopted it has not looked yet
        time.sleep(0.02)
    return False


def test_arguments_and_results_cross(worker):
    given = {"text": "a\nb \u00fc \udcff", "numbers": [1, 2.5, None], "deep": {"yes": True}, "long": "x" * 300_000}
    assert worker.call("worker_functions:echo", given) == given


def test_it_is_one_warm_humble_process(worker):
    first, second = call(worker, "whoami"), call(worker, "whoami")
    assert first == second
    assert first["pid"] == worker.pid != os.getpid()
    assert first["nice"] == min(19, os.nice(0) + 10)
    assert first["main"] == "analysis.engine.worker_child"  # not the page or the test that started it
    assert not first["numpy"]  # it starts at once; a call loads what it needs


def test_what_it_prints_goes_to_the_log_and_its_stdin_is_empty(worker, capfd):
    assert call(worker, "noisy") == 0
    assert "said in the worker\nwritten by C code" in capfd.readouterr().err


def test_what_is_not_json_is_refused_before_anything_starts(worker):
    with pytest.raises(TypeError, match="PosixPath"):
        call(worker, "echo", folder=Path("/tmp"))
    assert worker.pid is None


def test_a_result_that_is_not_json_is_a_bug_told_so(worker):
    with pytest.raises(RaisedInWorker, match="set is not JSON serializable"):
        call(worker, "not_json")


@pytest.mark.parametrize(
    ("how", "kind", "said"),
    [
        ("data", DataError, "^The file is empty.$"),
        ("name", UnknownName, "^There is no model named 'resnet'. Did you mean: resnet20.$"),
        ("new", ModelError, "^A new reason.$"),
        ("bug", RaisedInWorker, "Traceback.*in fails.*KeyError: 'colour'"),
        ("exit", RaisedInWorker, "SystemExit: 3"),
    ],
)
def test_errors_cross(worker, how, kind, said):
    with pytest.raises(kind, match=f"(?s){said}") as raised:
        call(worker, "fails", how=how)
    assert type(raised.value) is kind
    assert call(worker, "echo", still="there") == {"still": "there"}


@pytest.mark.parametrize(("how", "said"), [("bug", "error in Cutaway .KeyError."), ("memory", "more memory")])
def test_a_job_says_of_a_workers_bug_what_it_says_of_its_own(worker, how, said, caplog):
    with Jobs() as jobs:
        job = jobs.submit("a", "Digits", lambda report: call(worker, "fails", report, how=how))
        with pytest.raises(JobFailed, match=said):
            job.outcome(SOON)
    assert "in fails" in caplog.text


def test_progress_is_thinned_and_its_last_word_arrives(worker):
    heard = []
    call(worker, "echo")
    start = time.monotonic()
    seen = lambda fraction, message: heard.append((time.monotonic() - start, message))  # noqa: E731
    assert call(worker, "steps", seen, steps=2000, seconds=0.0005, rest=0.5) == 2000
    words = list(dict.fromkeys(message for _, message in heard))
    seconds = heard[-1][0]
    assert 5 <= len(words) <= 10 * seconds + 3
    assert words[-1] == "last"
    assert min(when for when, message in heard if message == "last") < seconds - 0.25  # during the rest, not after


def test_a_cancelled_function_stops_at_its_report_and_the_process_stays(worker):
    pid = call(worker, "whoami")["pid"]

    def report(fraction, message):
        if message.startswith("step"):
            raise Cancelled("Stop.")

    start = time.monotonic()
    with pytest.raises(Cancelled, match=r"^Stop.$"):
        call(worker, "steps", report, steps=1000, seconds=0.01)
    assert time.monotonic() - start < 5
    assert call(worker, "whoami")["pid"] == pid
    assert call(worker, "steps", steps=3) == 3  # it was told once only


def test_a_function_that_ignores_it_is_ended(worker):
    pid = call(worker, "whoami")["pid"]
    with Jobs() as jobs:
        job = jobs.submit("a", "Sleeps", lambda report: call(worker, "stubborn", report))
        while job.message != "starting":
            time.sleep(0.01)
        start = time.monotonic()
        jobs.cancel("a")
        assert job.wait(SOON)
    assert job.state == "cancelled"
    assert 0.5 <= time.monotonic() - start < 5
    assert gone(pid)
    assert call(worker, "whoami")["pid"] != pid


@pytest.mark.parametrize(
    ("name", "arguments", "said"),
    [
        ("dies", {"signal": "SIGKILL"}, "ran out of memory"),
        ("dies", {"signal": "SIGSEGV"}, "signal SIGSEGV"),
        ("leaves", {"code": 137}, "ran out of memory"),
        ("leaves", {"code": 3}, "with code 3"),
        ("leaves_a_child", {}, "with code 7"),
    ],
)
def test_a_process_that_dies_is_told_and_replaced(worker, name, arguments, said, capfd):
    with pytest.raises(JobFailed, match=said):
        call(worker, name, **arguments)
    assert worker.pid is None
    assert call(worker, "echo", still="there") == {"still": "there"}


@pytest.mark.parametrize("seen", [True, False])
def test_one_that_died_while_idle_is_replaced_without_a_word(worker, seen):
    pid = call(worker, "whoami")["pid"]
    os.kill(pid, signal.SIGKILL)
    if seen:
        assert gone(pid)
    assert call(worker, "whoami")["pid"] != pid


def test_the_signals_that_stop_a_server_do_not_make_its_job_fail(worker):
    pid = call(worker, "whoami")["pid"]
    os.kill(pid, signal.SIGTERM)
    os.kill(pid, signal.SIGINT)
    assert call(worker, "whoami")["pid"] == pid


def test_it_goes_after_idle_seconds_and_comes_back():
    worker = Worker("test", idle_seconds=0.2)
    pid = call(worker, "whoami")["pid"]
    assert gone(pid)
    assert call(worker, "whoami")["pid"] != pid
    assert call(worker, "steps", steps=3, seconds=0.2) == 3  # longer than it may idle
    worker.close()


def test_two_calls_come_one_after_the_other(worker, tmp_path):
    pids, errors = [], []

    def ask():
        try:
            pids.append(call(worker, "alone", folder=str(tmp_path)))
        except RaisedInWorker as error:
            errors.append(error)

    threads = [threading.Thread(target=ask) for _ in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert errors == []
    assert len(pids) == 3
    assert len(set(pids)) == 1


def test_who_waits_for_its_turn_can_be_cancelled(worker):
    with Jobs({"a": 1, "b": 1}) as jobs:
        first = jobs.submit("1", "First", lambda report: call(worker, "steps", report, steps=500, seconds=0.01), "a")
        while not first.message.startswith("step"):
            time.sleep(0.01)
        second = jobs.submit("2", "Second", lambda report: call(worker, "echo", report), "b")
        while second.message != "waiting for other work":
            time.sleep(0.01)
        jobs.cancel("2")
        assert second.wait(1.0)
        assert (second.state, first.state) == ("cancelled", "running")


def test_closing_ends_it_in_the_middle_of_a_call(worker):
    with Jobs() as jobs:
        job = jobs.submit("a", "Sleeps", lambda report: call(worker, "stubborn", report))
        while worker.pid is None or job.message != "starting":
            time.sleep(0.01)
        pid = worker.pid
        worker.close()
        assert job.wait(SOON)
        assert isinstance(job.error, WorkerClosed)
        assert gone(pid)
    with pytest.raises(WorkerClosed, match="shutting down"):
        call(worker, "echo")


OWNER = """
import sys, threading, time
from analysis.engine.worker import Worker

worker = Worker("test")
threading.Thread(target=worker.call, args=("worker_functions:whoami", {})).start()  # the thread that starts it ends
while worker.pid is None or worker._alone.locked():
    time.sleep(0.01)
threading.Thread(target=worker.call, args=("worker_functions:" + sys.argv[1], {}), daemon=True).start()
time.sleep(1.0)
print(worker.pid, flush=True)
time.sleep(60)
"""


@pytest.mark.parametrize("busy", ["stubborn", "held"])
def test_it_dies_with_its_owner(busy):
    if busy == "held" and sys.platform != "linux":
        pytest.skip("only Linux's kernel ends a process that never lets go of Python's lock")
    owner = subprocess.Popen([sys.executable, "-c", OWNER, busy], cwd=ROOT, stdout=subprocess.PIPE, text=True)
    with owner:
        pid = int(owner.stdout.readline())
        assert not gone(pid, within=0.1)
        owner.kill()
        assert gone(pid)
