"""Shapes: what is said of an image is what is in it."""

from typing import Any

import numpy as np
import pytest

from analysis.datasets.generated import GENERATORS, Generated, joined
from analysis.errors import BadParameter


def made(**knobs: Any) -> Generated:
    generator = GENERATORS["shapes"]
    return joined(generator.function(**generator.bound(knobs)))


@pytest.fixture(scope="module")
def plain() -> Generated:
    return made(count=480)


def test_form(plain: Generated) -> None:
    assert plain.images.shape == (480, 64, 64, 3)
    assert plain.images.dtype == np.uint8
    assert plain.masks is not None
    assert plain.masks.shape == (480, 64, 64)
    assert plain.masks.dtype == bool
    assert len(plain.class_names) == len(set(plain.class_names)) == 12
    assert {len(values) for values in plain.columns.values()} == {480}


def test_classes_are_even_in_every_block(plain: Generated) -> None:
    assert np.bincount(plain.labels[:240], minlength=12).tolist() == [20] * 12


def test_fewer_images_are_the_first_of_more(plain: Generated) -> None:
    few = made(count=250)
    np.testing.assert_array_equal(few.images, plain.images[:250])
    np.testing.assert_array_equal(few.labels, plain.labels[:250])
    np.testing.assert_array_equal(few.masks, plain.masks[:250])  # pyright: ignore[reportOptionalSubscript]


def test_the_same_seed_gives_the_same_and_another_other_images(plain: Generated) -> None:
    np.testing.assert_array_equal(made(count=240).images, plain.images[:240])
    assert (made(count=240, seed=1).images != plain.images[:240]).any(axis=(1, 2, 3)).all()


def test_training_and_test_share_no_image(plain: Generated) -> None:
    tested = {image.tobytes() for image in made(count=240, split="test").images}
    assert len(tested) == 240
    assert tested.isdisjoint(image.tobytes() for image in plain.images)


def test_the_mask_tells_the_shape(plain: Generated) -> None:
    """Of one area, a circle spreads least, then square, triangle, star: by the second moment, and far apart."""
    assert plain.masks is not None
    rows, columns = np.mgrid[:64, :64]
    spread: dict[str, list[float]] = {}
    for mask, label in zip(plain.masks, plain.labels, strict=True):
        y, x = rows[mask], columns[mask]
        moment = x.var() + y.var() + 1 / 6  # of pixels with an extent
        spread.setdefault(plain.class_names[label].split()[1], []).append(moment / mask.sum())
    medians = {shape: float(np.median(values)) for shape, values in spread.items()}
    circle, square, triangle = 1 / (2 * np.pi), 1 / 6, 1 / (3 * np.sqrt(3))  # second moment over area
    assert medians["circle"] == pytest.approx(circle, rel=0.03)
    assert medians["square"] == pytest.approx(square, rel=0.03)
    assert medians["triangle"] == pytest.approx(triangle, rel=0.06)
    assert medians["star"] > 1.1 * square


def test_shapes_have_the_same_areas(plain: Generated) -> None:
    assert plain.masks is not None
    areas, shape = plain.masks.sum(axis=(1, 2)), plain.labels // 3
    means = [areas[shape == k].mean() for k in range(4)]
    assert max(means) / min(means) < 1.15
    assert 12**2 * np.pi * 1.03 > areas.max() > areas.min() > 40


def test_a_textured_object_varies_more_within_than_a_solid_one() -> None:
    data = made(count=240, split="test")
    assert data.masks is not None
    within = [image[mask].std(axis=0).mean() for image, mask in zip(data.images, data.masks, strict=True)]
    by_texture = [np.median(np.array(within)[data.labels % 3 == k]) for k in range(3)]
    assert by_texture[0] < 0.6 * min(by_texture[1:])


def test_without_a_shortcut_none_is_shown(plain: Generated) -> None:
    assert set(plain.columns["shortcut"]) == {-1}
    assert not plain.columns["shortcut_agrees"].any()


