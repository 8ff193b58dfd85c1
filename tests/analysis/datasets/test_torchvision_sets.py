"""The files of torchvision's datasets, made small, and the download against a server of our own."""

import gzip
import hashlib
import http.server
import pickle
import struct
import tarfile
import threading
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets import torchvision_files
from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.datasets.plain_pickle import read_numbers
from analysis.errors import DataError
from models.errors import UnknownName

RNG = np.random.default_rng(0)
CIFAR = RNG.integers(0, 256, (6, 32, 32, 3), dtype=np.uint8)
LABELS = [3, 9, 0, 1, 2, 3]


def planar(images: np.ndarray) -> np.ndarray:
    """As CIFAR stores them: all red, all green, all blue."""
    return np.concatenate([images[..., c].reshape(len(images), -1) for c in range(3)], axis=1)


def cifar10_python(folder: Path) -> Path:
    place = folder / "cifar-10-batches-py"
    place.mkdir(parents=True)
    for name, shift in (("test_batch", 0), *((f"data_batch_{i}", i) for i in range(1, 6))):
        content = {b"data": planar(np.roll(CIFAR, shift)), b"labels": LABELS, b"filenames": [b"x.png"] * 6}
        (place / name).write_bytes(pickle.dumps(content, protocol=2))
    names = {b"label_names": [f"name {i}".encode() for i in range(10)], b"num_vis": 3072}
    (place / "batches.meta").write_bytes(pickle.dumps(names, protocol=0))
    return folder


def cifar10_binary(folder: Path) -> Path:
    place = folder / "cifar-10-batches-bin"
    place.mkdir(parents=True)
    for name in ("test_batch.bin", *(f"data_batch_{i}.bin" for i in range(1, 6))):
        rows = np.concatenate([np.array(LABELS, np.uint8)[:, None], planar(CIFAR)], axis=1)
        (place / name).write_bytes(rows.tobytes())
    (place / "batches.meta.txt").write_text("\n".join(f"bin{i}" for i in range(10)) + "\n\n", encoding="utf-8")
    return folder


def cifar100(folder: Path, binary: bool) -> Path:
    names = [f"fine{i}" for i in range(100)]
    place = folder / ("cifar-100-binary" if binary else "cifar-100-python")
    place.mkdir(parents=True)
    if binary:
        rows = np.concatenate([np.array([[7, label] for label in LABELS], np.uint8), planar(CIFAR)], axis=1)
        (place / "test.bin").write_bytes(rows.tobytes())
        (place / "fine_label_names.txt").write_text("\n".join(names), encoding="utf-8")
    else:
        content = {b"data": planar(CIFAR), b"fine_labels": LABELS, b"coarse_labels": [7] * 6}
        (place / "test").write_bytes(pickle.dumps(content))
        (place / "meta").write_bytes(pickle.dumps({b"fine_label_names": [n.encode() for n in names]}))
    return folder


GREY = RNG.integers(0, 256, (6, 28, 28), dtype=np.uint8)


def mnist(folder: Path, name: str = "MNIST", zipped: bool = False) -> Path:
    place = folder / name / "raw"
    place.mkdir(parents=True)
    for start in ("t10k", "train"):
        made = {
            f"{start}-images-idx3-ubyte": struct.pack(">4I", 0x803, 6, 28, 28) + GREY.tobytes(),
            f"{start}-labels-idx1-ubyte": struct.pack(">2I", 0x801, 6) + bytes(LABELS),
        }
        for file, data in made.items():
            (place / (f"{file}.gz" if zipped else file)).write_bytes(gzip.compress(data) if zipped else data)
    return folder


def stl10(folder: Path) -> tuple[Path, np.ndarray]:
    place = folder / "stl10_binary"
    place.mkdir(parents=True)
    images = RNG.integers(0, 256, (6, 96, 96, 3), dtype=np.uint8)
    data = b"".join(image[..., c].T.tobytes() for image in images for c in range(3))  # column by column
    (place / "test_X.bin").write_bytes(data)
    (place / "test_y.bin").write_bytes(bytes(label + 1 for label in LABELS))
    (place / "unlabeled_X.bin").write_bytes(data)
    return folder, images


