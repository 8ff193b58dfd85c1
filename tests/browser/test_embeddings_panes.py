"""The panes alone, in a browser: points are there, a lasso is exact, names stay text, nothing is fetched twice."""

import io
import os
import re
import subprocess
import sys
from collections.abc import Generator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Page, expect

from tests.browser import conftest
from tests.browser.conftest import PATIENCE_MS, ROOT, Server, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNTS = re.compile(r"^([\d,]+) points(?:, ([\d,]+) selected)?$")


@pytest.fixture(scope="module")
def shown(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """tests/show_panes.py on a port of its own."""
    folder, port = tmp_path_factory.mktemp("panes"), conftest._free_port()
    options = ["--server.headless=true", f"--server.port={port}", "--server.address=127.0.0.1"]
    command = [sys.executable, "-m", "streamlit", "run", str(ROOT / "tests" / "show_panes.py"), *options]
    environment = os.environ | {"CUTAWAY_WORKSPACE": str(folder / "workspace"), "PYTHONPATH": str(ROOT)}
    log = folder / "log.txt"
    with log.open("wb") as out, subprocess.Popen(command, stdout=out, stderr=out, cwd=ROOT, env=environment) as process:
        conftest._wait_for(f"http://127.0.0.1:{port}/_stcore/health", process)
        yield Server(f"http://127.0.0.1:{port}", log, folder / "workspace")
        process.terminate()


class Panes(Watched):
    """The page with panes, and what it fetched."""

    def open(self, server: Server, query: str) -> None:
        self.fetched: list[tuple[str, int]] = []
        self.page.on("response", self._seen)
        self.page.goto(f"{server.url}/?{query}")
        expect(self.page.locator(".panes .counts")).to_have_text(re.compile(r"points|drawn"), timeout=PATIENCE_MS)
        self.settled()

    def settled(self) -> None:
        """The server has answered, and what it answered is drawn."""
        expect(self.page.locator(".panes")).to_have_attribute("aria-busy", "false")
        self.page.wait_for_timeout(200)

    def _seen(self, response) -> None:
        if "/cutaway/" in response.url:
            self.fetched.append((response.url, int(response.headers["content-length"])))

    def drag(self, pane: int, corners: list[tuple[float, float]]) -> None:
        """Corners as shares of a pane's width and height."""
        box = self.page.locator(".panes .body").nth(pane).bounding_box()
        assert box
        places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
        self.page.mouse.move(*places[0])
        self.page.mouse.down()
        for place in places[1:]:
            self.page.mouse.move(*place, steps=10)
        self.page.mouse.up()

    def selected(self) -> int | None:
        found = COUNTS.match(self.page.locator(".panes .counts").inner_text())
        assert found
        return int(found[2].replace(",", "")) if found[2] else None

    def colours(self, pane: int) -> int:
        """Pixels of a pane that are neither paper nor grey."""
        self.page.wait_for_timeout(300)
        shot = self.page.locator(".panes .body").nth(pane).screenshot()
        pixels = np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)
        return int((np.ptp(pixels, axis=2) > 40).sum())


@pytest.fixture
def panes(browser: Browser, shown: Server) -> Generator[Panes]:
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(30_000)
    found = Panes(context.new_page())
    yield found
    context.close()
    assert found.errors == []
    assert shown.complaints() == []


def held(page: Page) -> str:
    return page.get_by_text("held:").inner_text()


