"""How long a page takes to be drawn anew while another browser has a model run over a dataset.

python -m tests.benchmarks.pages [--images 20000] [--clicks 60]

Two browsers, one server: the first starts passes over a generated dataset by mouse, the second clicks through the
Workspace and the Samples pages. Rerun: from the message that asks the server for it until the one that ends it came,
which is what is promised. Drawn: from the click until the address says what was clicked and the browser is at rest,
the driver's own time and the browser's on these processors included. Medians, before the passes and while they run.
"""

import argparse
import os
import re
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from playwright.sync_api import Browser, Page, WebSocket, sync_playwright
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg

from analysis.pipelines.work import run_here
from analysis.store import Store
from tests.benchmarks.first_paint import ARGUMENTS, PATIENCE_MS, chromium, server

MODELS = ("shapes-vit", "shapes-cnn", "shapes-cnn-robust", "shapes-cnn-shortcut")
PROMISED_MS = 300
RESTING = "document.querySelector('[data-test-script-state]')?.dataset.testScriptState === 'notRunning'"
WORKING = ".st-key-indicator button, .st-key-indicator a"
TAB, LINK, SEGMENT = "[role=tab]", "[data-testid=stTopNavLink]", "[data-testid=stButtonGroup]"
CLICKS = (
    (TAB, "Store", r"tab=store"),
    (TAB, "Add data", r"tab=add"),
    (TAB, "Datasets", r"workspace(?!.*tab=)"),
    (LINK, "Samples", r"/samples\?"),
    (SEGMENT, "Confusion", r"view=confusion"),
    (SEGMENT, "Classes", r"view=classes"),
    (SEGMENT, "Images", r"/samples\?(?!.*view=)"),
    (LINK, "Workspace", r"/workspace"),
)


def prepared(workspace: Path, images: int) -> str:
    """A workspace with a generated dataset and what one model said of a part of it; the dataset's name."""
    with Store.open(workspace) as store:
        small = {"kind": "shapes", "name": "small", "params": {"count": 2000, "seed": 1}}
        made = run_here(store, workspace, "generate", small)
        run_here(store, workspace, "predict", {"model": MODELS[-1], "dataset": made["dataset_id"]})
        large = {"kind": "shapes", "name": "large", "params": {"count": images}}
        return run_here(store, workspace, "generate", large)["dataset_id"][:12]


@dataclass
class Messages:
    """When a page's server was asked for a rerun, and when it had ended."""

    asked: float | None = None
    ended: float = 0.0

    def follow(self, socket: WebSocket) -> None:
        socket.on("framesent", self._sent)
        socket.on("framereceived", self._received)

    def _sent(self, _: str | bytes) -> None:
        self.asked = self.asked or time.perf_counter()

    def _received(self, data: str | bytes) -> None:
        message = ForwardMsg.FromString(data) if isinstance(data, bytes) else ForwardMsg()
        if message.WhichOneof("type") == "script_finished":
            self.ended = time.perf_counter()


def click(page: Page, messages: Messages, kind: str, words: str, address: str) -> tuple[float, float]:
    """Milliseconds of the rerun that a click asks for, and until what was clicked is drawn."""
    target = page.locator(kind).get_by_text(words, exact=True)
    target.wait_for()
    page.wait_for_function(RESTING)
    messages.asked, began = None, time.perf_counter()
    target.click()
    page.wait_for_url(re.compile(address), wait_until="commit")
    page.wait_for_function(RESTING)
    drawn = time.perf_counter() - began
    return 1000 * (messages.ended - (messages.asked or began)), 1000 * drawn


def start(page: Page, url: str, dataset: str) -> None:
    """The first browser: run the models over the large dataset, one after the other."""
    page.goto(f"{url}/workspace?dataset={dataset}")
    page.get_by_text("Run a model over it").click()
    for model in MODELS:
        box = page.get_by_test_id("stSelectbox").filter(has_text="Model").get_by_role("combobox")
        box.fill(model)
        page.keyboard.press("Enter")
        page.wait_for_timeout(1500)  # it is loaded, and its classes are matched
        page.get_by_role("button", name="Run", exact=True).click()
        page.wait_for_timeout(500)


def measured(browser: Browser, url: str, dataset: str, clicks: int) -> dict[str, list[float]]:
    """The second browser's times by page, at rest and while passes run."""
    contexts = [browser.new_context(viewport={"width": 1440, "height": 900}) for _ in range(2)]
    first, second = (context.new_page() for context in contexts)
    for page in (first, second):
        page.set_default_timeout(PATIENCE_MS)
    messages = Messages()
    second.on("websocket", messages.follow)
    second.goto(f"{url}/workspace")
    second.wait_for_function(RESTING)
    for target in CLICKS:  # once unmeasured: libraries are imported
        click(second, messages, *target)
    found: dict[str, list[float]] = {}
    for number in range(len(CLICKS) * max(1, clicks // 2 // len(CLICKS))):  # back to where the round begins
        _add(found, click(second, messages, *CLICKS[number % len(CLICKS)]), number, "at rest")
    start(first, url, dataset)
    for number in range(clicks):
        if not first.locator(WORKING).count():
            break
        _add(found, click(second, messages, *CLICKS[number % len(CLICKS)]), number, "while passes run")
    for context in contexts:
        context.close()
    return found


def _add(found: dict[str, list[float]], times: tuple[float, float], number: int, when: str) -> None:
    kind, _, address = CLICKS[number % len(CLICKS)]
    where = "Samples" if "samples" in address or kind == SEGMENT else "Workspace"
    for what, milliseconds in zip(("rerun", "drawn"), times, strict=True):
        found.setdefault(f"{where}, {what}, {when}", []).append(milliseconds)


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="pages")
    parser.add_argument("--images", type=int, default=20_000)
    parser.add_argument("--clicks", type=int, default=64)
    options = parser.parse_args(arguments)
    if (path := chromium()) is None:
        print("The pages need a browser, and there is none on the PATH.")
        return
    with tempfile.TemporaryDirectory() as folder:
        workspace = Path(folder, "workspace")
        dataset = prepared(workspace, options.images)
        with server(workspace) as (url, _), sync_playwright() as playwright:
            browser = playwright.chromium.launch(executable_path=path, args=ARGUMENTS)
            found = measured(browser, url, dataset, options.clicks)
            browser.close()
    print(f"\nPages, milliseconds, medians (load {os.getloadavg()[0]:.1f})")
    for name, times in sorted(found.items()):
        spread = f"({min(times):.0f} to {max(times):.0f}, {len(times)} clicks)"
        promised = f"  promised {PROMISED_MS}" if "rerun, while" in name else ""
        print(f"  {name:36} {statistics.median(times):6.0f}  {spread}{promised}")


if __name__ == "__main__":
    main()
