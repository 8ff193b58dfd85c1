"""The Robustness page at the first start: a cell is clicked, a lasso chooses samples, and the others follow."""

import re
from collections.abc import Generator

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.browser.conftest import PATIENCE_MS, Server, Watched, serving, settled

pytestmark = [pytest.mark.browser, pytest.mark.slow]

SELECTED = re.compile(r"^(\d+) of 1,000 selected$")


@pytest.fixture(scope="module")
def fresh(tmp_path_factory: pytest.TempPathFactory) -> Generator[Server]:
    """A server that nobody has used before."""
    with serving(tmp_path_factory.mktemp("robustness")) as started:
        yield started


@pytest.fixture
def robustness(browser: Browser, fresh: Server) -> Generator[Watched]:
    """Its Robustness page. Whatever the browser or the server complains of fails the test."""
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    context.set_default_timeout(PATIENCE_MS)
    found = Watched(context.new_page())
    found.page.goto(f"{fresh.url}/robustness")
    yield found
    context.close()
    # Streamlit asks for its own health below the page's path first, and is told that there is nothing.
    assert [e for e in found.errors if "404 (Not Found)" not in e] == []
    assert fresh.complaints() == []


def panel(page: Page, view: str):
    return page.locator(f"[class*=st-key-robustness-panel-{view}]")


def test_a_cell_a_lasso_and_a_list_that_is_kept(robustness: Watched, browser: Browser) -> None:
    page = robustness.page
    table = page.locator(".evaltable")
    expect(table.get_by_text("biprop").first).to_be_attached(timeout=PATIENCE_MS)
    cell = table.get_by_label(re.compile(r"^shapes-cnn-lrr-80\b.*fog", re.IGNORECASE)).first
    cell.click()
    expect(page).to_have_url(re.compile(r"a=shapes-cnn-lrr-80.*at=fog"), timeout=PATIENCE_MS)

    plane = page.locator(".js-plotly-plot").filter(has_text="Angle to the true class").first
    area = plane.locator(".nsewdrag").first
    expect(area).to_be_attached(timeout=PATIENCE_MS)
    settled(page)
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    ways = [(0.45, 0.05), (0.98, 0.05), (0.98, 0.98), (0.45, 0.98), (0.45, 0.1)]
    points = [(box["x"] + box["width"] * x, box["y"] + box["height"] * y) for x, y in ways]
    page.mouse.move(*points[0])
    page.mouse.down()
    for point in points[1:]:
        page.mouse.move(*point, steps=8)
    page.mouse.up()
    said = page.get_by_text(SELECTED)
    expect(said).to_be_visible(timeout=PATIENCE_MS)
    match = SELECTED.match(said.inner_text())
    assert match is not None
    count = match[1]
    assert 0 < int(count) < 1000
    expect(page.get_by_role("button", name=re.compile(rf"all · {count}"))).to_be_visible(timeout=PATIENCE_MS)

    page.get_by_role("button", name="Save as selection").click()
    page.get_by_label("Name", exact=True).fill("fragile")
    page.get_by_role("button", name=f"Save {count} samples").click()
    expect(page.get_by_text("selection 'fragile'")).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile("selection="))
    with browser.new_context(viewport={"width": 1440, "height": 900}) as other:
        again = other.new_page()
        again.goto(page.url, timeout=PATIENCE_MS)
        expect(again.get_by_text(f"{count} of 1,000 selected")).to_be_visible(timeout=PATIENCE_MS)
        expect(again.get_by_text("selection 'fragile'")).to_be_visible(timeout=PATIENCE_MS)


@pytest.mark.parametrize(
    ("view", "sign"),
    [
        ("Table", "Evaluation table"),
        ("Similarity", "MDS"),
        ("Curves", "severity"),
        ("Corruptions", "weather"),
        ("Findings", "not found here"),
    ],
)
def test_each_view_stands_alone(robustness: Watched, view: str, sign: str) -> None:
    page = robustness.page
    page.get_by_role("radio", name=view, exact=True).or_(
        page.get_by_role("button", name=view, exact=True)
    ).first.click()
    expect(page.get_by_text(sign).first).to_be_visible(timeout=PATIENCE_MS)
