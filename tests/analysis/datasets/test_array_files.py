import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.errors import DataError, EmptyDataset
from analysis.records import UNLABELLED

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(2, 256, (7, 5, 6, 3), dtype=np.uint8)
LABELS = np.array([0, 1, 2, 0, 1, 2, 0])


def npz(path: Path, **arrays: np.ndarray) -> Path:
    np.savez_compressed(path, **arrays)
    return path


def opened(source: Path, datasets: Path, **options) -> OpenDataset:
    return OpenDataset.open(datasets / import_dataset(source, datasets, "a", **options).dataset_id)


def refused(source: Path, datasets: Path, match: str, **options) -> None:
    with pytest.raises(DataError, match=match):
        import_dataset(source, datasets, "a", **options)
    assert not datasets.exists() or list(datasets.iterdir()) == []


@pytest.mark.parametrize(
    ("x", "y"),
    [("x", "y"), ("X", "Y"), ("images", "labels"), ("data", "targets"), ("arr_0", "arr_1"), ("x_test", "y_test")],
)
def test_names_people_use(tmp_path, datasets, x, y):
    found = opened(npz(tmp_path / "a.npz", **{x: IMAGES, y: LABELS}), datasets)
    np.testing.assert_array_equal(found.pixels(range(7)), IMAGES)
    assert found.labels.tolist() == LABELS.tolist()
    assert (found.record.kind, found.record.class_names) == ("arrays", ("class 0", "class 1", "class 2"))


def test_other_names_are_found_by_shape_or_said(tmp_path, datasets):
    source = npz(tmp_path / "a.npz", pictures=IMAGES, what=LABELS, weights=np.ones(7))
    assert opened(source, datasets).labels.tolist() == LABELS.tolist()
    more = npz(tmp_path / "b.npz", one=IMAGES, two=IMAGES[::-1], a=LABELS, b=LABELS[::-1])
    refused(more, tmp_path / "other", r"has the arrays: one \(7, 5, 6, 3\), two")
    found = opened(more, datasets, image_column="two", label_column="b")
    np.testing.assert_array_equal(found.pixels([0])[0], IMAGES[-1])
    refused(more, tmp_path / "other", "no array 'three'; it has: one, two, a, b", image_column="three")


FORMS = {
    "as it is": IMAGES,
    "channels first": IMAGES.transpose(0, 3, 1, 2),
    "grey": IMAGES[..., 0],
    "one channel": IMAGES[..., :1],
    "one channel first": IMAGES[..., :1].transpose(0, 3, 1, 2),
    "fortran order": np.asfortranarray(IMAGES),
    "big-endian": IMAGES.astype(">i8"),
    "fractions": IMAGES / 255,
    "fractions, channels first": (IMAGES / 255).astype(np.float32).transpose(0, 3, 1, 2),
    "half precision": IMAGES.astype(np.float16),
}


@pytest.mark.parametrize("form", FORMS)
def test_axes_and_types(tmp_path, datasets, form):
    found = opened(npz(tmp_path / "a.npz", x=FORMS[form], y=LABELS), datasets)
    expected = IMAGES[..., :1] if "grey" in form or "one" in form else IMAGES
    np.testing.assert_array_equal(found.pixels(range(7)), expected)


def test_scaling_is_remarked(tmp_path, datasets):
    assert "scaled to 8 bits" in opened(npz(tmp_path / "a.npz", x=IMAGES / 255), datasets).record.remarks[0]
    assert "rounded" in opened(npz(tmp_path / "b.npz", x=IMAGES + 0.2 - 1), datasets).record.remarks[0]
    assert "255 and 0" in opened(npz(tmp_path / "c.npz", x=IMAGES > 99), datasets).record.remarks[0]
    assert "black" in opened(npz(tmp_path / "d.npz", x=IMAGES % 2), datasets).record.remarks[0]


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_nan_and_infinity_are_refused(tmp_path, datasets, bad):
    images = (IMAGES / 255).astype(np.float32)
    images[4, 0, 0, 0] = bad
    refused(npz(tmp_path / "a.npz", x=images, y=LABELS), datasets, "Image 4 of 'x' holds NaN or infinity")


