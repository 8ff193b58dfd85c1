import errno
import json
import os
import time
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets import staging
from analysis.datasets.layout import RECORD, record_from_json
from analysis.datasets.opened import OpenDataset
from analysis.datasets.packing import DatasetWriter
from analysis.datasets.rows import Rows
from analysis.errors import Cancelled, DataError, EmptyDataset, UnreadableImage
from analysis.records import UNLABELLED, DatasetRecord

NO_MASK = {"_mask_offset": -1, "_mask_length": 0, "_mask_digest": ""}


def writer(folder: Path, **given) -> DatasetWriter:
    return DatasetWriter(folder, **{"name": "pets", "kind": "folder", "source": "pets"} | given)


def arrays(count: int = 5, size: int = 4, channels: int = 3) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def write(folder: Path, images: np.ndarray, labels: list[int], names: tuple[str, ...] = ("a", "b")) -> DatasetRecord:
    with writer(folder, kind="arrays", class_names=names) as out:
        out.add_arrays(images, labels)
        return out.finish()


def test_files_come_back_as_they_were(datasets, image_bytes):
    files = {f"{label}/{i}.png": image_bytes(10 * i + len(label)) for label in ("cat", "ant") for i in range(3)}
    with writer(datasets) as out:
        for name, data in files.items():
            out.add(data, name, label=name.split("/")[0])
        record = out.finish()
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert record.class_names == ("ant", "cat")
    assert opened.names == sorted(files)
    assert opened.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert [opened.encoded(i) for i in range(6)] == sorted(files.items())
    assert record.formats == {"PNG": 6}
    assert record.image_sizes == {"8 x 6": 6}
    assert (record.size, record.labelled) == (6, 6)


def test_small_files_of_one_size_are_decoded_once(datasets, image_bytes):
    with writer(datasets) as out:
        for i in (2, 0, 1):  # sorted by name in the end
            out.add(image_bytes(i), f"{i}.png")
        record = out.finish()
    folder = datasets / record.dataset_id
    opened = OpenDataset.open(folder)
    pixels = opened.pixels([0, 1, 2])
    expected = [np.random.default_rng(i).integers(0, 256, (6, 8, 3), dtype=np.uint8) for i in range(3)]
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(np.load(folder / "pixels.npy")[0], expected[2])  # a plain .npy, as it came


@pytest.mark.parametrize("second", [(9, 6), (65, 65)])
def test_files_of_other_sizes_are_not_kept_decoded(datasets, image_bytes, second):
    with writer(datasets) as out:
        out.add(image_bytes(0), "0.png")
        out.add(image_bytes(1, second), "1.png")
        record = out.finish()
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert opened.pixels([0]) is None
    assert not (datasets / record.dataset_id / "pixels.npy").exists()
    assert [i.size for i in opened.images([1, 0])] == [second, (8, 6)]


@pytest.mark.parametrize("channels", [1, 3])
def test_arrays_come_back_as_they_were(datasets, channels):
    images = arrays(channels=channels)
    masks = images[..., 0] > 100
    with writer(datasets, kind="generated", class_names=("a", "b"), params={"seed": 3}) as out:
        out.add_arrays(images[:2], [0, 1], masks=masks[:2], columns={"group": ["x", "y"]})
        out.add_arrays(images[2:], [1, UNLABELLED, 0], masks=masks[2:], columns={"group": ["x", "x", "x"]})
        record = out.finish()
    opened = OpenDataset.open(datasets / record.dataset_id)
    np.testing.assert_array_equal(opened.pixels(range(5)), images)
    np.testing.assert_array_equal(opened.pixels([4, 0, 0]), images[[4, 0, 0]])
    np.testing.assert_array_equal([opened.mask(i) for i in range(5)], masks)
    assert opened.images([0])[0].mode == {1: "L", 3: "RGB"}[channels]
    assert opened.labels.tolist() == [0, 1, 1, UNLABELLED, 0]
    assert opened.column("group") == ["x", "y", "x", "x", "x"]
    assert opened.own_columns == ("group",)
    assert (record.size, record.labelled, record.masks, record.params) == (5, 4, 5, {"seed": 3})
    assert record.formats == {"array": 5}


def test_boxes_come_back_with_their_image(datasets, image_bytes):
    boxes = {
        "b.png": [(0.0, 1.0, 2.0, 3.5, "ear")],
        "a.png": [],
        "c.png": [(1.0, 1.0, 2.0, 2.0, ""), (0, 0, 8, 6, "x")],
    }
    with writer(datasets) as out:
        for seed, (name, found) in enumerate(boxes.items()):
            out.add(image_bytes(seed), name, boxes=found)
        record = out.finish()
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert opened.boxes(0) == []
    assert opened.boxes(1) == boxes["b.png"]
    assert sorted(opened.boxes(2)) == sorted(boxes["c.png"])
    assert record.boxes == 2


