"""Tasks here and by Ray: each once, in spite of workers that die, and what is refused."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.engine import executor_ray
from analysis.engine.executors import executor
from analysis.errors import BadParameter, Cancelled, DataError

MAKE = "tests.analysis.engine.executor_workers:make"
ROOT = Path(__file__).parents[3]


def silent(done: float) -> None:
    pass


def test_here_tasks_are_done_in_order_and_the_worker_is_closed(tmp_path):
    heard = []
    found = executor("local").run(MAKE, {"folder": str(tmp_path)}, [{"n": n} for n in range(3)], heard.append)
    assert list(found) == [(0, {"square": 0}), (1, {"square": 1}), (2, {"square": 4})]
    assert heard == [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]
    assert [line.split()[2] for line in (tmp_path / "done").read_text().splitlines()] == ["1", "2", "None"]
    assert (tmp_path / "closed").exists()
    assert list(executor("local").run("no.such:module", {}, [], silent)) == []


def test_here_an_error_and_a_stop_end_the_work_and_close_the_worker(tmp_path):
    for folder, tasks, error in (
        (tmp_path / "a", [{"n": 1, "fail": True}], DataError),
        (tmp_path / "b", None, Cancelled),
    ):
        folder.mkdir()

        def stop(done: float, wanted=error) -> None:
            if wanted is Cancelled and done > 1:
                raise Cancelled("stopped")

        with pytest.raises(error):
            list(executor("local").run(MAKE, {"folder": str(folder)}, tasks or [{"n": 1}, {"n": 2}], stop))
        assert (folder / "closed").exists()


def test_what_is_not_an_engine_is_refused(monkeypatch):
    with pytest.raises(BadParameter, match="no engine 'dask'"):
        executor("dask")
    with pytest.raises(BadParameter, match="choose the engine ray"):
        executor("local", "127.0.0.1:6379")
    monkeypatch.setattr(executor_ray, "find_spec", lambda name: None)
    with pytest.raises(BadParameter, match=r"pip install -e '\.\[ray\]'"):
        executor("ray")


SCRIPT = """
import json, sys
from analysis.engine.executors import executor
from analysis.errors import Cancelled
from models.errors import CutawayError

MAKE, folder = "tests.analysis.engine.executor_workers:make", sys.argv[1]
said = {}
try:
    list(executor("ray", "127.0.0.1:1").run(MAKE, {}, [{"n": 1}], lambda done: None))
except CutawayError as error:
    said["unreachable"] = str(error)

import ray
ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, configure_logging=False)

def run(tasks, tick=lambda done: None, **setting):
    try:
        return sorted(executor("ray").run(MAKE, {"folder": folder, **setting}, tasks, tick))
    except CutawayError as error:
        return f"{type(error).__name__}: {error}"

def stop(done):
    if done > 2:
        raise Cancelled("stopped")

said["died"] = run([{"n": n, "die": n == 3} for n in range(8)])
said["failed"] = run([{"n": 1}, {"n": 2, "fail": True}])
said["refused"] = run([{"n": 1}], refuse=True)
said["fatal"] = run([{"n": n, "always_die": n == 1} for n in range(2)])
said["stopped"] = run([{"n": n, "seconds": 0.1} for n in range(100)], stop)
said["none"] = run([])
print(json.dumps(said))
"""


@pytest.mark.slow
def test_by_ray_what_a_dead_worker_had_is_done_by_another(tmp_path):
    pytest.importorskip("ray", reason="needs the extra cutaway[ray]")

    command = [sys.executable, "-c", SCRIPT, str(tmp_path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=150)
    assert done.returncode == 0, done.stderr
    said = json.loads(next(line for line in done.stdout.splitlines() if line.startswith("{")))  # Ray talks, too
    assert said["died"] == [[n, {"square": n**2}] for n in range(8)]
    assert (tmp_path / "died").exists()
    assert said["failed"] == "DataError: This task is not to be done."
    assert said["refused"] == "DataError: The folder is not there."
    assert said["fatal"].startswith("JobFailed: 4 workers of Ray died at the same piece of work")
    assert said["stopped"] == "Cancelled: stopped"
    assert said["none"] == []
    assert "could not reach the Ray cluster at '127.0.0.1:1'" in said["unreachable"]
