"""A sweep on a real cluster of two worker nodes, one of them killed midway: the same files as here, bit for bit."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from analysis.pipelines import sweep
from tests.analysis.pipelines.sweep_specimens import cells, dataset, keep, swept

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[3]

SCRIPT = """
import json, os, signal, subprocess, sys
from pathlib import Path

import ray
import torch
from ray.cluster_utils import Cluster

from analysis.engine import executor_ray
from analysis.pipelines import sweep

torch.set_num_threads(1)
arguments = json.loads(sys.argv[1])
workspace = Path(arguments["workspace"])
soon = {"health_check_period_ms": 1000, "health_check_timeout_ms": 4000, "health_check_failure_threshold": 5}
head = {"num_cpus": 0, "include_dashboard": False, "_system_config": soon}
cluster = Cluster(initialize_head=True, head_node_args=head)
nodes = [cluster.add_node(num_cpus=1, wait=False) for _ in range(2)]
cluster.wait_for_nodes(timeout=120)
ray.init(address=cluster.address, log_to_driver=False, configure_logging=False)
killed, lost = [], []
work = executor_ray._Work
replace, give = work._replace, work._give
work._replace = lambda self, hand, error: lost.append(hand.doing) or replace(self, hand, error)
# nobody begins before both are there, or one might do it all
work._give = lambda self, hand: give(self, hand) if killed or all(h.started for h in self.hands) else None

def report(fraction, message):
    if not killed and len(list(workspace.glob("cells/*/*.parquet"))) > 6:
        (raylet,) = nodes[0].all_processes["raylet"]
        children = subprocess.run(["pgrep", "-P", str(raylet.process.pid)], capture_output=True, text=True).stdout
        killed.extend([raylet.process.pid, *map(int, children.split())])
        for pid in killed:  # the machine is gone: the raylet first, so that it tells nobody
            os.kill(pid, signal.SIGKILL)

done = sweep.compute(arguments, report)
print(json.dumps({"done": done, "killed": len(killed), "lost": lost}))
ray.shutdown()
cluster.shutdown()
"""


def test_a_cluster_that_loses_a_node_leaves_the_very_files(workspace, tmp_path):
    pytest.importorskip("ray", reason="needs the extra cutaway[ray]")
    data = dataset(workspace)
    names = [keep(workspace, "half"), "digits-cnn"]
    given = {"corruptions": ("gaussian_noise", "shot_noise", "contrast", "fog"), "severities": (1, 2, 3, 4, 5)}
    arguments = sweep.asked(None, workspace, models=names, dataset=data, engine="ray", **given)
    here = tmp_path / "here"
    shutil.copytree(workspace, here)
    swept(here, {**arguments, "engine": "local"})
    fresh = shutil.copytree(workspace, tmp_path / "fresh")
    run = _on_a_cluster({**arguments, "workspace": str(workspace)})
    if "failed to start" in run.stderr.lower():  # on a busy machine Ray does not always bring its nodes up in time
        workspace = fresh
        run = _on_a_cluster({**arguments, "workspace": str(workspace)})
    assert run.returncode == 0, run.stderr
    said = json.loads(next(line for line in run.stdout.splitlines() if line.startswith("{")))  # Ray talks, too
    assert said["done"]["failed"] == 0
    assert said["killed"] >= 2
    assert any(unit is not None for unit in said["lost"])  # it was in the middle of a unit
    there = cells(workspace)
    assert len(there) == 2 * 21
    assert there == cells(here)


def _on_a_cluster(arguments: dict[str, object]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-c", SCRIPT, json.dumps(arguments)]
    patient = {**os.environ, "RAY_raylet_start_wait_time_s": "120"}
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=400, env=patient)