@pytest.mark.parametrize(
    ("images", "match"),
    [
        (IMAGES / 127.5 - 1, "perhaps normalised"),
        (IMAGES.astype(np.int32) * 2, "go from"),
        (IMAGES.reshape(7, -1), "look flattened"),
        (np.zeros((2, 4, 5, 4), np.uint8), "fourth channel"),
        (np.zeros((2, 4, 5, 6, 3), np.uint8), r"shape \(2, 4, 5, 6, 3\)"),
        (np.zeros((2, 4, 4), complex), "type complex128"),
        (np.zeros((2, 3, 30_000, 1), np.uint8), "pixels"),
    ],
)
def test_what_is_no_image_is_refused(tmp_path, datasets, images, match):
    refused(npz(tmp_path / "a.npz", x=images), datasets, match, image_column="x")


@pytest.mark.parametrize(
    ("labels", "match"),
    [
        (np.array([0, 1, 2, 0, 1, 3, 0]), r"label of image 5 in 'y' is 3, but there are 3 classes, 0 to 2"),
        (np.array([0, -2, 2, 0, 1, 2, 0]), "label of image 1 in 'y' is -2"),
        (np.array([0, 1, 2, 0, 1, 0.5, 0]), "label of image 5"),
        (np.array([0, 1, 2, 0, 1, np.nan, 0]), "label of image 5"),
        (LABELS[:5], r"shape \(5,\), but there are 7 images"),
        (np.zeros((7, 2)), r"shape \(7, 2\)"),
    ],
)
def test_labels_that_cannot_be_right_are_refused(tmp_path, datasets, labels, match):
    refused(npz(tmp_path / "a.npz", x=IMAGES, y=labels), datasets, match, class_names=("a", "b", "c"))


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param(LABELS[:, None], LABELS, id="column"),
        pytest.param(np.eye(3)[LABELS], LABELS, id="one-hot"),
        pytest.param(LABELS.astype(np.float32), LABELS, id="float"),
        pytest.param(np.where(LABELS == 2, -1, LABELS), np.where(LABELS == 2, UNLABELLED, LABELS), id="some without"),
        pytest.param(np.array(["x", "a", "c"])[LABELS], np.array([2, 0, 1])[LABELS], id="names"),
    ],
)
def test_forms_of_labels(tmp_path, datasets, labels, expected):
    found = opened(npz(tmp_path / "a.npz", x=IMAGES, y=labels), datasets)
    assert found.labels.tolist() == expected.tolist()


def test_class_names_and_masks_in_the_file(tmp_path, datasets):
    masks = IMAGES[..., 0] > 99
    source = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS, masks=masks, class_names=np.array(["cat", "dog", "eel"]))
    found = opened(source, datasets)
    assert found.record.class_names == ("cat", "dog", "eel")
    assert found.record.masks == 7
    np.testing.assert_array_equal(found.mask(3), masks[3])


def test_train_and_test_become_a_column(tmp_path, datasets):
    source = npz(tmp_path / "a.npz", x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:2] // 2, y_test=LABELS[:2])
    found = opened(source, datasets)
    assert found.column("split") == ["train"] * 7 + ["test"] * 2
    assert found.names[7] == "test/00000"


def test_pickles_are_refused(tmp_path, datasets):
    path = tmp_path / "evil.npz"
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    np.savez(path, x=np.array([Evil()] * 3, dtype=object), y=np.arange(3))
    refused(path, datasets, "holds Python objects")
    alone = tmp_path / "evil.npy"
    alone.write_bytes(pickle.dumps(Evil()))
    refused(alone, datasets, "evil.npy")
    assert not marker.exists()


def test_a_lone_array(tmp_path, datasets):
    np.save(tmp_path / "images.npy", IMAGES)
    assert opened(tmp_path / "images.npy", datasets).record.labelled == 0
    np.save(tmp_path / "truth.npy", LABELS)
    assert opened(tmp_path / "images.npy", datasets, labels=tmp_path / "truth.npy").labels.tolist() == LABELS.tolist()
    (tmp_path / "truth.txt").write_text("\n".join("abc"[i] for i in LABELS), encoding="utf-8")
    found = opened(tmp_path / "images.npy", datasets, labels=tmp_path / "truth.txt")
    assert found.record.class_names == ("a", "b", "c")
    np.save(tmp_path / "labels.npy", LABELS[::-1])
    assert opened(tmp_path / "images.npy", datasets).labels.tolist() == LABELS[::-1].tolist()


@pytest.mark.parametrize("keep", [4, 100, 300])
def test_arrays_cut_short_are_refused(tmp_path, datasets, keep):
    np.save(tmp_path / "images.npy", IMAGES)
    path = tmp_path / "short.npy"
    path.write_bytes((tmp_path / "images.npy").read_bytes()[:keep])
    refused(path, datasets, r"short\.npy")