def test_both_panes_show_their_points_and_a_rerun_fetches_nothing(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=20000&panes=2")
    assert panes.colours(0) > 3000
    assert panes.colours(1) > 3000
    assert sorted(size for _, size in panes.fetched) == [20_000, 80_000, 80_000]
    before = len(panes.fetched)
    panes.page.get_by_role("button", name="Rerun").click()
    panes.page.wait_for_timeout(1500)
    assert len(panes.fetched) == before


def test_a_lasso_is_exact_and_sends_a_byte_a_sample(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=20000&panes=2")
    panes.fetched.clear()
    panes.drag(1, [(0.1, 0.1), (0.5, 0.1), (0.5, 0.9), (0.1, 0.9)])
    at_once = panes.selected()
    expect(panes.page.get_by_text("held:")).not_to_contain_text("all")
    panes.settled()
    assert [size for _, size in panes.fetched] == [20_000]
    exact = panes.selected()
    assert at_once
    assert exact
    assert abs(at_once - exact) < 0.01 * exact  # the browser's answer was about right
    assert f"{exact}" in held(panes.page)
    assert max(panes.frames) < 20_000  # the lasso goes to the server, not the samples in it

    panes.page.keyboard.down("Alt")
    panes.drag(1, [(0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5)])
    panes.page.keyboard.up("Alt")
    expect(panes.page.locator(".panes .counts")).not_to_contain_text(f"{exact:,} selected")
    panes.settled()
    less = panes.selected()
    assert less
    assert less < exact
    panes.page.keyboard.down("Shift")
    panes.drag(1, [(0.1, 0.1), (0.5, 0.1), (0.5, 0.5), (0.1, 0.5)])
    panes.page.keyboard.up("Shift")
    panes.settled()
    assert abs((panes.selected() or 0) - exact) < 0.005 * exact


def test_a_box_in_a_solid_pane_is_the_same_on_both_sides(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=5000&panes=1&dims=3")
    panes.drag(0, [(0.3, 0.5), (0.6, 0.4)])  # turns it
    panes.page.get_by_role("button", name="Box").click()
    panes.drag(0, [(0.35, 0.3), (0.6, 0.75)])
    at_once = panes.selected()
    expect(panes.page.get_by_text("held:")).not_to_contain_text("all")
    panes.settled()
    assert at_once
    assert abs((panes.selected() or 0) - at_once) < 0.01 * at_once


def test_classes_are_hidden_and_names_stay_text(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=2000&panes=2&uploads=1")
    legend = panes.page.locator(".panes .legend")
    expect(legend).to_contain_text("<b>bold</b>")
    assert panes.page.locator(".panes b b, .panes .legend b").count() == 0
    panes.page.get_by_role("button", name="class 4", exact=True).click()
    expect(panes.page.locator(".panes .counts")).not_to_have_text("2,000 points")
    expect(panes.page.get_by_role("button", name="class 4", exact=True)).to_have_attribute("aria-pressed", "false")
    panes.settled()
    expect(panes.page.get_by_role("button", name="class 4", exact=True)).to_have_attribute("aria-pressed", "false")


def test_a_point_is_hovered_and_picked(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=5&panes=2&classes=2")
    body = panes.page.locator(".panes .body").first
    box = body.bounding_box()
    assert box
    for x in np.linspace(0.02, 0.98, 40):
        for y in np.linspace(0.02, 0.98, 30):
            panes.page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
            if panes.page.locator(".panes .tip").is_visible():
                panes.page.mouse.down()
                panes.page.mouse.up()
                expect(panes.page.get_by_text("picked:")).not_to_contain_text("None")
                expect(panes.page.locator(".panes .tip")).to_contain_text("Sample")
                return
    pytest.fail("no point was found")


def test_the_keyboard_selects_what_is_in_view(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=2000&panes=1")
    panes.page.locator(".panes .body").focus()
    for key in ("+", "+", "+", "+", "ArrowLeft", "Enter"):
        panes.page.keyboard.press(key)
    expect(panes.page.get_by_text("held:")).not_to_contain_text("all")
    panes.settled()
    assert 0 < (panes.selected() or 0) < 2000
    label = panes.page.locator(".panes .glass").get_attribute("aria-label") or ""
    assert "Pane 1" in label
    assert "selected" in label


def test_points_move_to_the_other_panes_places_and_back(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=1000&panes=2")
    panes.page.get_by_role("button", name="Morph", exact=True).click()
    expect(panes.page.locator(".panes header").first).to_contain_text("shows pane 2's places")
    panes.page.get_by_role("button", name="Morph back").click()
    expect(panes.page.locator(".panes header").first).not_to_contain_text("shows pane 2's places")


def test_a_pane_is_saved_as_a_picture(panes: Panes, shown: Server, tmp_path: Path) -> None:
    panes.open(shown, "n=1000&panes=2")
    with panes.page.expect_download() as download:
        panes.page.get_by_role("button", name="Save this pane as PNG").first.click()
    download.value.save_as(tmp_path / "pane.png")
    pixels = np.asarray(Image.open(tmp_path / "pane.png").convert("RGB")).astype(int)
    assert pixels.shape[1] > 1000
    assert (np.ptp(pixels, axis=2) > 40).sum() > 3000


def test_after_the_context_is_lost_the_points_come_back(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=5000&panes=1")
    before = panes.colours(0)
    panes.page.locator(".panes .glass").evaluate(
        "async (canvas) => { const lost = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');"
        "lost.loseContext(); await new Promise((f) => setTimeout(f, 300)); lost.restoreContext(); }"
    )
    panes.page.wait_for_timeout(500)
    assert panes.colours(0) == pytest.approx(before, rel=0.02)


def test_a_pane_that_waits_says_why(panes: Panes, shown: Server) -> None:
    panes.open(shown, "n=1000&panes=2&why=1")
    expect(panes.page.locator(".panes .why").last).to_contain_text("about 40 seconds")


def test_without_webgl_it_says_so(panes: Panes, shown: Server) -> None:
    panes.page.add_init_script(
        "const given = HTMLCanvasElement.prototype.getContext;"
        "HTMLCanvasElement.prototype.getContext = function (kind, ...rest) "
        "{ return kind === 'webgl2' ? null : given.call(this, kind, ...rest); };"
    )
    panes.open(shown, "n=1000&panes=1")
    expect(panes.page.locator(".panes .trouble")).to_contain_text("does not offer WebGL2")


def test_points_that_the_server_no_longer_keeps_are_published_again(panes: Panes, shown: Server) -> None:
    refused: list[str] = []

    def once(route) -> None:
        if refused:
            return route.continue_()
        refused.append(route.request.url)
        return route.fulfill(status=404, body="This is no longer kept. Reload the page.")

    panes.page.route("**/cutaway/blob/*", once)
    panes.open(shown, "n=1000&panes=1")
    assert refused
    assert panes.colours(0) > 1000
    expect(panes.page.locator(".panes .trouble")).to_be_hidden()
    panes.errors = [e for e in panes.errors if "404" not in e]  # the browser's own line about it