def opened(datasets: Path, source: Path | str, **options) -> OpenDataset:
    return OpenDataset.open(datasets / import_dataset(source, datasets, "t", **options).dataset_id)


@pytest.mark.parametrize("make", [cifar10_python, cifar10_binary])
def test_cifar10(tmp_path, datasets, make):
    found = opened(datasets, make(tmp_path / "data"))
    np.testing.assert_array_equal(found.pixels(range(6)), CIFAR)
    assert found.labels.tolist() == LABELS
    assert (found.record.kind, len(found.record.class_names), found.record.size) == ("torchvision", 10, 6)
    assert found.record.remarks[0] == "The test images of CIFAR10; there is also train."
    assert opened(datasets, tmp_path / "data", split="train").record.size == 30


def test_the_inner_folder_does_too_and_the_binary_version_is_preferred(tmp_path, datasets):
    assert opened(datasets, cifar10_python(tmp_path) / "cifar-10-batches-py").record.class_names[0] == "name 0"
    cifar10_binary(tmp_path)
    assert opened(datasets, tmp_path).record.class_names[0] == "bin0"


@pytest.mark.parametrize("binary", [True, False])
def test_cifar100(tmp_path, datasets, binary):
    found = opened(datasets, cifar100(tmp_path / "data", binary))
    np.testing.assert_array_equal(found.pixels(range(6)), CIFAR)
    assert found.labels.tolist() == LABELS
    assert found.record.class_names[99] == "fine99"
    with pytest.raises(DataError, match="has the splits test, not 'train'"):
        import_dataset(tmp_path / "data", datasets, "t", split="train")


@pytest.mark.parametrize("zipped", [False, True])
@pytest.mark.parametrize(("name", "first"), [("MNIST", "0"), ("FashionMNIST", "T-shirt/top")])
def test_mnist(tmp_path, datasets, name, first, zipped):
    found = opened(datasets, mnist(tmp_path / "data", name, zipped))
    np.testing.assert_array_equal(found.pixels(range(6))[..., 0], GREY)
    assert found.labels.tolist() == LABELS
    assert found.record.class_names[0] == first


def test_stl10(tmp_path, datasets):
    folder, images = stl10(tmp_path / "data")
    found = opened(datasets, folder)
    np.testing.assert_array_equal(found.pixels(range(6)), images)
    assert found.labels.tolist() == LABELS
    assert opened(datasets, folder, split="unlabeled").record.labelled == 0


@pytest.mark.parametrize("protocol", [0, 2, 4])
def test_a_pickle_that_would_run_something_is_refused(tmp_path, datasets, protocol):
    marker = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (marker,)

    cifar10_python(tmp_path / "data")
    evil = {b"data": Evil(), b"labels": LABELS}
    (tmp_path / "data/cifar-10-batches-py/test_batch").write_bytes(pickle.dumps(evil, protocol=protocol))
    with pytest.raises(DataError, match=r"'test_batch' is not one of the files of CIFAR.*asks for .*Nothing"):
        import_dataset(tmp_path / "data", datasets, "t")
    assert not marker.exists()
    assert list(datasets.iterdir()) == []


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no pickle",
        pickle.dumps([1, 2]),
        b"cos\nsystem\n(S'true'\ntR.",
        b"\x80\x02" + b"(" * 50_000,
        pickle.dumps({"a": 1})[:-1],
        b"\x80\x04\x8c\x08builtins\x8c\x04eval\x93.",
    ],
    ids=range(7),
)
def test_only_pickles_of_numbers_are_read(tmp_path, data):
    (tmp_path / "x").write_bytes(data)
    with pytest.raises(DataError, match="not one of the files of CIFAR"):
        read_numbers(tmp_path / "x")


