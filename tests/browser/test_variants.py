"""From a bundled classifier to variants of it, by mouse: planned, made, seen as a family, layer by layer."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import PATIENCE_MS, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def tab(page: Page, name: str) -> None:
    page.get_by_role("tab", name=name, exact=True).first.click()


def card(page: Page, name: str):
    return page.locator(".methodcards .card").filter(has_text=name)


def test_variants_are_made_by_mouse_and_looked_at(watched: Watched) -> None:
    page = watched.page
    page.set_default_timeout(PATIENCE_MS)
    page.get_by_test_id("stTopNavLink").filter(has_text="Variants").click()
    expect(card(page, "Random")).to_have_attribute("aria-pressed", "true", timeout=PATIENCE_MS)
    page.get_by_test_id("stSelectbox").filter(has_text="Base").get_by_role("combobox").fill("digits-cnn")
    page.keyboard.press("Enter")
    expect(page.get_by_text("digits-cnn-random-80")).to_be_visible(timeout=PATIENCE_MS)
    card(page, "LAMP").click()
    expect(card(page, "LAMP")).to_have_attribute("aria-pressed", "true")
    card(page, "Global magnitude").click()
    expect(card(page, "Global magnitude")).to_have_attribute("aria-pressed", "false")
    page.get_by_role("button", name="Remove 80").click()
    page.get_by_label("Names begin with").fill("quick")
    page.keyboard.press("Enter")
    expect(page.get_by_text("quick-lamp-90")).to_be_visible()
    expect(page).to_have_url(re.compile(r"pruner=random&pruner=lamp.*level=0\.5&level=0\.9.*option=prefix%3Aquick"))

    page.get_by_role("button", name="Make 4 variants").click()
    expect(page.get_by_text("4 new variants")).to_be_visible(timeout=PATIENCE_MS)
    page.get_by_role("button", name="Show in Family").click()
    tree = page.locator(".js-plotly-plot").first
    expect(tree.locator(".scatterlayer .trace").last.locator(".point")).to_have_count(5, timeout=PATIENCE_MS)
    expect(tree.get_by_text("LAMP", exact=True)).to_be_visible()
    expect(page).to_have_url(re.compile(r"variant=quick-random-50&variant=quick-random-90&variant=quick-lamp-50"))

    tab(page, "Layers")
    expect(page.get_by_text("What is left of each layer")).to_be_visible()
    lines = page.locator(".js-plotly-plot").first.locator(".scatterlayer .trace")
    expect(lines).to_have_count(4, timeout=PATIENCE_MS)
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
