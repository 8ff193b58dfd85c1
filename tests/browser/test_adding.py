"""Adding a classifier by mouse: a file of weights with class names, and what is wrong with the others."""

import json
import re
from pathlib import Path

import pytest
import torch
from playwright.sync_api import Locator, Page, expect

from models.architectures import registry
from tests.browser.conftest import Server, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]

NAMES = ["oak", "ash", "elm", "fir", "yew", "box", "bay", "fig", "tea", "hop"]


def weights(path: Path, architecture: str = "resnet20_cifar") -> Path:
    """A small checkpoint as training scripts leave it."""
    torch.manual_seed(0)
    state = {f"module.{key}": value for key, value in registry.build(architecture).state_dict().items()}
    torch.save({"state_dict": state, "epoch": 3}, path)
    return path


def written(path: Path, names: list[str]) -> Path:
    path.write_text("\n".join(names), "utf-8")
    return path


def opened(page: Page, kind: str = "A file of mine") -> Locator:
    page.get_by_role("button", name="Add a classifier").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_text(kind, exact=True).click()
    return dialog


def fill(dialog: Locator, file: Path, classes: Path) -> None:
    for number, given in enumerate((file, classes)):
        dialog.locator("input[type=file]").nth(number).set_input_files(given)
        expect(dialog.get_by_text(given.name)).to_be_visible()
    expect(dialog.get_by_label("Name", exact=True)).to_have_attribute("placeholder", file.stem)


def test_a_file_of_weights_is_imported_chosen_and_explained(watched: Watched, server: Server, tmp_path: Path) -> None:
    page = watched.page
    dialog = opened(page)
    fill(dialog, weights(tmp_path / "orchard.th"), written(tmp_path / "trees.txt", NAMES))
    dialog.get_by_text("Preprocessing").click()
    dialog.get_by_text("Set by hand").click()
    dialog.get_by_label("Rows").fill("40")
    dialog.get_by_label("Rows").press("Tab")
    expect(dialog.get_by_label("Rows")).to_have_value("40")
    dialog.get_by_role("button", name="Import").click()
    expect(dialog).to_have_count(0)
    expect(page.locator(".by", has_text="orchard")).to_be_visible()
    expect(page.locator("canvas.overlay")).to_have_count(6)
    assert set(page.locator(".top .class .name").all_inner_texts()) <= set(NAMES)
    expect(page.get_by_text("What it sees: 32 × 40 pixels")).to_be_visible()
    expect(page).to_have_url(re.compile("classifier=orchard"))
    (card,) = (server.workspace / "models").glob("orchard*.json")
    assert json.loads(card.read_text("utf-8"))["preprocessing"]["size"] == [40, 32]


def test_what_is_wrong_with_a_file_is_said_in_the_dialog(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    dialog = opened(page)
    fill(dialog, weights(tmp_path / "deeper.pt", "resnet32_cifar"), written(tmp_path / "few.txt", NAMES[:9]))
    dialog.get_by_role("button", name="Import").click()
    alert = dialog.get_by_test_id("stAlert")
    expect(alert).to_contain_text("resnet20_cifar")
    dialog.locator("input[type=file]").first.set_input_files(weights(tmp_path / "other.pt"))
    expect(alert).to_have_count(0)
    dialog.get_by_role("button", name="Import").click()
    expect(alert).to_contain_text("9")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.locator(".by", has_text="resnet20-cifar10")).to_be_visible()


def test_a_name_that_nobody_knows_is_answered_with_near_ones(watched: Watched) -> None:
    page = watched.page
    dialog = opened(page, "Published weights")
    dialog.get_by_role("combobox").fill("timm/resnett18")
    page.keyboard.press("Enter")
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(dialog.get_by_test_id("stAlert")).to_contain_text("timm/resnet18")


def test_work_that_ends_leaves_an_open_dialog_open(watched: Watched, server: Server) -> None:
    page = watched.page
    page.goto(f"{server.url}/?method=gradcam&method=rise%3Bmasks%3D1000")
    expect(page.get_by_role("button", name="Cancel", exact=True)).to_be_visible()
    dialog = opened(page)
    expect(page.locator("canvas.overlay")).to_have_count(2, timeout=120_000)
    expect(dialog.get_by_text("Architecture", exact=True)).to_be_visible()
    page.wait_for_timeout(1000)
    expect(dialog.get_by_text("Architecture", exact=True)).to_be_visible()
