"""What is beside the checkout (../shared/data) imports, and is what its README says."""

import zipfile

import numpy as np
import pytest

from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset

CIFAR10 = ("airplane", "automobile", "bird", "cat", "deer", "dog", "frog", "horse", "ship", "truck")


@pytest.mark.slow
def test_cifar10_as_jpeg(shared, datasets):
    """10,000 JPEGs of quality 75, 4:2:0, a folder a class, 1,000 images each."""
    record = import_dataset(shared / "cifar10-test.zip", datasets, "cifar")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert (record.size, record.labelled, record.skipped, record.class_names) == (10_000, 10_000, 0, CIFAR10)
    assert record.formats == {"JPEG, quality 75, 4:2:0": 10_000}
    assert record.image_sizes == {"32 x 32": 10_000}
    assert "compressed with loss (mostly JPEG, quality 75, 4:2:0)" in record.remarks[0]
    assert np.bincount(opened.labels).tolist() == [1000] * 10
    name, data = opened.encoded(4321)
    with zipfile.ZipFile(shared / "cifar10-test.zip") as archive:
        assert data == archive.read(name)
    np.testing.assert_array_equal(opened.pixels([4321])[0], np.asarray(opened.images([4321])[0]))


@pytest.mark.parametrize(
    ("name", "count", "shape"),
    [
        ("cifar10_test_first1000_lossless.npz", 1000, (32, 32, 3)),
        ("cifar10_train_first4000_lossless.npz", 4000, (32, 32, 3)),
        ("mnist_test.npz", 10_000, (28, 28, 1)),
    ],
)
def test_arrays(shared, datasets, name, count, shape):
    record = import_dataset(shared / name, datasets, name)
    opened = OpenDataset.open(datasets / record.dataset_id)
    with np.load(shared / name) as given:
        np.testing.assert_array_equal(opened.pixels(range(count)), given["x"].reshape(count, *shape))
        np.testing.assert_array_equal(opened.labels, given["y"])
    assert (record.size, len(record.class_names), record.formats) == (count, 10, {"array": count})


def test_imagenet_samples(shared, datasets):
    record = import_dataset(shared / "imagenet-samples-100.zip", datasets, "imagenet")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert (record.size, record.skipped, len(record.class_names)) == (100, 0, 100)
    assert record.class_names[0] == "tiger shark (n01491361)"
    assert opened.pixels([0]) is None
    assert all(image.mode == "RGB" for image in opened.images(range(100)))
    assert all(max(opened.thumbnail(i, 64).size) == 64 for i in range(100))
    assert "100 classes have one image only" in record.remarks[0]
