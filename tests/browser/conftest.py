"""The real server in a process of its own, with a workspace of its own, and a browser that watches for errors."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect, sync_playwright

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 120_000
"""The first page of a server waits for torch; on a busy machine that takes long."""

expect.set_options(timeout=60_000)

ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]


@dataclass
class Server:
    """A running Cutaway."""

    url: str
    log: Path
    workspace: Path

    def complaints(self) -> list[str]:
        lines = self.log.read_text("utf-8", "replace").splitlines()
        return [line for line in lines if any(w in line for w in ("Traceback", "ERROR", "Warning", "bug "))]


@dataclass
class Watched:
    """A page and what it complained of."""

    page: Page
    errors: list[str] = field(default_factory=list)
    frames: list[int] = field(default_factory=list)  # sizes of the messages to the server

    def __post_init__(self) -> None:
        self.page.on("console", lambda m: self.errors.append(m.text) if m.type == "error" else None)
        self.page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.page.on("websocket", lambda s: s.on("framesent", lambda data: self.frames.append(len(data))))


def settled(page: Page) -> None:
    """Waits until the server has nothing more to draw: what is drawn anew leaves the page while it is clicked."""
    expect(page.get_by_test_id("stApp")).to_have_attribute("data-test-script-state", "notRunning", timeout=PATIENCE_MS)


def _free_port() -> int:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    with serving(tmp_path_factory.mktemp("server")) as started:
        yield started


@contextmanager
def serving(folder: Path) -> Generator[Server]:
    """A server over `folder`/workspace, which may be there already; it ends with the block."""
    workspace, log, port = folder / "workspace", folder / "log.txt", _free_port()
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "app" / "server.py"), *options]
    environment = os.environ | {"CUTAWAY_WORKSPACE": str(workspace)}
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT, env=environment) as process:
        _wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Server(f"http://127.0.0.1:{port}", log, workspace)
        process.terminate()


def _wait_for(url: str, process: subprocess.Popen) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=2) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.1)
    pytest.fail("the server did not start")


@pytest.fixture(scope="session")
def browser(chromium: str) -> Generator[Browser]:
    with sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=chromium, args=ARGUMENTS)
        yield opened
        opened.close()


@pytest.fixture
def watched(browser: Browser, server: Server) -> Generator[Watched]:
    """The Explain page with a sample's maps on show. Whatever the browser or the server complains of fails the test."""
    before = len(server.complaints())
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    found = Watched(context.new_page())
    found.page.goto(server.url)
    found.page.wait_for_selector("canvas.overlay", timeout=PATIENCE_MS)
    yield found
    context.close()
    assert found.errors == []
    assert server.complaints()[before:] == []
