"""The Embeddings page at the first start: a lasso fills the gallery, the other pane follows, an upload lands."""

import re
from collections.abc import Generator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from analysis.datasets.opened import OpenDataset
from tests.browser.conftest import PATIENCE_MS, Server, Watched, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

COUNTS = re.compile(r"^1,000 points, (\d+) selected$")
SELECTED = re.compile(r"(\d+) of 1,000 selected")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that nobody has used before."""
    with serving(tmp_path_factory.mktemp("embeddings")) as started:
        yield started


@pytest.fixture
def embeddings(browser: Browser, fresh: Server) -> Generator[Watched]:
    """Its Embeddings page, full. Whatever the browser or the server complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, accept_downloads=True)
    context.set_default_timeout(PATIENCE_MS)
    found = Watched(context.new_page())
    found.page.goto(f"{fresh.url}/embeddings")
    ready(found.page)
    yield found
    context.close()
    # Streamlit asks for its own health below the page's path first, and is told that there is nothing.
    assert [e for e in found.errors if "404 (Not Found)" not in e] == []
    assert fresh.complaints() == []


def ready(page: Page) -> None:
    expect(page.locator(".panes .counts")).to_have_text(re.compile("points"), timeout=PATIENCE_MS)
    expect(page.locator(".panes .pane")).to_have_count(2)
    expect(page.locator(".panes")).to_have_attribute("aria-busy", "false")


def lasso(page: Page, pane: int, corners: list[tuple[float, float]]) -> int:
    """Corners as shares of a pane's width and height -> how many it chose, as the server says."""
    box = page.locator(".panes .body").nth(pane).bounding_box()
    assert box
    places = [(box["x"] + x * box["width"], box["y"] + y * box["height"]) for x, y in corners]
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=8)
    page.mouse.up()
    line = page.locator("[class*=st-key-embeddings-line-selection]")
    expect(line).to_contain_text(SELECTED, timeout=PATIENCE_MS)
    expect(page.locator(".panes")).to_have_attribute("aria-busy", "false")
    found = SELECTED.search(line.inner_text())
    assert found
    return int(found[1])


def test_a_lasso_fills_the_gallery_and_an_upload_lands(
    embeddings: Watched, browser: Browser, fresh: Server, tmp_path: Path
) -> None:
    page = embeddings.page
    titles = page.locator(".panes .pane header b")
    assert [t.split(" · ")[1:] for t in titles.all_inner_texts()] == [
        ["shapes-cnn", "UMAP"],
        ["shapes-cnn-lrr-80", "UMAP"],
    ]
    beside = page.locator("[class*=st-key-embeddings-panel-right]")
    chosen = lasso(page, 0, [(0.02, 0.02), (0.5, 0.02), (0.5, 0.98), (0.02, 0.98)])
    assert 0 < chosen < 1000
    expect(page.locator(".panes .counts")).to_have_text(f"1,000 points, {chosen:,} selected")
    more = lasso(page, 1, [(0.02, 0.02), (0.98, 0.02), (0.98, 0.3), (0.02, 0.3)])
    assert 0 < more < 1000

    page.get_by_role("button", name="Save as selection").first.click()
    page.get_by_label("Name", exact=True).fill("upper clusters")
    page.get_by_role("button", name=re.compile(r"^Save \d")).click()
    expect(page).to_have_url(re.compile("selection="), timeout=PATIENCE_MS)

    beside.get_by_text("Place", exact=True).click()
    expect(page).to_have_url(re.compile("view=place"), timeout=PATIENCE_MS)
    (folder,) = (fresh.workspace / "datasets").iterdir()
    picture = tmp_path / "known.png"
    OpenDataset.open(folder).images([7])[0].save(picture)
    beside.locator("input[type=file]").set_input_files(picture)
    expect(beside.get_by_text("known.png").first).to_be_visible(timeout=PATIENCE_MS)
    expect(beside.get_by_text("UMAP has no map for new images").first).to_be_visible(timeout=PATIENCE_MS)

    address = page.url
    other = browser.new_context(viewport={"width": 1440, "height": 900}).new_page()
    other.goto(address)
    ready(other)
    expect(other.locator(".panes .counts")).to_have_text(f"1,000 points, {more:,} selected", timeout=PATIENCE_MS)
    expect(other.get_by_text("upper clusters").first).to_be_visible(timeout=PATIENCE_MS)
    other.context.close()


def test_another_method_is_computed_while_the_page_goes_on(embeddings: Watched) -> None:
    """PCA is there at once; clusters come as a job, and are chosen by a click."""
    page = embeddings.page
    page.get_by_role("button", name="Change pane 2").click()
    page.get_by_label("Method", exact=True).click()
    page.get_by_role("option", name="PCA", exact=True).click()
    page.get_by_role("button", name="Show it").click()
    expect(page.locator(".panes .pane header b").nth(1)).to_have_text(re.compile("PCA"), timeout=PATIENCE_MS)
    beside = page.locator("[class*=st-key-embeddings-panel-right]")
    beside.get_by_text("Clusters", exact=True).click()
    beside.get_by_role("button", name="Find clusters").click()
    choose = beside.get_by_role("button", name="Select", exact=True).first
    expect(choose).to_be_visible(timeout=PATIENCE_MS)
    choose.click()
    expect(page.locator("[class*=st-key-embeddings-line-selection]")).to_contain_text(SELECTED, timeout=PATIENCE_MS)
