"""How soon the Explain page is there: the server's start, then the first page of a cold and of a warm server.

python -m tests.benchmarks.first_paint [--rounds 5]

A cold page is the first that a new server draws, which has torch to import; a warm one comes to a server that has
drawn before, in a browser without a cache. Usable: pictures can be uploaded and methods be chosen. Medians.
"""

import argparse
import os
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[2]
BROWSERS = ("chromium", "chromium-browser", "google-chrome")
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PATIENCE_MS = 180_000
PROMISED = {"server start": 5.0, "warm, usable": 2.5}
MARKS = {
    "uploader": "[data-testid=stFileUploader] button:visible",
    "usable": "button:has-text('Choose methods'):visible",
    "grid": "canvas.overlay:visible",
}


def chromium() -> str | None:
    """The path of a browser, where there is one."""
    return next(filter(None, map(shutil.which, BROWSERS)), None)


@contextmanager
def server(workspace: Path) -> Generator[tuple[str, float]]:
    """A new server and the seconds until it answers."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    command = [sys.executable, "-m", "app", "run", "--headless", "--port", url.rpartition(":")[2]]
    environment = os.environ | {"CUTAWAY_WORKSPACE": str(workspace)}
    began = time.perf_counter()
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=ROOT, env=environment, stdout=quiet, stderr=quiet) as process:
        try:
            while not _answers(url) and process.poll() is None:
                time.sleep(0.02)
            yield url, time.perf_counter() - began
        finally:
            process.terminate()


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/_stcore/health", timeout=2) as answer:
            return answer.status == 200
    except OSError:
        return False


def visit(browser: Browser, url: str) -> dict[str, float]:
    """Seconds from navigation until each mark is there, in a browser that has no cache."""
    with browser.new_context(viewport={"width": 1440, "height": 900}) as context:
        page, seconds = context.new_page(), {}
        began = time.perf_counter()
        page.goto(url, wait_until="commit")
        for name, selector in MARKS.items():
            page.wait_for_selector(selector, timeout=PATIENCE_MS)
            seconds[name] = time.perf_counter() - began
        return seconds


def rounds(browser: Browser, count: int) -> dict[str, list[float]]:
    """As many new servers, each visited cold and then warm."""
    found: dict[str, list[float]] = {}
    for _ in range(count):
        with tempfile.TemporaryDirectory() as folder, server(Path(folder, "workspace")) as (url, start):
            found.setdefault("server start", []).append(start)
            for state in ("cold", "warm"):
                for name, seconds in visit(browser, url).items():
                    found.setdefault(f"{state}, {name}", []).append(seconds)
    return found


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="first paint")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args(arguments)
    path = chromium()
    if path is None:
        print("First paint needs a browser: none of", ", ".join(BROWSERS), "is on the PATH.")
        return
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
        found = rounds(browser, options.rounds)
        browser.close()
    print(f"\nFirst paint, seconds, median of {options.rounds} (load {os.getloadavg()[0]:.1f})")
    for name, seconds in found.items():
        promised = f"  promised {PROMISED[name]:.1f}" if name in PROMISED else ""
        print(f"  {name:16} {statistics.median(seconds):6.2f}  ({min(seconds):.2f} to {max(seconds):.2f}){promised}")


if __name__ == "__main__":
    main()
