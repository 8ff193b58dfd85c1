"""From a filter to the gallery, one sample, a cell of the confusion matrix, a selection, and back by its address."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.app.filled import CAT, CLASSES, DOG, FIRST, LABELS, fill
from tests.browser.conftest import PATIENCE_MS, Server, Watched, serving

pytestmark = [pytest.mark.browser, pytest.mark.slow]

MISTAKES = int(((LABELS == DOG) & (FIRST == CAT)).sum())


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server whose workspace has a dataset and two passes."""
    folder = tmp_path_factory.mktemp("samples")
    (folder / "workspace").mkdir()
    fill(folder / "workspace")
    with serving(folder) as started:
        yield started


@pytest.fixture
def samples(browser: Browser, filled: Server) -> Generator[Watched]:
    """The Samples page. Whatever the browser or the server complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(60_000)
    found = Watched(context.new_page())
    found.page.goto(f"{filled.url}/samples")
    found.page.wait_for_selector(".tiles .open", timeout=PATIENCE_MS)
    yield found
    context.close()
    # Streamlit asks for its own health below the page's path first, and is told that there is nothing.
    assert [e for e in found.errors if "404 (Not Found)" not in e] == []
    assert filled.complaints() == []


def counted(page: Page, count: int) -> None:
    expect(page.get_by_role("heading", name=f"{count} of 60 images")).to_be_visible()


def test_from_a_filter_to_a_selection_and_back_by_its_address(samples: Watched, browser: Browser) -> None:
    page = samples.page
    counted(page, 60)
    page.get_by_role("radio", name="Wrong").click()
    counted(page, MISTAKES)
    expect(page.locator(".tiles .one.wrong")).to_have_count(MISTAKES)
    page.locator(".tiles .open").first.click()
    expect(page.locator(".single .verdict")).to_have_text("Label: dog")
    expect(page.locator(".single .place")).to_contain_text(f"1 of {MISTAKES}")
    page.keyboard.press("ArrowRight")
    expect(page.locator(".single .place")).to_contain_text(f"2 of {MISTAKES}")
    page.keyboard.press("Escape")
    expect(page.locator(".single")).to_have_count(0)
    page.get_by_role("radio", name="Any").first.click()
    counted(page, 60)
    page.get_by_role("radio", name="Confusion").click()
    _click_cell(page, row=DOG, column=CAT)
    counted(page, MISTAKES)
    expect(page).to_have_url(re.compile(r"truth=1.*predicted=0"))  # which follows what is drawn
    page.get_by_role("button", name="Save as selection").click()
    page.get_by_label("Name", exact=True).fill("dogs taken for cats")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved 'dogs taken for cats'")).to_be_visible()
    page.keyboard.press("Escape")
    page.get_by_role("button", name="Reset filters").click()
    counted(page, 60)
    page.get_by_role("radio", name="Selections").click()
    page.get_by_role("button", name="Show it").click()
    counted(page, MISTAKES)
    expect(page).to_have_url(re.compile("selection="))
    with browser.new_context() as other:
        again = other.new_page()
        again.goto(page.url, timeout=PATIENCE_MS)
        counted(again, MISTAKES)
        expect(again).to_have_url(re.compile("selection="))


def _click_cell(page: Page, row: int, column: int) -> None:
    """In the middle of a cell of the matrix, of three rows by two columns."""
    area = page.locator(".js-plotly-plot .nsewdrag").first
    area.wait_for(state="attached")
    pointed = page.locator(".js-plotly-plot .hoverlayer", has_text=f"Label: {CLASSES[row]}first: {CLASSES[column]}")
    for _ in range(20):  # until the figure has taken its place
        box = area.bounding_box()
        assert box
        across, down = box["x"] + box["width"] * (column + 0.45) / 2, box["y"] + box["height"] * (row + 0.45) / 3
        page.mouse.move(across - 5, down)
        page.mouse.move(across, down)
        page.wait_for_timeout(1000)
        if pointed.count():
            page.mouse.click(across, down)
            return
    pytest.fail("the cursor finds no such cell")


def test_ticks_by_mouse_and_keyboard_become_a_selection(samples: Watched) -> None:
    page = samples.page
    tiles = page.locator(".tiles .open")
    tiles.nth(2).click(modifiers=["Control"])
    tiles.nth(5).click(modifiers=["Shift"])
    tiles.nth(8).focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("x")
    expect(page.locator(".tiles .ticked")).to_have_count(5)
    assert page.locator(".tiles .ticked").last.get_attribute("data-sample") == "9"
    page.wait_for_timeout(1500)
    page.get_by_role("button", name="Save as selection").click()
    expect(page.get_by_text("The 5 ticked")).to_be_visible()
    page.get_by_label("Name", exact=True).fill("picked")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Saved 'picked'")).to_be_visible()
    expect(page.locator(".tiles .ticked")).to_have_count(0)


def test_a_sample_is_opened_on_the_explain_page(samples: Watched) -> None:
    page = samples.page
    page.locator(".tiles .open").nth(1).click()
    page.get_by_role("button", name="Explain", exact=True).click()
    page.wait_for_url("**/explain?*" if "/explain" in page.url else "**classifier=first*", timeout=60_000)
    expect(page).to_have_url(re.compile("picture="))
    expect(page).to_have_url(re.compile("classifier=first"))
