"""A sweep killed again and again: it goes on where it was, and its rows are those of one that nobody disturbed."""

import json
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.pipelines import sweep
from analysis.pipelines.work import run_here
from analysis.store import Store
from tests.analysis.pipelines.sweep_specimens import cells, dataset, keep

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]
KILLS = 3
OWNER = """
import json, sys
from pathlib import Path
from analysis.pipelines.work import run_here
from analysis.store import Store
arguments = json.loads(sys.argv[1])
workspace = Path(sys.argv[2])
from analysis.pipelines.sweep import take_in
with Store.open(workspace) as store:
    print("under way", flush=True)
    run_here(store, workspace, "sweep", arguments, lambda f, m: take_in(store, workspace, arguments["sweep_id"]))
    print("done", flush=True)
"""


def test_killed_at_any_moment_it_ends_as_if_undisturbed(tmp_path):
    calm, rough = tmp_path / "calm", tmp_path / "rough"
    found = []
    for workspace in (calm, rough):
        with Store.open(workspace) as store:
            data = dataset(workspace, 150, store)
        names = [keep(workspace, "half"), "digits-cnn"]
        found.append(sweep.asked(None, workspace, models=names, dataset=data, severities=(5,), decks=[
            {"name": "both", "members": names}]))  # fmt: skip
    arguments = found[0]
    assert found[1] == arguments
    with Store.open(calm) as store:
        run_here(store, calm, "sweep", arguments)
        once = store.sweeps.table(arguments["sweep_id"])
    command = [sys.executable, "-c", OWNER, json.dumps(arguments), str(rough)]
    chance, cut = random.Random(0), 0
    for _ in range(KILLS):
        before = cells(rough)
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE) as owner:
            assert owner.stdout.readline() == b"under way\n"
            wanted = len(before) + chance.choice([4, 9, 20])
            deadline = time.monotonic() + 300
            while len(cells(rough)) < wanted and owner.poll() is None:
                assert time.monotonic() < deadline
                time.sleep(0.003)
            time.sleep(chance.uniform(0, 0.05))
            owner.send_signal(signal.SIGKILL)
        cut += owner.returncode == -signal.SIGKILL
        assert before.items() <= cells(rough).items()
    assert cut >= KILLS - 1
    last = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300)
    assert last.stdout.split() == ["under", "way", "done"], last.stderr
    assert cells(rough) == cells(calm)
    with Store.open(rough) as store:
        assert store.warnings == ()
        assert store.sweeps.table(arguments["sweep_id"]).equals(once)
        counted = store.sweeps.grouped(arguments["sweep_id"], members=range(3), conditions=range(20))
        assert (counted.samples == np.full((3, 20), 150)).all()