def test_same_content_has_one_id_and_one_folder(datasets):
    first = write(datasets, arrays(), [0, 1, 0, 1, 0])
    with writer(datasets, name="again", kind="arrays", source="other.npz", class_names=("a", "b")) as out:
        out.add_arrays(arrays(), [0, 1, 0, 1, 0])
        out.skip("bad.png", "is damaged")
        second = out.finish()
    assert second.dataset_id == first.dataset_id
    assert [p.name for p in datasets.iterdir()] == [first.dataset_id]
    assert (second.name, second.source, second.skipped, second.kind) == ("again", "other.npz", 1, "arrays")
    assert OpenDataset.open(datasets / first.dataset_id).record == second


def test_other_content_has_another_id(datasets):
    images, labels = arrays(), [0, 1, 0, 1, 0]
    changed = images.copy()
    changed[4, 3, 3, 0] ^= 1
    ids = {
        write(datasets, images, labels).dataset_id,
        write(datasets, changed, labels).dataset_id,
        write(datasets, images, [1, 1, 0, 1, 0]).dataset_id,
        write(datasets, images, labels, ("a", "c")).dataset_id,
        write(datasets, images[::-1], labels).dataset_id,
        write(datasets, images.reshape(5, 2, 8, 3), labels).dataset_id,
    }
    assert len(ids) == 6


def test_masks_and_conditions_count_as_content(datasets, image_bytes):
    ids = set()
    for mask, condition in ((None, ""), (np.ones((6, 8), bool), ""), (np.eye(6, 8, dtype=bool), ""), (None, "fog/1")):
        with writer(datasets) as out:
            out.add(image_bytes(), "a.png", mask=mask, condition=condition)
            ids.add(out.finish().dataset_id)
    assert len(ids) == 4


def test_names_that_come_twice_get_a_number_and_a_remark(datasets, image_bytes):
    with writer(datasets) as out:
        for seed in range(3):
            out.add(image_bytes(seed), "cat/1.png", label="cat")
        record = out.finish()
    assert OpenDataset.open(datasets / record.dataset_id).names == ["cat/1.png", "cat/1.png (2)", "cat/1.png (3)"]
    assert any("2 images have the name of another one" in r for r in record.remarks)


def test_one_name_ten_thousand_times_takes_no_longer_than_ten_thousand_names():
    """Counting up from 2 for each would take fifty million steps."""
    rows, facts = Rows(None), {"width_px": 1, "height_px": 1, "condition": "", "digest": "", "format": "x"}
    started = time.process_time()
    for _ in range(10_000):
        rows.add(facts | {"name": "x.png", "_offset": 0, "_length": 0, **NO_MASK}, UNLABELLED, (), {})
    assert time.process_time() - started < 2
    names = rows.table(by_name=False)[0].column("name").to_pylist()
    assert names[-1] == "x.png (10000)"
    assert len(set(names)) == 10_000


def test_a_name_with_a_number_that_was_given_already(datasets, image_bytes):
    with writer(datasets) as out:
        for seed, name in enumerate(("x", "x (2)", "x", "x")):
            out.add(image_bytes(seed), name)
        record = out.finish()
    assert OpenDataset.open(datasets / record.dataset_id).names == ["x", "x (2)", "x (3)", "x (4)"]


def test_odd_labels_are_remarked(datasets, image_bytes):
    with writer(datasets, class_names=("one", "two", "none")) as out:
        out.add(image_bytes(0), "0.png", label=0)
        out.add(image_bytes(1), "1.png", label=1)
        out.add(image_bytes(0), "2.png", label=1)  # the same picture
        record = out.finish()
    assert "1 class has one image only: one." in record.remarks
    assert "1 class has no image: none." in record.remarks
    assert "1 image is an exact copy of another one." in record.remarks
    assert "1 image occurs under more than one label." in record.remarks


@pytest.mark.parametrize("label", [2, -2, 1_000_000])
def test_label_out_of_range_is_refused(datasets, label):
    with writer(datasets, kind="arrays", class_names=("a", "b")) as out, pytest.raises(DataError, match="0 to 1"):
        out.add_arrays(arrays(1), [label])
    assert list(datasets.iterdir()) == []


def test_unknown_class_name_is_refused(datasets, image_bytes):
    with writer(datasets, class_names=("a", "b")) as out, pytest.raises(DataError, match="class 'c'"):
        out.add(image_bytes(), "1.png", label="c")


def test_class_names_must_differ(datasets):
    with pytest.raises(DataError, match="'a' occurs twice"):
        writer(datasets, class_names=("a", "b", "a"))


def test_numbered_folders_are_in_the_order_of_their_numbers(datasets, image_bytes):
    with writer(datasets) as out:
        for seed, label in enumerate(("10", "2", "1")):
            out.add(image_bytes(seed), f"{label}/x.png", label=label)
        record = out.finish()
    assert record.class_names == ("1", "2", "10")
    assert OpenDataset.open(datasets / record.dataset_id).labels.tolist() == [0, 2, 1]  # files: 1, 10, 2


def test_what_is_no_image_is_not_added(datasets, image_bytes):
    with writer(datasets) as out:
        with pytest.raises(UnreadableImage):
            out.add(image_bytes()[:40], "broken.png")
        out.add(image_bytes(), "good.png")
        assert out.finish().size == 1


