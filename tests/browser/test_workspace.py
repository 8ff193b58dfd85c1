"""From a zip of folders to what a model said of its images, by mouse; and from page to page and back."""

import io
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from analysis.datasets.samples import sample_pictures
from tests.browser.conftest import PATIENCE_MS, Server, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]


def pets(path: Path, each: int = 12) -> Path:
    """A folder a class, the images small parts of photos; and one file that is broken."""
    photo = next(s for s in sample_pictures() if s.title == "Cat")
    rng = np.random.default_rng(0)
    with zipfile.ZipFile(path, "w") as archive, Image.open(photo.path) as picture:
        small = picture.convert("RGB").resize((96, 96))
        for name in ("cat", "ship"):
            for number in range(each):
                left, top = (int(v) for v in rng.integers(0, 64, 2))
                buffer = io.BytesIO()
                small.crop((left, top, left + 32, top + 32)).save(buffer, "PNG")
                archive.writestr(f"{name}/{number:02d}.png", buffer.getvalue())
        archive.writestr("cat/broken.png", b"\x89PNG\r\n\x1a\n and no more")
    return path


def go(page: Page, name: str) -> None:
    page.get_by_test_id("stTopNavLink").filter(has_text=name).click()


def seen(what: Locator) -> None:
    """It comes, though another process has the processors."""
    expect(what).to_be_visible(timeout=PATIENCE_MS)


def tab(page: Page, name: str) -> Locator:
    page.get_by_role("tab", name=name, exact=True).click()
    return page.get_by_role("tabpanel", name=name)


def test_a_zip_is_imported_a_model_run_over_it_and_its_images_browsed(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    page.set_default_timeout(PATIENCE_MS)
    go(page, "Workspace")
    adding = tab(page, "Add data")
    adding.locator("input[type=file]").set_input_files(pets(tmp_path / "small pets.zip"))
    seen(adding.get_by_text("small pets.zip"))
    adding.get_by_label("Name", exact=True).fill("Pets at sea")
    adding.get_by_role("button", name="Import", exact=True).click()  # what was typed last counts
    seen(adding.get_by_text("Importing Pets at sea: done"))
    adding.get_by_role("button", name="Look at it").click()
    expect(page).to_have_url(re.compile(r"/workspace\?dataset=[0-9a-f]{12}$"))
    seen(page.get_by_role("heading", name="Pets at sea"))
    seen(page.get_by_text("1 file was skipped"))

    page.get_by_text("Run a model over it").click()
    seen(page.get_by_text("Features to keep"))
    page.get_by_test_id("stSelectbox").filter(has_text="Model").get_by_role("combobox").fill("resnet20-cifar10")
    page.keyboard.press("Enter")
    seen(page.get_by_text("2 of 2 go with one of the model's"))
    page.get_by_role("button", name="Run", exact=True).click()
    seen(page.get_by_text("What models said of it"))
    seen(page.get_by_text("24 images in"))
    tab(page, "Jobs")
    seen(page.get_by_text("resnet20-cifar10 over Pets at sea").first)
    tab(page, "Datasets")
    page.get_by_role("link", name="Browse", exact=True).click()
    expect(page).to_have_url(re.compile(r"/samples\?dataset=[0-9a-f]{12}&model=[0-9a-f]{12}"))
    seen(page.get_by_text("24 of 24 images"))


def test_choices_survive_the_way_to_another_page_and_back(watched: Watched, server: Server) -> None:
    page = watched.page
    page.goto(f"{server.url}/?method=gradcam&method=layercam")
    expect(page.locator("canvas.overlay")).to_have_count(2, timeout=PATIENCE_MS)
    go(page, "Workspace")
    tab(page, "Store")
    seen(page.get_by_role("tabpanel", name="Store").get_by_text("On disk"))
    expect(page).to_have_url(re.compile(r"tab=store$"))
    go(page, "Explain")
    expect(page.locator("canvas.overlay")).to_have_count(2, timeout=PATIENCE_MS)
    expect(page).to_have_url(re.compile(r"method=gradcam&method=layercam"))
    go(page, "Workspace")
    seen(page.get_by_role("tabpanel", name="Store").get_by_text("On disk"))
    expect(page).to_have_url(re.compile(r"tab=store$"))