@pytest.mark.parametrize("shape", ["(9, 5, 6, 3)", "(10**12, 5, 6, 3)", "(-7, 5, 6, 3)", "(7, 5", "7", "None"])
@pytest.mark.parametrize("packed", [False, True])
def test_shapes_that_lie_are_refused(tmp_path, datasets, shape, packed):
    """Before anything of that length is made."""
    header = f"{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}".ljust(117) + "\n"
    data = b"\x93NUMPY\x01\x00" + len(header).to_bytes(2, "little") + header.encode() + IMAGES.tobytes()
    path = tmp_path / ("a.npz" if packed else "a.npy")
    if packed:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("x.npy", data)
    else:
        path.write_bytes(data)
    refused(path, datasets, r"no NumPy array|cut short or damaged")


def test_an_array_in_a_damaged_archive_is_refused(tmp_path, datasets):
    path = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    data = bytearray(path.read_bytes())
    data[300] ^= 255
    path.write_bytes(data)
    refused(path, datasets, "damaged")


def test_no_images_at_all(tmp_path, datasets):
    with pytest.raises(EmptyDataset, match="0 images"):
        import_dataset(npz(tmp_path / "a.npz", x=IMAGES[:0], y=LABELS[:0]), datasets, "a")


def test_many_blocks(tmp_path, datasets):
    """More rows than are read at once."""
    images = RNG.integers(0, 256, (2500, 4, 4), dtype=np.uint8)
    found = opened(npz(tmp_path / "a.npz", x=images, y=np.arange(2500) % 7), datasets)
    np.testing.assert_array_equal(found.pixels(range(2500))[..., 0], images)


# ---------------------------------------------------------------------------------------------------------- CIFAR-C


@pytest.fixture
def cifar_c(tmp_path) -> Path:
    """Two corruptions of 600 images, 5 severities each; a pixel says which severity."""
    folder = tmp_path / "CIFAR-10-C"
    folder.mkdir()
    labels = np.arange(600) % 10
    np.save(folder / "labels.npy", np.tile(labels, 5))
    for name in ("fog", "gaussian_noise"):
        images = RNG.integers(0, 256, (3000, 32, 32, 3), dtype=np.uint8)
        images[:, 0, 0, 0] = np.repeat(np.arange(1, 6), 600)
        np.save(folder / f"{name}.npy", images)
    return folder


def test_cifar_c(cifar_c, datasets):
    found = opened(cifar_c, datasets)
    record = found.record
    assert record.size == 6000
    assert record.conditions == tuple(f"{c}/{s}" for c in ("fog", "gaussian_noise") for s in range(1, 6))
    assert record.class_names[:2] == ("airplane", "automobile")
    severities = found.pixels(range(6000))[:, 0, 0, 0]
    assert [int(c.split("/")[1]) for c in found.conditions] == severities.tolist()
    assert found.labels.tolist() == (np.arange(6000) % 600 % 10).tolist()
    assert found.names[3600] == "gaussian_noise/2/00000"


def test_one_corruption_and_labels_of_one_severity(cifar_c, datasets):
    np.save(cifar_c / "labels.npy", np.arange(600) % 10)
    found = opened(cifar_c / "fog.npy", datasets)
    assert found.record.conditions == tuple(f"fog/{s}" for s in range(1, 6))
    assert found.labels.tolist() == (np.arange(3000) % 600 % 10).tolist()


def test_two_arrays_that_are_no_corruptions(tmp_path, datasets):
    """images.npy and labels.npy in a folder: no severities, no condition, whatever the labels."""
    np.save(tmp_path / "images.npy", IMAGES[:5])
    np.save(tmp_path / "labels.npy", np.zeros(5, int))
    found = opened(tmp_path, datasets)
    assert (found.record.conditions, found.names[0], found.labels.tolist()) == ((), "00000", [0] * 5)


def test_labels_may_be_left_out(tmp_path, datasets):
    source = npz(tmp_path / "a.npz", x=IMAGES, y=LABELS)
    assert opened(source, datasets, label_column="none").record.labelled == 0


def test_rows_and_labels_that_differ_are_refused(cifar_c, datasets):
    np.save(cifar_c / "labels.npy", np.arange(700) % 10)
    refused(cifar_c, datasets, r"fog\.npy' has shape \(3000, 32, 32, 3\), but labels\.npy has 700 labels")
