import io
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.opened import OpenDataset
from analysis.datasets.packing import DatasetWriter
from analysis.errors import DataError


@pytest.fixture
def photos(datasets, image_bytes) -> OpenDataset:
    """Four JPEGs of different sizes, the last lying on its side."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned a quarter
    with DatasetWriter(datasets, name="photos", kind="folder", source="photos") as out:
        for i in range(3):
            out.add(image_bytes(i, (100 + i, 80), "JPEG", quality=95), f"{i}.jpg")
        out.add(image_bytes(3, (120, 40), "JPEG", exif=exif), "3.jpg")
        record = out.finish()
    return OpenDataset.open(datasets / record.dataset_id)


@pytest.fixture
def squares(datasets) -> OpenDataset:
    images = np.arange(50 * 4 * 4 * 3, dtype=np.uint32).astype(np.uint8).reshape(50, 4, 4, 3)
    with DatasetWriter(datasets, name="squares", kind="arrays", source="squares") as out:
        out.add_arrays(images, np.arange(50) % 2)
        record = out.finish()
    return OpenDataset.open(datasets / record.dataset_id)


def test_images_are_upright(photos):
    assert [i.size for i in photos.images(range(4))] == [(100, 80), (101, 80), (102, 80), (40, 120)]
    assert photos.record.image_sizes["40 x 120"] == 1
    assert any("upright" in r for r in photos.record.remarks)


def test_as_stored_nothing_is_turned(photos):
    found = pickle.loads(pickle.dumps(OpenDataset.open(photos.folder, as_stored=True)))
    assert [i.size for i in found.images(range(4))] == [(100, 80), (101, 80), (102, 80), (120, 40)]
    whole = Image.open(io.BytesIO(photos.encoded(3)[1]))
    np.testing.assert_array_equal(np.asarray(found.images([3])[0]), np.asarray(whole))


def test_thumbnails_fit_and_are_never_enlarged(photos, squares):
    for sample, expected in ((0, (32, 26)), (3, (11, 32))):
        small = photos.thumbnail(sample, 32)
        assert small.mode == "RGB"
        assert small.size == expected
    assert squares.thumbnail(0, 32).size == (4, 4)


def test_thumbnails_show_the_image(photos):
    whole = photos.images([0])[0].resize((8, 6), Image.Resampling.BOX)
    small = photos.thumbnail(0, 32).resize((8, 6), Image.Resampling.BOX)
    difference = np.abs(np.asarray(whole, float) - np.asarray(small, float)).mean()
    assert difference < 6  # of noise whose blocks differ by tens


def test_arrays_are_encoded_as_png(squares):
    name, data = squares.encoded(7)
    assert name == "00007.png"
    np.testing.assert_array_equal(np.asarray(Image.open(io.BytesIO(data))), squares.pixels([7])[0])


def test_labels_cannot_be_written_to(squares):
    with pytest.raises(ValueError, match="read-only"):
        squares.labels[0] = 1


def test_it_opens_again_from_a_pickle(squares):
    again = pickle.loads(pickle.dumps(squares))
    np.testing.assert_array_equal(again.pixels([3, 9]), squares.pixels([3, 9]))
    assert len(pickle.dumps(squares)) < 1000


def test_many_threads_read_what_one_reads(photos, squares):
    expected = squares.pixels(range(50))
    sizes = [i.size for i in photos.images(range(4))]

    def read(seed: int) -> bool:
        chosen = np.random.default_rng(seed).permutation(50)
        same = np.array_equal(squares.pixels(chosen), expected[chosen])
        return same and [i.size for i in photos.images(range(4))] == sizes

    with ThreadPoolExecutor(8) as pool:
        assert all(pool.map(read, range(64)))


@pytest.mark.parametrize("sample", [-1, 50])
def test_a_sample_that_is_not_there_is_refused(squares, sample):
    for read in (squares.encoded, squares.mask, squares.boxes, lambda s: squares.pixels([s])):
        with pytest.raises(DataError, match="0 to 49"):
            read(sample)


def test_no_sample_is_no_image(squares, photos):
    assert squares.pixels([]).shape == (0, 4, 4, 3)
    assert photos.images([]) == []


def test_an_unknown_column_is_named(squares):
    with pytest.raises(DataError, match="no column 'colour'"):
        squares.column("colour")


@pytest.mark.parametrize("name", ["dataset.json", "samples.parquet", "pixels.npy"])
def test_missing_files_are_a_sentence(squares, name):
    (squares.folder / name).unlink()
    with pytest.raises(DataError, match=r"[Ii]mport it again"):
        OpenDataset.open(squares.folder)


@pytest.mark.parametrize("name", ["samples.parquet", "pixels.npy"])
def test_files_cut_short_are_a_sentence(squares, name):
    path: Path = squares.folder / name
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(DataError, match=r"[Ii]mport it again"):
        OpenDataset.open(squares.folder)


def test_an_image_cut_off_while_open_is_a_sentence(photos):
    with (photos.folder / "images.bin").open("rb+") as file:
        file.truncate(50)
    with pytest.raises(DataError, match="cut short"):
        photos.images([3])


_READ = r"""
import re, sys
import numpy as np
from pathlib import Path
from analysis.datasets.opened import OpenDataset
opened = OpenDataset.open(Path(sys.argv[1]))
total = 0
for first in range(0, len(opened), 250):
    total += int(opened.pixels(range(first, first + 250)).sum())
    opened.images([first])
# ru_maxrss would count the process that started this one, too
print(re.search(r"VmHWM:\s*(\d+)", Path("/proc/self/status").read_text()).group(1), total)
"""


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads the peak memory from Linux's /proc")
def test_reading_takes_no_more_memory_of_many_images_than_of_few(datasets):
    """20,000 against 2,000 images of 32 x 32 within 10 % (the larger holds 61 MB of pixels)."""
    peaks = []
    for count in (2_000, 20_000):
        with DatasetWriter(datasets, name=f"{count}", kind="arrays", source="made") as out:
            for first in range(0, count, 1000):
                block = np.random.default_rng(first).integers(0, 256, (1000, 32, 32, 3), dtype=np.uint8)
                out.add_arrays(block, np.arange(1000) % 10)
            record = out.finish()
        command = [sys.executable, "-c", _READ, str(datasets / record.dataset_id)]
        done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
        peaks.append(int(done.stdout.split()[0]))
    assert peaks[1] < 1.1 * peaks[0]
