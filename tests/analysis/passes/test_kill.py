"""kill -9 at random moments: what was acknowledged is kept, and the end is the same to the byte."""

import os
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from analysis.passes import parts

ROOT = Path(__file__).parents[3]
KILLS = int(os.environ.get("CUTAWAY_KILLS", "5"))


def started(folder: Path) -> subprocess.Popen[str]:
    """The process, once it has begun."""
    command = [sys.executable, "-m", "tests.analysis.passes.killed", str(folder)]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    assert process.stdout.readline() == "ready\n"
    return process


def finished(folder: Path) -> float:
    """Seconds to the end."""
    with started(folder) as process:
        begin = time.monotonic()
        assert process.wait(120) == 0
        return time.monotonic() - begin


def contents(folder: Path) -> dict[str, bytes]:
    return {p.name: p.read_bytes() for p in folder.iterdir() if p.name != "pass.json"}


@pytest.mark.slow
def test_killed_at_random_moments(tmp_path, monkeypatch):
    monkeypatch.setattr(parts, "PART", 64)
    whole, folder, chance = tmp_path / "whole", tmp_path / "killed", random.Random(0)
    seconds = finished(whole)
    kept: dict[str, bytes] = {}
    kills = 0
    while kills < KILLS:
        with started(folder) as process:
            time.sleep(chance.uniform(0, seconds / 3))
            process.send_signal(signal.SIGKILL)
            if process.wait(60) == 0:
                break
        kills += 1
        acknowledged = {p.name: p.read_bytes() for p in folder.glob("part-*.parquet")}
        assert kept.items() <= acknowledged.items()  # none lost, none changed
        assert all(parts.tally_of(folder, int(name[5:10]), 1500) for name in acknowledged)
        kept = acknowledged
    finished(folder)
    assert kills >= 3
    assert kept, "killed too early to have kept anything"
    assert contents(folder) == contents(whole)
