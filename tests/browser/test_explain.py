"""From a photo to maps, as a user does it."""

import json
import re
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Download, Locator, Page, expect

from analysis.arrays import display, resized
from analysis.datasets.samples import sample_pictures
from tests.browser.conftest import Server, Watched

pytestmark = [pytest.mark.browser, pytest.mark.slow]

RAW = (
    "e => ({raw: [...e.cutaway.raw], shape: e.cutaway.shape, input: e.cutaway.input, shown: [...e.cutaway.display()]})"
)


def photo(folder: Path, name: str = "my photo.jpg") -> Path:
    """A picture that the app has not seen yet."""
    sample = next(s for s in sample_pictures() if s.title == "Coffee")
    path = folder / name
    with Image.open(sample.path) as picture:
        picture.convert("RGB").crop((60, 20, 520, 380)).save(path, quality=90)
    return path


def upload(page: Page, *files: Path) -> None:
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Upload", exact=True).click()
    chooser.value.set_files([str(f) for f in files])


def subject(page: Page, name: str):
    return page.locator(".subject h3", has_text=name)


def saved(download: Download, folder: Path) -> Path:
    path = folder / download.suggested_filename
    download.save_as(path)
    return path


def choose(page: Page, label: str, value: str) -> None:
    page.get_by_label(label, exact=True).select_option(value)


def test_a_photo_is_explained_and_its_address_opens_it_again(
    watched: Watched, browser: Browser, server: Server, tmp_path: Path
) -> None:
    page = watched.page
    upload(page, photo(tmp_path))
    expect(subject(page, "my photo.jpg")).to_be_visible()
    expect(page.locator(".top .class")).to_have_count(5)
    assert page.locator("canvas.overlay").count() >= 4
    second = page.locator(".top .class .name").nth(1).inner_text()
    page.locator(".top .class").nth(1).click()
    expect(page.locator(".target", has_text=f"Evidence for {second}")).to_be_visible()
    expect(page).to_have_url(re.compile("target="))
    expect(page).to_have_url(re.compile("picture="))
    with browser.new_context() as other:
        again = other.new_page()
        again.goto(page.url)
        expect(again.locator(".target", has_text=f"Evidence for {second}")).to_be_visible(timeout=30_000)
        expect(subject(again, "my photo.jpg")).to_be_visible()
        assert again.locator("canvas.overlay").count() == page.locator("canvas.overlay").count()
        expect(again.get_by_text("from the store").first).to_be_visible()


def test_what_is_drawn_is_the_display_form_of_the_raw_map(watched: Watched) -> None:
    page = watched.page
    choose(page, "Colours", "greys")
    for tile in page.locator(".tile").all():
        sent = tile.evaluate(RAW)
        raw, size = np.array(sent["raw"], np.float32).reshape(sent["shape"]), tuple(sent["input"])
        assert np.abs(np.array(sent["shown"]).reshape(size) - display(raw, size)).max() < 3e-6
        if raw.max() <= 0:
            continue
        pixels = tile.locator("canvas.overlay").evaluate(
            "c => ({size: [c.height, c.width], red: [...c.getContext('2d').getImageData(0, 0, c.width, c.height).data]"
            ".filter((_, i) => i % 4 === 0)})"
        )
        positive = np.maximum(raw, 0)
        small = resized(positive, size)
        fine = resized(positive, tuple(pixels["size"]))
        wanted = np.clip((fine - small.min()) / (small.max() - small.min()), 0, 1) * 255
        assert np.abs(np.array(pixels["red"]).reshape(wanted.shape) - wanted).max() <= 1.0


def test_the_cursor_reads_the_raw_value_here_and_in_the_other_maps(watched: Watched) -> None:
    tiles = watched.page.locator(".tile")
    sent = tiles.first.evaluate(RAW)
    rows, columns = sent["shape"]
    stage = tiles.first.locator(".stage")
    box = stage.bounding_box()
    assert box
    stage.hover(position={"x": box["width"] * 2.5 / columns, "y": box["height"] * 5.5 / rows})
    value = tiles.first.locator(".value")
    assert value.get_attribute("data-cell") == "5,2"
    assert float(value.get_attribute("data-value") or "nan") == pytest.approx(sent["raw"][5 * columns + 2], rel=1e-6)
    assert all(tile.locator(".mark").is_visible() for tile in tiles.all())


