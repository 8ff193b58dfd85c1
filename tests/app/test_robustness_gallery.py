"""The gallery of corruptions: every method that alters one image by itself, in groups, each tile in its place."""

import numpy as np

from analysis.robustness import CORRUPTIONS
from analysis.robustness.registry import SEVERITIES
from app.figures.robustness_gallery import laid_out, level_words, sheet
from app.widgets.robustness.corruptions_sheet import Subject, _five


def test_all_corruptions_are_there_edits_where_there_is_a_mask_attacks_never() -> None:
    kinds = {name: {m.name for m in CORRUPTIONS if m.kind == name} for name in ("corruption", "edit", "attack")}
    assert {m.name for m in laid_out(CORRUPTIONS, masked=False)} == kinds["corruption"]
    assert {m.name for m in laid_out(CORRUPTIONS, masked=True)} == kinds["corruption"] | kinds["edit"]


def test_the_order_is_that_of_the_published_groups() -> None:
    names = [m.name for m in laid_out(CORRUPTIONS, masked=False)]
    assert names[:4] == ["gaussian_noise", "shot_noise", "impulse_noise", "speckle_noise"]
    assert names.index("snow") < names.index("frost") < names.index("fog") < names.index("brightness")


def test_tiles_point_at_their_pictures_and_know_what_the_sweep_has() -> None:
    methods = laid_out(CORRUPTIONS, masked=False)
    made = [m.name for m in methods if m.name != "fog"]
    groups = sheet(methods, made, (32, 32), {"clean": True, "snow/2": True})
    tiles = [t for g in groups for row in g["rows"] for t in row["tiles"]]
    assert [t["place"] for t in tiles] == list(range(1, 1 + 5 * len(made)))
    assert [t["condition"] for t in tiles if t["known"]] == ["snow/2"]
    assert not any(t["condition"].startswith("fog/") for t in tiles)
    rows = {row["label"]: row for g in groups for row in g["rows"]}
    assert rows["Snow"]["mark"] == ""
    assert rows["Frost"]["mark"] == "not in this sweep"


def test_the_level_is_that_of_the_table_for_this_size() -> None:
    noise = CORRUPTIONS["gaussian_noise"]
    assert level_words(noise, "cifar", 1) == "0.04 (standard deviation)"
    assert level_words(noise, "imagenet", 5) == "0.38 (standard deviation)"
    large = sheet([noise], ["gaussian_noise"], (224, 224), {})[0]["rows"][0]
    assert "ImageNet-C" in large["table"]
    assert large["tiles"][4]["level"].startswith("0.38")


def test_five_pictures_a_corruption_by_place_and_seed() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    one, other = Subject("d", "d", pixels, place=3), Subject("d", "d", pixels, place=4)
    found = _five(one, "gaussian_noise")
    assert len(found) == len(SEVERITIES)
    apart = [np.abs(f.astype(int) - pixels).mean() for f in found]
    assert apart == sorted(apart)
    assert not np.array_equal(found[0], _five(other, "gaussian_noise")[0])
    np.testing.assert_array_equal(found[0], _five(one, "gaussian_noise")[0])
    assert one.key(["fog"]) != other.key(["fog"])
