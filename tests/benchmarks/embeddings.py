"""The Embeddings page in a real browser: how soon it is usable, how a lasso feels, what is sent, how it moves.

python -m tests.benchmarks.embeddings [--samples 50000,200000,1000000] [--rounds 3] [--cancel 50000]

Features and what two models say of them are made up (tests/embeddings_workspace.py); their PCA is in the store before
the page is opened, once before it is measured. Drawn: from navigation until both panes say how many points they show
and the browser has painted twice, in a browser without a cache, which also loads Streamlit itself. Usable: until the
server has ended the page's first run as well. From another page: by a click in a tab that has been at work. Lasso:
from the mouse let go until the gallery at the right shows what is selected. Sent: all bodies of points, colours and
pictures, and all messages of Streamlit's socket, until the page is usable in a browser without a cache. Frames: while
a pane is dragged; browsers without a graphics card draw on the processor, which is said. Medians.
"""

from __future__ import annotations

import argparse
import os
import re
import statistics
import tempfile
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from urllib.parse import urlencode

from playwright.sync_api import Browser, BrowserContext, Page, Response, WebSocket, sync_playwright

from analysis.engine.jobs import Jobs
from analysis.pipelines import embedding
from analysis.pipelines.work import Work, workers
from analysis.store import Store
from app.embeddings_choice import Choice, Pane, written
from tests import embeddings_workspace
from tests.benchmarks.first_paint import PATIENCE_MS, chromium, server
from tests.embeddings_workspace import TAP, Made

ARGUMENTS = ["--no-sandbox", "--disable-background-networking", "--enable-unsafe-swiftshader", "--ignore-gpu-blocklist"]
PROMISED_S, PROMISED_LASSO_S, PROMISED_MB, PROMISED_MS, PROMISED_CANCEL_S = 2.0, 1.0, 3.0, 200, 2.0
PROMISED_AT = 50_000
LASSO = 5000
RESTING = "document.querySelector('[data-test-script-state]')?.dataset.testScriptState === 'notRunning'"
COUNTS, MODES, STAGE = ".bar .counts", ".bar .modes button", ".pane .body"
GALLERY = ".small .one .picture"
_SAID = """() => [...document.querySelectorAll("[data-testid=stCaptionContainer], [data-testid=stAlert]")]
  .map((e) => e.textContent).find((text) => /selected samples|No sample is selected/.test(text)) ?? "" """
PAINTED = "() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))"
RENDERER = """() => {
  const gl = document.createElement("canvas").getContext("webgl2");
  const told = gl?.getExtension("WEBGL_debug_renderer_info");
  return gl ? String(gl.getParameter(told ? told.UNMASKED_RENDERER_WEBGL : gl.RENDERER)) : "no WebGL2";
}"""
RECORD = """() => {
  window.frames_at = [];
  const step = (now) => { window.frames_at.push(now); window.recording = requestAnimationFrame(step); };
  window.recording = requestAnimationFrame(step);
}"""
RECORDED = "() => { cancelAnimationFrame(window.recording); return window.frames_at; }"


@dataclass
class Sent:
    """Bytes from the server."""

    files: int = 0
    messages: int = 0
    pending: list[Response] = field(default_factory=list)

    def follow(self, page: Page) -> None:
        page.on("response", lambda answer: self.pending.append(answer) if "/cutaway/" in answer.url else None)
        page.on("websocket", self._socket)

    def _socket(self, socket: WebSocket) -> None:
        socket.on("framereceived", self._received)

    def _received(self, data: str | bytes) -> None:
        self.messages += len(data)

    def megabytes(self) -> float:
        self.files += sum(len(answer.body()) for answer in self.pending)
        self.pending.clear()
        return (self.files + self.messages) / 1e6


@contextmanager
def fresh(browser: Browser):
    """A browser without a cache."""
    context: BrowserContext = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield context.new_page()
    finally:
        context.close()


def address(url: str, made: Made) -> str:
    """Of a page that shows what each model sees."""
    panes = tuple(Pane(p.model_name, TAP) for p in made.passes)
    return f"{url}/embeddings?{urlencode(written(Choice(made.dataset.dataset_id, panes)), doseq=True)}"


