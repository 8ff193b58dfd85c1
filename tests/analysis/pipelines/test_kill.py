"""A server killed in the middle of a pass, again and again: what it had acknowledged stays, and the end is the same.

More kills than usual, at other moments, seen: CUTAWAY_KILLS=10 CUTAWAY_SEED=1 pytest --log-cli-level=INFO ...
"""

import json
import logging
import os
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.pipelines.work import run_here
from analysis.records import Filter
from analysis.store import Store

pytestmark = pytest.mark.slow

log = logging.getLogger(__name__)

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("CUTAWAY_KILLS", "3"))
SEED = int(os.environ.get("CUTAWAY_SEED", "0"))
IMAGES = 1500 + 1000 * KILLS  # about two parts a kill
TIMEOUT = 600.0  # seconds; an upper bound

OWNER = """
import json, sys
from pathlib import Path
from analysis.engine.jobs import Jobs
from analysis.pipelines.work import Work, workers
from analysis.store import Store

workspace, arguments = Path(sys.argv[1]), json.loads(sys.argv[2])
with Store.open(workspace) as store, Jobs({"compute": 1, "io": 1}) as jobs, workers() as made:
    assert not store.warnings, store.warnings
    assert [s.name for s in store.selections()] == ["kept"]
    work = Work(jobs, store, made, workspace)
    (job,) = work.resume() or [work.submit("predict", arguments, "Killed")]
    print("under way", flush=True)
    print(job.outcome(600)["pass_id"], flush=True)
"""


def command(workspace, arguments):
    return [sys.executable, "-c", OWNER, str(workspace), json.dumps(arguments)]


def parts(workspace):
    """What is acknowledged: the parts of the pass, by name."""
    return {p.name: p.read_bytes() for p in workspace.glob("passes/*/part-*.parquet")}


def killed(workspace, arguments, chance):
    """Start a server, and kill it when so many more parts are there and a little time has gone by."""
    wanted = len(parts(workspace)) + chance.choice([0, 1, 1, 2])
    with subprocess.Popen(command(workspace, arguments), cwd=ROOT, stdout=subprocess.PIPE) as owner:
        assert owner.stdout.readline() == b"under way\n"
        deadline = time.monotonic() + TIMEOUT
        while len(parts(workspace)) < wanted and owner.poll() is None:
            assert time.monotonic() < deadline
            time.sleep(0.002)
        time.sleep(chance.uniform(0.0, 0.3))
        owner.send_signal(signal.SIGKILL)
    return owner.returncode == -signal.SIGKILL


def rows(workspace, arguments, pass_id):
    with Store.open(workspace) as store:
        assert store.warnings == ()
        assert [r.state for r in store.jobs()] in ([], ["done"])
        return store.table(Filter(arguments["dataset"], pass_id=pass_id))


def test_killed_again_and_again_a_pass_ends_as_if_undisturbed(tmp_path):
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    with Store.open(calm) as store:
        asked = {"kind": "shapes", "name": "shapes", "params": {"count": IMAGES}}
        dataset = run_here(store, calm, "generate", asked)["dataset_id"]
        store.save_selection("kept", Filter(dataset, labels=(0,)), dataset, "a filter")
    shutil.copytree(calm, rough)
    arguments = {"model": "resnet20-cifar10", "dataset": dataset, "taps": ["penultimate"], "autocast": False}
    arguments["class_map"] = {"0": 3}  # so that some are right and some are wrong
    with Store.open(calm) as store:
        pass_id = run_here(store, calm, "predict", arguments)["pass_id"]
        once = store.table(Filter(dataset, pass_id=pass_id))
        assert run_here(store, calm, "predict", arguments)["pass_id"] == pass_id  # killed before "done" was noted
        assert store.table(Filter(dataset, pass_id=pass_id)).equals(once)

    chance, cut = random.Random(SEED), 0
    for _ in range(KILLS):
        before = parts(rough)
        cut += killed(rough, arguments, chance)
        after = parts(rough)
        log.info("killed: %d parts before, %d after", len(before), len(after))
        assert {name: after.get(name) for name in before} == before
    assert cut >= KILLS - 1  # the last may have come too late
    last = subprocess.run(command(rough, arguments), cwd=ROOT, capture_output=True, text=True, timeout=TIMEOUT)
    assert last.stdout.split("\n")[1:2] == [pass_id], last.stderr

    assert rows(rough, arguments, pass_id).equals(rows(calm, arguments, pass_id))
    for file in sorted(calm.glob(f"passes/{pass_id}/*.npy")):
        assert (rough / file.relative_to(calm)).read_bytes() == file.read_bytes()
    assert not list(rough.glob("passes/*/*.part"))
