"""A server that starts goes on with the work that was cut short, though nobody opens a page."""

import os
import signal
import socket
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from analysis.records import JobRecord
from analysis.store import Store

ROOT = Path(__file__).parents[2]
PATIENCE = 240

pytestmark = pytest.mark.slow


def test_work_that_was_cut_short_goes_on_without_a_page(workspace: Path, tmp_path: Path) -> None:
    arguments = {"kind": "shapes", "name": "twelve", "params": {"count": 12}}
    begun = JobRecord("k" * 64, "generate", "Generating twelve", arguments, "running", "", datetime.now(UTC))
    with Store.open(workspace) as store:
        store.put_job(begun)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "server.py"), "--server.headless=true"]
    with (tmp_path / "log").open("wb") as out:
        process = subprocess.Popen(
            [*command, f"--server.port={port}"], cwd=ROOT, env=os.environ, stdout=out, stderr=out
        )
        try:
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline and process.poll() is None and not _there(workspace):
                time.sleep(0.5)
            time.sleep(2)  # the store takes it in
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(60)
    with Store.open(workspace) as store:
        assert [(d.name, d.size) for d in store.datasets()] == [("twelve", 12)]
        assert [j.state for j in store.jobs()] == ["done"]


def _there(workspace: Path) -> bool:
    return any(path.name == "dataset.json" for path in (workspace / "datasets").glob("[!.]*/*"))