def opened(page: Page, url: str) -> tuple[float, float]:
    """Seconds until the points are drawn, and until the page is usable."""
    began = time.perf_counter()
    page.goto(url, wait_until="commit")
    page.locator(COUNTS, has_text=re.compile("[1-9]")).wait_for()
    page.wait_for_selector(f"{STAGE}:visible")
    page.evaluate(PAINTED)
    drawn = time.perf_counter() - began
    page.wait_for_function(RESTING)
    return drawn, time.perf_counter() - began


def returned(page: Page) -> float:
    """Seconds from a click on the page's name, on another page of the app, until its points are drawn and it rests."""
    page.get_by_role("link", name="Samples", exact=True).click()
    page.wait_for_selector(COUNTS, state="detached")
    page.wait_for_function(RESTING)
    page.wait_for_timeout(1000)
    began = time.perf_counter()
    page.get_by_role("link", name="Embeddings", exact=True).click()
    page.locator(COUNTS, has_text=re.compile("[1-9]")).wait_for()
    page.wait_for_selector(f"{STAGE}:visible")
    page.evaluate(PAINTED)
    page.wait_for_function(RESTING)
    return time.perf_counter() - began


def lassoed(page: Page, share: float) -> tuple[float, int]:
    """Draw a lasso around so much of the first pane, from its left edge: seconds until the gallery shows what it took.

    And how many samples those are; none where it took none.
    """
    page.locator(MODES).get_by_text("Lasso", exact=True).click()
    box = page.locator(STAGE).first.bounding_box()
    assert box is not None
    left, top, right, bottom = box["x"] + 3, box["y"] + 3, box["x"] + share * box["width"], box["y"] + box["height"] - 3
    before = _said(page)
    page.mouse.move(left, top)
    page.mouse.down()
    for x, y in ((right, top), (right, bottom), (left, bottom), (left, top + 20)):
        page.mouse.move(x, y, steps=8)
    began = time.perf_counter()
    page.mouse.up()
    page.wait_for_function(f"(before) => ({_SAID})() !== before", arg=before)
    page.wait_for_selector(f"{GALLERY}:visible")
    page.evaluate(PAINTED)
    seconds = time.perf_counter() - began
    found = re.search(r"([\d,]+) selected samples", _said(page))
    return seconds, int(found.group(1).replace(",", "")) if found else 0


def _said(page: Page) -> str:
    """What the gallery says that it shows."""
    return page.evaluate(_SAID)


def lassos(page: Page, rounds: int) -> list[tuple[float, int]]:
    """Several of about LASSO samples each, once the width that takes them is found."""
    low, high, share = 0.02, 0.98, 0.5
    for _ in range(9):
        share = (low + high) / 2
        _, count = lassoed(page, share)
        page.wait_for_function(RESTING)
        if abs(count - LASSO) < 0.1 * LASSO:
            break
        low, high = (low, share) if count > LASSO else (share, high)
    found = []
    for number in range(rounds):
        found.append(lassoed(page, share + 0.002 * (1 + number)))  # another one each time
        page.wait_for_function(RESTING)
    return found


def frames(page: Page) -> list[float]:
    """Milliseconds between frames while the first pane is dragged."""
    page.locator(MODES).get_by_text("Move", exact=True).click()
    box = page.locator(STAGE).first.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 80, box["y"] + 80)
    page.mouse.down()
    page.evaluate(RECORD)
    for turn in range(4):
        page.mouse.move(box["x"] + (80, box["width"] - 80)[(turn + 1) % 2], box["y"] + 80 + 30 * turn, steps=30)
    at = page.evaluate(RECORDED)
    page.mouse.up()
    return [later - earlier for earlier, later in pairwise(at)]


def measured(browser: Browser, url: str, made: Made, rounds: int) -> dict[str, list[float]]:
    found: dict[str, list[float]] = {}
    for number in range(rounds + 1):
        with fresh(browser) as page:
            sent = Sent()
            sent.follow(page)
            drawn, usable = opened(page, address(url, made))
            if number == 0:  # libraries are imported, and what is drawn is made ready
                continue
            found.setdefault("drawn, s", []).append(drawn)
            found.setdefault("usable, s", []).append(usable)
            found.setdefault("sent, MB", []).append(sent.megabytes())
            found.setdefault("from another page, s", []).append(returned(page))
            if number == rounds:
                taken = lassos(page, rounds)
                found["lasso to gallery, s"] = [seconds for seconds, _ in taken]
                found["samples in it"] = [count for _, count in taken]
                found["frame, ms"] = frames(page)
    return found


