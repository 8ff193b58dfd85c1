"""What a user chooses while the answers of the server are still on their way is not lost."""

import re

import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import PATIENCE_MS, Server

pytestmark = [pytest.mark.browser, pytest.mark.slow]

LATE = """
const late = heard => event => setTimeout(() => heard(event), 700);
const line = WebSocket.prototype, listen = line.addEventListener;
const was = Object.getOwnPropertyDescriptor(line, "onmessage");
Object.defineProperty(line, "onmessage", {get: was.get, set(heard) { was.set.call(this, heard && late(heard)); }});
line.addEventListener = function (name, heard, ...rest) {
  listen.call(this, name, name === "message" ? late(heard) : heard, ...rest);
};
"""


def test_who_is_quicker_than_the_line_keeps_what_was_chosen_and_can_go_back(browser: Browser, server: Server) -> None:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.goto(f"{server.url}/variants")
    expect(page.get_by_role("button", name="Remove 80")).to_be_visible(timeout=PATIENCE_MS)
    context.close()  # the server is warm now
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    page = context.new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(LATE)
    page.goto(f"{server.url}/variants")
    page.get_by_test_id("stSelectbox").filter(has_text="Base").get_by_role("combobox").fill("digits-cnn")
    page.keyboard.press("Enter")
    expect(page.get_by_text("digits-cnn-random-80")).to_be_visible(timeout=PATIENCE_MS)  # it was read
    page.get_by_role("button", name="Remove 80").click()
    page.get_by_label("Names begin with").fill("quick")
    page.keyboard.press("Enter")
    expect(page.get_by_text("quick-random-90")).to_be_visible(timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile(r"level=0\.5&level=0\.9.*option=prefix%3Aquick.*base=digits-cnn"))
    page.go_back()
    expect(page.get_by_text("quick-random-90")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("quick"))
    context.close()
