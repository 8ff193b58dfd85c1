"""The Geometry page at the first start: full at once; a class selects its samples; another model is measured."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, Server, Watched, serving, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SELECTED = re.compile(r"(\d+) of 1,000 selected")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that nobody has used before."""
    with serving(tmp_path_factory.mktemp("geometry")) as started:
        yield started


@pytest.fixture
def geometry(browser: Browser, fresh: Server) -> Generator[Watched]:
    """Its Geometry page. Whatever the browser or the server complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    found = Watched(context.new_page())
    found.page.goto(f"{fresh.url}/geometry")
    yield found
    context.close()
    # Streamlit asks for its own health below the page's path first, and is told that there is nothing.
    assert [e for e in found.errors if "404 (Not Found)" not in e] == []
    assert fresh.complaints() == []


def test_it_is_full_at_once_and_a_class_selects(geometry: Watched, browser: Browser, fresh: Server) -> None:
    page = geometry.page
    expect(page.get_by_text("Key numbers", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    expect(page.get_by_text("Only one layer is measured so far.")).to_have_count(0)
    expect(page.locator("table.geometry-table")).to_contain_text("Neighbours of the same class")

    page.get_by_role("radio", name="By depth").click()
    expect(page).to_have_url(re.compile("view=depth"))
    expect(page.get_by_text("How each is taken")).to_be_visible()
    expect(page.locator(".js-plotly-plot .subplot")).to_have_count(6)
    expect(page.locator(".js-plotly-plot .legend .traces")).to_have_count(3)

    page.get_by_role("radio", name="Similarity").click()
    expect(page).to_have_url(re.compile("view=similarity"))
    expect(page.get_by_text("Models with each other")).to_be_visible()
    expect(page.locator(".js-plotly-plot .heatmaplayer")).to_have_count(4)

    page.get_by_role("radio", name="Classes").click()
    expect(page).to_have_url(re.compile("view=classes"))
    table = page.locator("[class*=st-key-geometry-panel-table] [data-testid=stDataFrame]").first
    settled(page)
    table.scroll_into_view_if_needed()
    box = table.bounding_box()
    assert box
    page.mouse.click(box["x"] + 14, box["y"] + 48)
    line = page.locator("[class*=st-key-geometry-line-selection]")
    expect(line).to_contain_text(SELECTED)
    found = SELECTED.search(line.inner_text())
    assert found
    assert 0 < int(found[1]) < 1000

    page.get_by_role("button", name="Save as selection").first.click()
    page.get_by_label("Name", exact=True).fill("one class")
    page.get_by_role("button", name=re.compile(r"^Save \d")).click()
    expect(page).to_have_url(re.compile("selection="))

    page.wait_for_timeout(1500)  # what comes late must not take the selection out of the address
    expect(page).to_have_url(re.compile("selection="))
    again = browser.new_context(viewport={"width": 1440, "height": 900})
    other = again.new_page()
    other.goto(page.url)
    expect(other.locator("[class*=st-key-geometry-line-selection]")).to_contain_text(
        f"{found[1]} of 1,000 selected", timeout=PATIENCE_MS
    )
    expect(other.get_by_role("radio", name="Classes")).to_be_checked()
    again.close()


def test_a_model_that_does_not_come_measured_is_run_and_measured(geometry: Watched, fresh: Server) -> None:
    page = geometry.page
    expect(page.get_by_text("Key numbers", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.goto(f"{fresh.url}/geometry?model=shapes-cnn-lrr-95")
    page.get_by_role("button", name="Measure what each block gives").click(timeout=PATIENCE_MS)
    expect(page.get_by_text("Key numbers", exact=True)).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("radio", name="By depth").click()
    expect(page.locator(".js-plotly-plot .subplot")).to_have_count(6)
    expect(page.get_by_text("Only one layer is measured so far.")).to_have_count(0)