def from_store(workspace: Path, made: Made, rounds: int = 9) -> list[float]:
    """Milliseconds until the coordinates of an embedding are there."""
    found = []
    with Store.open(workspace) as store:
        for _ in range(rounds):
            began = time.perf_counter()
            record = store.embeddings.one(made.embeddings[0].embedding_id)
            assert record is not None
            assert len(store.embeddings.points(record.embedding_id)) == made.dataset.size
            found.append(1000 * (time.perf_counter() - began))
    return found


def cancelled(workspace: Path, made: Made, after_s: float = 20.0) -> float:
    """Seconds from cancelling UMAP, once it is at work, until it has ended and its lane is free."""
    with Store.open(workspace) as store, workers() as processes, Jobs({"compute": 1, "project": 1, "io": 1}) as jobs:
        work = Work(jobs, store, processes, workspace)
        model, dataset = made.passes[0].model_name, made.dataset.dataset_id
        asked = embedding.asked(store, workspace, model=model, dataset_id=dataset, method="umap")
        umap = work.submit("embed", asked, "UMAP")
        began = time.perf_counter()
        while umap.active and time.perf_counter() - began < after_s:
            time.sleep(0.1)
        if not umap.active:
            raise RuntimeError(f"UMAP ended before it could be cancelled: {umap.state}, {umap.error}")
        began = time.perf_counter()
        work.cancel(umap.key)
        umap.wait(60)
        seconds = time.perf_counter() - began
        asked = embedding.asked(store, workspace, model=model, dataset_id=dataset, method="pca", dims=3)
        work.submit("embed", asked, "PCA").outcome(120)  # the lane goes on
    return seconds


def _told(samples: int, found: dict[str, list[float]], drawn_by: str) -> None:
    print(f"\nThe Embeddings page with {samples:,} points in each of two panes ({drawn_by}; {_load()})")
    promised = {
        "from another page, s": PROMISED_S,
        "usable, s": PROMISED_S,
        "lasso to gallery, s": PROMISED_LASSO_S,
        "sent, MB": PROMISED_MB,
    }
    for name, values in found.items():
        bar = f"  promised {promised[name]:g}" if name in promised and samples == PROMISED_AT else ""
        print(f"  {name:22} {statistics.median(values):9,.2f}  ({min(values):,.2f} to {max(values):,.2f}){bar}")


def _load() -> str:
    return f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}"


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="the Embeddings page")
    parser.add_argument("--samples", default="50000,200000,1000000")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--classes", type=int, default=10)
    parser.add_argument("--cancel", type=int, default=50_000, help="samples of the UMAP that is cancelled; 0: none")
    options = parser.parse_args(arguments)
    path = chromium()
    for samples in [int(text) for text in options.samples.split(",") if text]:
        with tempfile.TemporaryDirectory() as folder:
            workspace = Path(folder, "workspace")
            began = time.perf_counter()
            made = embeddings_workspace.made(workspace, samples, options.classes)
            print(f"\n{samples:,} samples made up in {time.perf_counter() - began:.0f} s")
            if path is not None:
                with server(workspace) as (url, _), sync_playwright() as playwright:
                    browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
                    with fresh(browser) as page:
                        drawn_by = page.evaluate(RENDERER)
                    _told(samples, measured(browser, url, made, options.rounds), drawn_by)
                    browser.close()
            times = from_store(workspace, made)
            print(f"  {'from the store, ms':22} {statistics.median(times):9.2f}  promised {PROMISED_MS}")
            if samples == options.cancel:
                seconds = cancelled(workspace, made)
                print(f"  {'UMAP cancelled, s':22} {seconds:9.2f}  promised {PROMISED_CANCEL_S:g}")
    if path is None:
        print("The page needs a browser, and there is none on the PATH.")


if __name__ == "__main__":
    main()