@pytest.mark.parametrize("kind", ["corner", "border", "background"])
def test_a_cue_changes_nothing_but_its_place(plain: Generated, kind: str) -> None:
    cued = made(count=240, shortcut=kind)
    changed = (cued.images != plain.images[:240]).any(axis=(0, 3))
    np.testing.assert_array_equal(cued.masks, plain.masks[:240])  # pyright: ignore[reportOptionalSubscript]
    np.testing.assert_array_equal(cued.labels, plain.labels[:240])
    place = np.ones((64, 64), bool)
    if kind == "corner":
        place[8:] = place[:, 8:] = False
    if kind == "border":
        place[3:-3, 3:-3] = False
    assert not changed[~place].any()
    assert changed[place].mean() > 0.99


def test_the_corner_shows_the_class_by_its_hue() -> None:
    """Class k at k / 12 of a turn, read back from the pixels by another way to hue."""
    import colorsys

    cued = made(count=240, shortcut="corner", predictivity=0.5)
    colours = cued.images[:, 1:7, 1:7].mean(axis=(1, 2)) / 255
    read = [round(colorsys.rgb_to_hsv(*colour)[0] * 12) % 12 for colour in colours]
    np.testing.assert_array_equal(read, cued.columns["shortcut"])
    assert (cued.columns["shortcut_agrees"] == (cued.columns["shortcut"] == cued.columns["true_label"])).all()


@pytest.mark.parametrize("kind", ["corner", "border", "background"])
def test_a_cue_that_is_not_available_is_not_there(plain: Generated, kind: str) -> None:
    hidden = made(count=240, shortcut=kind, availability=0.0)
    np.testing.assert_array_equal(hidden.images, plain.images[:240])
    changes = [
        np.abs(made(count=24, shortcut=kind, availability=a).images.astype(int) - plain.images[:24]).sum()
        for a in (0.3, 1.0)
    ]
    assert 0 < changes[0] < changes[1]


@pytest.mark.parametrize("predictivity", [0.0, 1 / 12, 0.95, 1.0])
def test_predictivity_is_how_often_the_cue_is_right(predictivity: float) -> None:
    cued = made(count=480, shortcut="corner", predictivity=predictivity)
    tolerance = 4 * np.sqrt(predictivity * (1 - predictivity) / 480)  # four standard deviations
    assert cued.columns["shortcut_agrees"].mean() == pytest.approx(predictivity, abs=tolerance + 1e-9)
    wrong = (cued.columns["shortcut"] - cued.columns["true_label"])[~cued.columns["shortcut_agrees"]] % 12
    assert predictivity > 0.9 or set(range(1, 12)) == set(wrong)  # any other class


def test_label_noise_keeps_the_truth(plain: Generated) -> None:
    noisy = made(count=480, label_noise=0.3)
    np.testing.assert_array_equal(noisy.images, plain.images)
    np.testing.assert_array_equal(noisy.columns["true_label"], plain.labels)
    assert (noisy.labels != plain.labels).mean() == pytest.approx(0.3, abs=4 * np.sqrt(0.3 * 0.7 / 480))
    assert (made(count=240, label_noise=1.0).labels != plain.labels[:240]).all()


def test_imbalance_is_the_rarest_over_the_most_frequent() -> None:
    counts = np.bincount(made(count=960, imbalance=0.1).labels, minlength=12)
    assert counts[-1] / counts[0] == pytest.approx(0.1, rel=0.15)
    assert (np.diff(counts) < 0).all()


@pytest.mark.parametrize("knob", [{"count": 0}, {"predictivity": 1.1}, {"shortcut": "hat"}, {"colour": 1}])
def test_knobs_out_of_range_are_refused(knob: dict[str, Any]) -> None:
    with pytest.raises(BadParameter):
        made(**knob)