@pytest.mark.parametrize(("make", "file"), [(cifar10_binary, "test_batch.bin"), (mnist, "t10k-images-idx3-ubyte")])
def test_files_cut_short_are_refused(tmp_path, datasets, make, file):
    path = next(make(tmp_path / "data").rglob(file))
    path.write_bytes(path.read_bytes()[:-7])
    with pytest.raises(DataError, match="cut short"):
        import_dataset(tmp_path / "data", datasets, "t")
    assert list(datasets.iterdir()) == []


def test_a_damaged_gzip_is_refused(tmp_path, datasets):
    path = next(mnist(tmp_path / "data", zipped=True).rglob("t10k-images*"))
    path.write_bytes(path.read_bytes()[:-400])
    with pytest.raises(DataError, match="damaged"):
        import_dataset(tmp_path / "data", datasets, "t")


def test_an_unknown_name_lists_those_known(tmp_path, datasets):
    with pytest.raises(UnknownName, match="CIFAR10"):
        import_dataset("torchvision:CIFAR1000", datasets, "t")


# --------------------------------------------------------------------------------------------------------- download


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def server(tmp_path) -> Iterator[tuple[Path, str]]:
    folder = tmp_path / "server"
    folder.mkdir()
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(_Quiet, directory=str(folder))) as made:
        thread = threading.Thread(target=made.serve_forever)
        thread.start()
        yield folder, f"http://127.0.0.1:{made.server_port}/"
        made.shutdown()
        thread.join()


def md5(path: Path) -> str:
    return hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()


def test_cifar10_is_fetched_by_name_once(server, datasets, tmp_path, monkeypatch):
    import torchvision.datasets as theirs

    folder, address = server
    archive = folder / "cifar-10-python.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(cifar10_python(tmp_path / "made") / "cifar-10-batches-py", "cifar-10-batches-py")
    monkeypatch.setattr(theirs.CIFAR10, "url", f"{address}{archive.name}")
    monkeypatch.setattr(theirs.CIFAR10, "tgz_md5", md5(archive))
    found = opened(datasets, "torchvision:cifar-10")
    np.testing.assert_array_equal(found.pixels(range(6)), CIFAR)
    archive.unlink()  # the second time nothing is fetched
    assert opened(datasets, Path("/anywhere/torchvision:CIFAR10:train")).record.size == 30


def test_mnist_is_fetched_from_the_mirror_that_answers(server, datasets, tmp_path, monkeypatch):
    import torchvision.datasets as theirs

    folder, address = server
    for path in (mnist(tmp_path / "made", zipped=True) / "MNIST/raw").iterdir():
        path.rename(folder / path.name)
    monkeypatch.setattr(theirs.MNIST, "mirrors", [f"{address}nowhere/", address])
    monkeypatch.setattr(theirs.MNIST, "resources", [(p.name, md5(p)) for p in folder.iterdir()])
    np.testing.assert_array_equal(opened(datasets, "torchvision:MNIST").pixels(range(6))[..., 0], GREY)


def test_no_network_is_a_sentence(datasets, monkeypatch):
    import torchvision.datasets as theirs

    monkeypatch.setattr(theirs.CIFAR10, "url", "http://127.0.0.1:9/cifar-10-python.tar.gz")
    with pytest.raises(DataError, match=r"CIFAR10 could not be downloaded \(.*refused.*\).*cifar-10-batches-py/"):
        import_dataset("torchvision:CIFAR10", datasets, "t")
    assert list(datasets.iterdir()) == []


def test_a_download_that_is_not_the_dataset_is_refused(server, datasets, monkeypatch):
    import torchvision.datasets as theirs

    folder, address = server
    (folder / "cifar-10-python.tar.gz").write_bytes(b"sign in to the hotel's network")
    monkeypatch.setattr(theirs.CIFAR10, "url", f"{address}cifar-10-python.tar.gz")
    with pytest.raises(DataError, match="could not be downloaded"):
        import_dataset("torchvision:CIFAR10", datasets, "t")


def test_every_name_has_a_layout():
    from analysis.datasets.torchvision_sets import NAMES

    assert {layout.name for layout in torchvision_files.LAYOUTS} == set(NAMES)