def test_settings_act_without_the_server(watched: Watched) -> None:
    page = watched.page
    page.wait_for_timeout(1000)
    before, canvas = len(watched.frames), page.locator("canvas.overlay").first
    first = canvas.evaluate("c => c.toDataURL()")
    page.get_by_label("Opacity").fill("0.9")
    assert canvas.evaluate("c => c.style.opacity") == "0.9"
    page.get_by_role("button", name="Signed").click()
    signed = canvas.evaluate("c => c.toDataURL()")
    assert signed != first
    choose(page, "Scale", "grid")
    ends = {tuple(bar.locator(".ends span").all_inner_texts()) for bar in page.locator(".tile .bar").all()}
    assert len(ends) == 1
    page.get_by_role("button", name="Custom").click()
    page.get_by_label("high end of the colours").fill("0.5")
    page.get_by_label("high end of the colours").press("Enter")
    assert canvas.evaluate("c => c.toDataURL()") != signed
    assert len(watched.frames) == before


def test_a_map_opens_large_by_keyboard_and_escape_closes_it(watched: Watched) -> None:
    page = watched.page
    page.locator(".tile .stage").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("dialog.large[open]")).to_be_visible()
    name = page.locator("dialog h4").inner_text()
    page.keyboard.press("ArrowRight")
    assert page.locator("dialog h4").inner_text() != name
    page.keyboard.press("Escape")
    expect(page.locator("dialog.large[open]")).to_have_count(0)


def test_downloads_hold_what_was_computed(watched: Watched, browser: Browser, tmp_path: Path) -> None:
    page, tile = watched.page, watched.page.locator(".tile").first
    sent = tile.evaluate(RAW)
    for label in ("PNG, over the picture", "NPZ, raw values"):
        tile.locator(".menu summary").click()
        with page.expect_download() as download:
            tile.get_by_role("menuitem", name=label).click()
        path = saved(download.value, tmp_path)
        if path.suffix == ".npz":
            with np.load(path) as arrays:
                assert arrays["raw"].ravel() == pytest.approx(sent["raw"], rel=1e-6)
                assert arrays["map"].shape == tuple(sent["input"])
        else:
            assert path.read_bytes().startswith(b"\x89PNG")
    files = {}
    for label in ("All maps (ZIP)", "Report (HTML, works offline)"):
        page.get_by_label("Download everything").click()
        with page.expect_download() as download:
            page.get_by_role("menuitem", name=label).click()
        files[label[:3]] = saved(download.value, tmp_path)
    count = page.locator(".tile").count()
    with zipfile.ZipFile(files["All"]) as archive:
        assert archive.testzip() is None
        assert len(archive.namelist()) == 3 * count + 1
        assert len(json.loads(archive.read("manifest.json"))["maps"]) == count
    _report_works_alone(browser, files["Rep"], count)


def _report_works_alone(browser: Browser, report: Path, count: int) -> None:
    with browser.new_context(offline=True) as context:
        page, errors = context.new_page(), []
        page.on("pageerror", lambda error: errors.append(str(error)))
        page.goto(report.as_uri())
        expect(page.locator("canvas.overlay")).to_have_count(count)
        page.get_by_label("Opacity").fill("0.25")
        assert page.locator("canvas.overlay").first.evaluate("c => c.style.opacity") == "0.25"
        page.locator(".tile .stage").first.hover()
        expect(page.locator(".tile .value").first).to_be_visible()
        assert errors == []


def test_a_bad_file_is_refused_by_name_and_the_good_one_goes_on(watched: Watched, tmp_path: Path) -> None:
    page = watched.page
    text, empty = tmp_path / "letter.png", tmp_path / "empty.jpg"
    text.write_text("Dear reader")
    empty.write_bytes(b"")
    upload(page, text, photo(tmp_path, "good.jpg"), empty)
    expect(subject(page, "good.jpg")).to_be_visible()
    warning = page.get_by_test_id("stAlert")
    expect(warning).to_contain_text("letter.png")
    expect(warning).to_contain_text("empty.jpg")
    page.get_by_role("button", name="Dismiss").click()
    expect(warning).to_have_count(0)
    page.get_by_role("button", name="Explain Coffee.png").click()
    expect(subject(page, "Coffee.png")).to_be_visible()


def test_a_rather_than_b(watched: Watched) -> None:
    page = watched.page
    page.get_by_text("A rather than B", exact=True).click()
    page.get_by_role("combobox", name="rather than B").click()
    page.get_by_role("option").nth(1).click()
    expect(page.locator(".target", has_text="rather than")).to_be_visible()
    page.get_by_role("button", name="Signed").click()
    assert page.locator(".tile .ends").first.locator("span").nth(1).inner_text() == "0"


