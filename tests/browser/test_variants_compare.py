"""From the trade-off's points to columns of models: maps, differences from the base, and the images that changed."""

import re
from collections.abc import Generator

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.records import DatasetRecord
from tests.app.pruned import BASE, HALF, NINE, fill
from tests.browser.conftest import PATIENCE_MS, Server, Watched, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Generator[tuple[Server, DatasetRecord]]:
    """A server whose workspace has two variants, a few shapes, and what all three models said of them."""
    folder = tmp_path_factory.mktemp("variants")
    dataset = fill(folder / "workspace")
    with serving(folder) as started:
        yield started, dataset


@pytest.fixture
def watched(browser: Browser, filled: tuple[Server, DatasetRecord]) -> Generator[Watched]:
    """A page of that server. Whatever the browser or the server complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(60_000)
    found = Watched(context.new_page())
    yield found
    context.close()
    # Streamlit asks for its own health below the page's path first, and is told that there is nothing.
    assert [e for e in found.errors if "404 (Not Found)" not in e] == []
    assert filled[0].complaints() == []


def opened(page: Page, server: Server, query: str) -> None:
    page.goto(f"{server.url}/variants?base={BASE}&{query}", timeout=PATIENCE_MS)


def test_a_click_on_a_point_puts_a_model_on_show(watched: Watched, filled: tuple[Server, DatasetRecord]) -> None:
    page = watched.page
    opened(page, filled[0], f"tab=tradeoff&variant={HALF}")
    page.wait_for_selector(".js-plotly-plot .point", timeout=PATIENCE_MS)
    _click_point(page, NINE)
    page.wait_for_url(f"**variant={NINE}**")
    expect(page.get_by_role("button", name="Compare the 2 on show")).to_be_visible()
    with page.expect_download() as file:
        page.get_by_role("button", name="Numbers (CSV)").click()
    assert NINE in file.value.path().read_text("utf-8")


def _click_point(page: Page, name: str) -> None:
    """Where the plot draws that model."""
    place = """name => {
        const plot = document.querySelector(".js-plotly-plot"), box = plot.getBoundingClientRect();
        const { xaxis: x, yaxis: y } = plot._fullLayout, trace = plot.data.findIndex((t) => t.name === "models");
        const point = plot.calcdata[trace].find((p) => plot.data[trace].customdata[p.i][0] === name);
        return [box.left + x._offset + x.c2p(point.x), box.top + y._offset + y.c2p(point.y)];
    }"""
    told = page.locator(".js-plotly-plot .hoverlayer", has_text=name)
    for _ in range(20):  # until the figure has taken its place
        across, down = page.evaluate(place, name)
        page.mouse.move(across - 6, down - 4)
        page.mouse.move(across, down)
        page.wait_for_timeout(500)
        if told.count():
            page.mouse.click(across, down)
            return
    pytest.fail("the cursor finds no such point")


def test_models_stand_beside_each_other_over_the_same_images(
    watched: Watched, filled: tuple[Server, DatasetRecord]
) -> None:
    page, (server, dataset) = watched.page, filled
    short = dataset.dataset_id[:12]
    opened(page, server, f"tab=side&variant={HALF}&variant={NINE}&data={short}&sample=0&sample=3&target=base")
    expect(page.locator(".columns .head")).to_have_count(3, timeout=PATIENCE_MS)
    expect(page.locator(".columns .line")).to_have_count(2)
    expect(page.locator(".columns .tile")).to_have_count(2 * (3 + 2))
    expect(page.locator(".columns .numbers")).to_have_count(6)
    assert len(set(page.locator(".columns .cell .target-line", has_text="for ").all_inner_texts())) <= 2
    _differences_are_what_the_maps_say(page)
    page.get_by_role("button", name="Signed").click()
    first = page.locator(".columns .tile").first
    expect(first.locator(".ends .zero")).to_have_count(1)
    first.locator(".stage").click()
    expect(page.locator(".large[open] .by")).to_contain_text(BASE)
    page.keyboard.press("Escape")
    expect(page.get_by_role("heading", name="What changed most")).to_be_visible()
    expect(page).to_have_url(re.compile(f"data={short}"))


def _differences_are_what_the_maps_say(page: Page) -> None:
    """Each map over its largest magnitude, less the base's; drawn around zero whatever the others are drawn by."""
    read = """tiles => tiles.map((tile) => ({ raw: [...tile.cutaway.raw], shape: tile.cutaway.shape,
        ends: tile.querySelector(".ends")?.textContent ?? "" }))"""
    tiles = page.locator(".columns .tile").evaluate_all(read)
    base, half, nine, *differences = tiles[:5]
    for own, difference in zip((half, nine), differences, strict=True):
        one, other, found = (np.array(t["raw"]).reshape(t["shape"]) for t in (own, base, difference))
        np.testing.assert_allclose(found, one / np.abs(one).max() - other / np.abs(other).max(), atol=1e-5)
        assert difference["ends"].startswith("−")