def test_nothing_added_is_an_empty_dataset(datasets):
    with writer(datasets) as out:
        out.skip("a.png", "'a.png' is empty (0 bytes).")
        with pytest.raises(EmptyDataset, match=r"no image that can be read.*a\.png' is empty"):
            out.finish()
    assert list(datasets.iterdir()) == []


@pytest.mark.parametrize("shape", [(2, 4, 4, 4), (2, 4), (2, 0, 4, 3)])
def test_arrays_that_are_no_images_are_refused(datasets, shape):
    with writer(datasets, kind="arrays") as out, pytest.raises(DataError, match="1 or 3 channels"):
        out.add_arrays(np.zeros(shape, np.uint8))


def test_arrays_of_two_shapes_are_refused(datasets):
    with writer(datasets, kind="arrays") as out:
        out.add_arrays(arrays(size=4))
        with pytest.raises(DataError, match="one shape"):
            out.add_arrays(arrays(size=5))


def test_a_mask_of_another_size_is_refused(datasets, image_bytes):
    with writer(datasets) as out, pytest.raises(DataError, match="mask"):
        out.add(image_bytes(), "a.png", mask=np.ones((8, 6), bool))


@pytest.mark.parametrize("error", [Cancelled("stopped"), KeyboardInterrupt()])
def test_leaving_early_leaves_nothing(datasets, image_bytes, error):
    def leave() -> None:
        with writer(datasets) as out:
            out.add(image_bytes(), "a.png")
            raise error

    with pytest.raises(type(error)):
        leave()
    assert list(datasets.iterdir()) == []


def test_a_full_disk_is_a_sentence_and_leaves_nothing(datasets):
    """RLIMIT_FSIZE in a process of its own: writing past it fails as on a full disk, whatever layer writes."""
    code = f"""
import resource, signal
import numpy as np
from pathlib import Path
from analysis.datasets.packing import DatasetWriter
from analysis.errors import DataError
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
try:
    with DatasetWriter(Path({str(datasets)!r}), name="big", kind="arrays", source="big") as out:
        out.add_arrays(np.zeros((100, 64, 64, 3), np.uint8))
        out.finish()
except DataError as error:
    print(error)
"""
    import subprocess
    import sys

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=120)
    assert "disk is full" in done.stdout
    assert list(datasets.iterdir()) == []


def test_a_full_disk_at_the_very_end(datasets, monkeypatch):
    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(staging, "publish", full)
    with pytest.raises(DataError, match="disk is full"):
        write(datasets, arrays(), [0] * 5)
    assert list(datasets.iterdir()) == []


def test_a_damaged_dataset_of_the_same_content_gives_way(datasets):
    record = write(datasets, arrays(), [0] * 5)
    (datasets / record.dataset_id / RECORD).write_text("{", encoding="utf-8")
    assert write(datasets, arrays(), [0] * 5).dataset_id == record.dataset_id
    assert OpenDataset.open(datasets / record.dataset_id).record.size == 5


@pytest.mark.parametrize("name", ["pixels.npy", "samples.parquet"])
def test_missing_and_cut_files_are_replaced_too(datasets, name):
    record = write(datasets, arrays(), [0] * 5)
    path = datasets / record.dataset_id / name
    path.write_bytes(path.read_bytes()[:50]) if name == "pixels.npy" else path.unlink()
    write(datasets, arrays(), [0] * 5)
    np.testing.assert_array_equal(OpenDataset.open(datasets / record.dataset_id).pixels(range(5)), arrays())


def test_files_are_in_the_order_of_a_walk_through_the_folders(datasets, image_bytes):
    with writer(datasets) as out:
        for seed, name in enumerate(("a-b/1", "a/b/1", "a/1", "ä/1", "a b/1", "B/1", "a/b1")):
            out.add(image_bytes(seed), name)
        record = out.finish()
    names = ["B/1", "a/1", "a/b/1", "a/b1", "a b/1", "a-b/1", "ä/1"]
    assert OpenDataset.open(datasets / record.dataset_id).names == names == sorted(names, key=lambda n: n.split("/"))


def test_leftovers_of_a_killed_import_go_after_a_day(datasets):
    old, young = datasets / ".dead.part", datasets / ".live.part"
    for path, age in ((old, 2 * 24 * 3600), (young, 3600)):
        path.mkdir(parents=True)
        (path / "pixels.npy").write_bytes(b"x")
        for each in (path / "pixels.npy", path):
            os.utime(each, (time.time() - age,) * 2)
    write(datasets, arrays(), [0] * 5)
    assert not old.exists()
    assert young.exists()


def test_the_record_survives_json(datasets):
    record = write(datasets, arrays(), [0, 1, 0, 1, 0])
    values = json.loads((datasets / record.dataset_id / RECORD).read_text(encoding="utf-8"))
    assert record_from_json(values | {"of_a_later_version": 1}) == record


def test_a_million_labels_are_not_named_one_by_one(datasets):
    """A wrong label column gives large numbers; they are refused, not made into classes."""
    with writer(datasets, kind="arrays") as out, pytest.raises(DataError, match="at most 100,000"):
        out.add_arrays(arrays(1), [100_000])