def test_classes_over_the_picture(watched: Watched) -> None:
    page = watched.page
    page.get_by_text("Classes over the picture").click()
    expect(page.locator(".js-plotly-plot .heatmaplayer image")).to_have_count(2)
    expect(page.locator(".js-plotly-plot .legendtext").first).to_contain_text("cat")
    chooser = page.get_by_role("combobox", name="The logit of one class")
    page.mouse.move(900, 500)
    page.mouse.wheel(0, 3000)
    page.wait_for_timeout(2000)  # a list that opens while the page scrolls closes again
    chooser.fill("ship")
    page.get_by_role("option", name="ship").click()
    plot = page.locator(".js-plotly-plot").nth(1)
    expect(plot.locator(".heatmaplayer image")).to_be_visible()
    page.wait_for_timeout(1000)
    box = plot.bounding_box()
    assert box
    page.mouse.move(box["x"] + 60, box["y"] + 60)
    expect(plot.locator(".hovertext")).to_contain_text("ship: logit")


def test_the_methods_stay_chosen_when_the_popover_opens_after_another_choice(watched: Watched) -> None:
    page = watched.page
    page.get_by_text("A rather than B", exact=True).click()
    expect(page.get_by_role("combobox", name="rather than B")).to_be_visible()
    page.wait_for_timeout(500)
    count = page.locator(".tile").count()
    page.get_by_role("button", name="Choose methods").click()
    box = page.get_by_test_id("stPopoverBody")
    expect(box.locator("button[aria-pressed=true]")).to_have_count(6)
    box.get_by_text("Grad-CAM++", exact=True).click()
    expect(box.locator("button[aria-pressed=true]")).to_have_count(7)
    expect(page.locator(".tile")).to_have_count(count + 1)
    page.keyboard.press("Escape")
    page.get_by_role("combobox", name="rather than B").click()
    page.get_by_role("option").nth(1).click()
    expect(page.locator(".target", has_text="rather than")).to_be_visible()
    expect(page.locator(".tile[data-method='gradcam']")).to_have_count(1)


def test_every_menu_of_a_wide_comparison_is_in_full_view(watched: Watched, server: Server) -> None:
    page = watched.page
    page.goto(f"{server.url}/?target=cat&target=dog")
    expect(page.locator(".many .target")).to_have_count(3)
    menus = page.locator(".tile .menu")
    assert page.locator(".many .tiles").first.locator(".tile").count() == 5
    for number in (0, 4):
        menus.nth(number).locator("summary").click()
        for item in menus.nth(number).get_by_role("menuitem").all():
            expect(item).to_be_visible()
            assert item.evaluate(
                "e => { const b = e.getBoundingClientRect(), root = e.getRootNode(), y = (b.top + b.bottom) / 2;"
                " return [b.left + 3, b.right - 3].every(x => root.elementFromPoint(x, y) === e); }"
            )
        page.keyboard.press("Escape")
        expect(menus.nth(number).get_by_role("menu")).to_be_hidden()


def ends(tile: Locator) -> list[float]:
    """The numbers at the ends of a colour bar."""
    texts = [
        text
        for text in tile.locator(".ends span").all_inner_texts()
        if text != "0" or tile.locator(".zero").count() == 0
    ]
    return [float(text.replace("−", "-")) for text in texts]


def test_the_ends_of_the_colours_are_the_raw_extremes(watched: Watched) -> None:
    page = watched.page
    tile = page.locator(".tile[data-method=smoothgrad], .tile[data-method=gradcam]").first
    raw = np.array(tile.evaluate(RAW)["raw"])
    page.get_by_role("button", name="Full", exact=True).click()
    assert ends(tile) == pytest.approx([raw.min(), raw.max()], rel=0.06)
    page.get_by_role("button", name="Signed", exact=True).click()
    assert ends(tile) == pytest.approx([-np.abs(raw).max(), np.abs(raw).max()], rel=0.06)
    page.get_by_role("button", name="Positive", exact=True).click()
    assert "its raw cells go from" in (tile.locator(".bar").get_attribute("title") or "")
    page.get_by_label("Smooth", exact=True).uncheck()
    assert ends(tile) == pytest.approx([max(raw.min(), 0), raw.max()], rel=0.06)
    assert tile.locator(".bar").get_attribute("title") == "Raw values at the ends of the colours"


def test_custom_colours_that_span_zero_have_their_middle_there(watched: Watched) -> None:
    page = watched.page
    page.get_by_role("button", name="Custom").click()
    for end, value in (("low", "-1"), ("high", "3")):
        page.get_by_label(f"{end} end of the colours").fill(value)
        page.get_by_label(f"{end} end of the colours").press("Enter")
    bar = page.locator(".tile .bar").first
    assert bar.locator(".zero").evaluate("e => e.style.left") == "25%"
    middle = bar.locator(".strip").evaluate("c => [...c.getContext('2d').getImageData(64, 0, 1, 1).data]")
    assert middle == pytest.approx([247, 247, 247, 255], abs=3)
