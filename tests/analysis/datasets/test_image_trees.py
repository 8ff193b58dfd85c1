"""Folders, zips and tars of images."""

import io
import os
import shutil
import struct
import tarfile
import zipfile
from pathlib import Path

import pytest

from analysis.datasets import archive_limits, taking
from analysis.datasets.importing import import_dataset
from analysis.datasets.opened import OpenDataset
from analysis.errors import BadArchive, Cancelled, DataError, EmptyDataset
from analysis.records import UNLABELLED, DatasetRecord


def zipped(folder: Path, target: Path, around: str = "") -> Path:
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*"), reverse=True):  # not in the order of names
            archive.write(path, around + path.relative_to(folder).as_posix())
    return target


def tarred(folder: Path, target: Path, mode: str = "w") -> Path:
    with tarfile.open(target, mode) as archive:
        archive.add(folder, "around")
    return target


def files(folder: Path, names: dict[str, bytes]) -> Path:
    for name, data in names.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def nothing_in(datasets: Path) -> bool:
    return not datasets.exists() or list(datasets.iterdir()) == []


def test_a_folder_for_each_class(pets, datasets):
    record = import_dataset(pets, datasets, "pets")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert (record.kind, record.source, record.name) == ("folder", "pets", "pets")
    assert record.class_names == ("cat", "dog")
    assert opened.names == ["cat/a.png", "cat/b.png", "cat/deep/c.png", "dog/a.png", "dog/b.png", "dog/c.png"]
    assert opened.labels.tolist() == [0, 0, 0, 1, 1, 1]
    assert record.remarks == ()


def test_the_same_images_have_one_id_however_they_are_packed(pets, datasets, tmp_path):
    ways = {
        "folder": pets,
        "zip": zipped(pets, tmp_path / "a.zip"),
        "zip in a folder": zipped(pets, tmp_path / "b.zip", "some/where/"),
        "tar": tarred(pets, tmp_path / "c.tar"),
        "tar.gz": tarred(pets, tmp_path / "d.tar.gz", "w:gz"),
        "tar.gz by another name": tarred(pets, tmp_path / "e.bin", "w:gz"),
    }
    records = {way: import_dataset(path, datasets, way) for way, path in ways.items()}
    assert len({r.dataset_id for r in records.values()}) == 1
    assert len(list(datasets.iterdir())) == 1


@pytest.mark.parametrize(("name", "kind"), [("x.zip", "zip"), ("x.tar", "tar"), ("x.tar.gz", "tar")])
def test_the_kind_is_found_out(pets, datasets, tmp_path, name, kind):
    make = zipped if kind == "zip" else tarred
    path = make(pets, tmp_path / name) if not name.endswith("gz") else tarred(pets, tmp_path / name, "w:gz")
    assert import_dataset(path, datasets, "x").kind == kind


def test_a_flat_folder_is_unlabelled(tmp_path, datasets, image_bytes):
    record = import_dataset(files(tmp_path / "flat", {f"{i}.png": image_bytes(i) for i in range(3)}), datasets, "flat")
    assert (record.size, record.labelled, record.class_names) == (3, 0, ())
    assert OpenDataset.open(datasets / record.dataset_id).labels.tolist() == [UNLABELLED] * 3


def test_class_names_may_be_given(pets, datasets):
    assert import_dataset(pets, datasets, "x", class_names=("Katze", "Hund")).class_names == ("Katze", "Hund")
    with pytest.raises(DataError, match=r"1 class names were given.*has 2 classes: cat, dog"):
        import_dataset(pets, datasets, "y", class_names=("Katze",))


def test_corrupt_files_are_skipped_counted_and_listed(pets, datasets, image_bytes):
    (pets / "cat" / "cut.png").write_bytes(image_bytes(9)[:60])
    (pets / "cat" / "empty.jpg").write_bytes(b"")
    (pets / "dog" / "page.jpg").write_bytes(b"<html>not found</html>")
    (pets / "dog" / "notes.txt").write_text("left out, not skipped", encoding="utf-8")
    (pets / "dog" / ".DS_Store").write_bytes(b"never mentioned")
    record = import_dataset(pets, datasets, "pets")
    assert (record.size, record.skipped) == (6, 3)
    reasons = dict(record.skipped_examples)
    assert set(reasons) == {"cat/cut.png", "cat/empty.jpg", "dog/page.jpg"}
    assert "cut short or damaged" in reasons["cat/cut.png"]
    assert "empty (0 bytes)" in reasons["cat/empty.jpg"]
    assert "a web page" in reasons["dog/page.jpg"]
    assert record.remarks == ("1 file is no image by its name, and left out: dog/notes.txt.",)


def test_only_the_first_200_skipped_files_are_listed(tmp_path, datasets, image_bytes):
    names = {f"bad{i:03d}.jpg": b"no" for i in range(250)} | {"good.png": image_bytes()}
    record = import_dataset(files(tmp_path / "bad", names), datasets, "bad")
    assert (record.size, record.skipped, len(record.skipped_examples)) == (1, 250, 200)


def test_only_corrupt_files(tmp_path, datasets):
    with pytest.raises(EmptyDataset, match="no image that can be read"):
        import_dataset(files(tmp_path / "bad", {"a/1.jpg": b"no"}), datasets, "bad")
    assert nothing_in(datasets)


@pytest.mark.parametrize("names", [{}, {"a.txt": b"x", "b/c.csv": b"y"}])
def test_a_folder_without_images(tmp_path, datasets, names):
    (tmp_path / "none").mkdir()
    with pytest.raises(DataError, match=r"'none' holds no images.*Expected is a folder of images"):
        import_dataset(files(tmp_path / "none", names), datasets, "none")
    assert nothing_in(datasets)


def test_an_archive_without_images(tmp_path, datasets):
    path = zipped(files(tmp_path / "none", {"a.txt": b"x"}), tmp_path / "none.zip")
    with pytest.raises(EmptyDataset, match=r"holds no images, but 1 other file \(a\.txt"):
        import_dataset(path, datasets, "none")
    assert nothing_in(datasets)


def test_classes_of_one_image_are_remarked(tmp_path, datasets, image_bytes):
    source = files(tmp_path / "x", {"a/1.png": image_bytes(1), "b/1.png": image_bytes(2), "b/2.png": image_bytes(3)})
    assert "1 class has one image only: a." in import_dataset(source, datasets, "x").remarks


def test_two_members_of_one_name_are_both_taken(tmp_path, datasets, image_bytes):
    path = tmp_path / "twice.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.png", image_bytes(1))
        with pytest.warns(UserWarning, match="Duplicate name"):
            archive.writestr("a/1.png", image_bytes(2))
    record = import_dataset(path, datasets, "x")
    assert OpenDataset.open(datasets / record.dataset_id).names == ["a/1.png", "a/1.png (2)"]
    assert any("has the name of another one" in r for r in record.remarks)


def test_names_that_are_no_text_are_made_printable(tmp_path, datasets, image_bytes):
    folder = tmp_path / "x"
    folder.mkdir()
    (folder / os.fsdecode(b"bad\xff\n.png")).write_bytes(image_bytes())
    record = import_dataset(folder, datasets, "x")
    assert OpenDataset.open(datasets / record.dataset_id).names == ["bad??.png"]


# ------------------------------------------------------------------------------------------------------------ links


def test_links_to_folders_are_not_followed(pets, datasets):
    (pets / "cat" / "loop").symlink_to(pets, target_is_directory=True)
    (pets / "dog" / "gone.png").symlink_to(pets / "nowhere.png")
    os.mkfifo(pets / "dog" / "pipe.png")  # reading it would wait for ever
    record = import_dataset(pets, datasets, "pets")
    assert record.size == 6
    assert set(dict(record.skipped_examples)) == {"cat/loop", "dog/gone.png", "dog/pipe.png"}


def test_links_in_archives_are_not_followed(pets, datasets, tmp_path):
    path = tmp_path / "links.tar"
    with tarfile.open(path, "w") as archive:
        archive.add(pets, ".")
        for name, kind in (("dog/soft.png", tarfile.SYMTYPE), ("dog/hard.png", tarfile.LNKTYPE)):
            member = tarfile.TarInfo(name)
            member.type, member.linkname = kind, "/etc/passwd"
            archive.addfile(member)
    record = import_dataset(path, datasets, "links")
    assert record.size == 6
    assert {why for _, why in record.skipped_examples} == {"is a link, and links in archives are not followed"}


def test_links_in_a_zip_are_not_followed(datasets, tmp_path, image_bytes):
    path = tmp_path / "links.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.png", image_bytes())
        member = zipfile.ZipInfo("a/2.png")
        member.external_attr = 0o120777 << 16
        archive.writestr(member, "/etc/passwd")
    assert [n for n, _ in import_dataset(path, datasets, "links").skipped_examples] == ["a/2.png"]


@pytest.mark.parametrize("name", ["../evil.png", "a/../../evil.png", "/etc/evil.png", "C:\\evil.png", "..\\evil.png"])
@pytest.mark.parametrize("kind", ["zip", "tar"])
def test_names_that_leave_the_archive_refuse_it(tmp_path, datasets, image_bytes, name, kind):
    path, data = tmp_path / f"evil.{kind}", image_bytes()
    if kind == "zip":
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("good/1.png", data)
            archive.writestr(name, data)
    else:
        with tarfile.open(path, "w") as archive:
            member = tarfile.TarInfo(name)
            member.size = len(data)
            archive.addfile(member, io.BytesIO(data))
    with pytest.raises(BadArchive, match="points outside of the archive"):
        import_dataset(path, datasets, "evil")
    assert nothing_in(datasets)
    assert not (tmp_path.parent / "evil.png").exists()


# ------------------------------------------------------------------------------------------------------------ bombs


def test_a_bomb_is_refused_from_its_directory(tmp_path, datasets):
    """What it claims is enough: nothing of it is unpacked."""
    path = tmp_path / "bomb.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/0.png", bytes(50 * 2**20))
    data = bytearray(path.read_bytes())  # the directory now claims a hundred times as much
    at = data.rfind(b"PK\x01\x02")
    struct.pack_into("<I", data, at + 24, 2**32 - 2)
    path.write_bytes(data)
    with pytest.raises(BadArchive, match=r"unpack to 4\.0 GB.*a zip bomb"):
        import_dataset(path, datasets, "bomb")
    assert nothing_in(datasets)


def test_a_real_bomb_of_5_gb(tmp_path, datasets):
    """120 files of 45 MB each that all look small enough."""
    path, block = tmp_path / "bomb.zip", bytes(45 * 2**20)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/0.png", block)
    packed = path.read_bytes()
    path.write_bytes(_many_times(packed, 120))
    with zipfile.ZipFile(path) as archive:
        assert sum(m.file_size for m in archive.infolist()) > 5 * 2**30
    with pytest.raises(BadArchive, match="a zip bomb"):
        import_dataset(path, datasets, "bomb")
    assert nothing_in(datasets)


def _many_times(packed: bytes, times: int) -> bytes:
    """The one member of a zip again and again, without compressing it again."""
    at, end = packed.rfind(b"PK\x01\x02"), packed.rfind(b"PK\x05\x06")
    member, entry = packed[:at], packed[at:end]
    entries = [entry[:42] + struct.pack("<I", i * len(member)) + entry[46:] for i in range(times)]
    directory = b"".join(entries)
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, times, times, len(directory), times * len(member), 0)
    return member * times + directory + tail


def test_a_bomb_of_overlapping_files(tmp_path, datasets, image_bytes):
    path = tmp_path / "overlap.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/0.png", image_bytes(size=(60, 60)))
    packed = path.read_bytes()
    at, end = packed.rfind(b"PK\x01\x02"), packed.rfind(b"PK\x05\x06")
    directory = packed[at:end] * 50  # all point at one file
    tail = struct.pack("<4s4H2IH", b"PK\x05\x06", 0, 0, 50, 50, len(directory), at, 0)
    path.write_bytes(packed[:at] + directory + tail)
    with pytest.raises(BadArchive, match="overlap"):
        import_dataset(path, datasets, "overlap")


def test_a_zip_whose_directory_lies_is_cut_off_while_reading(tmp_path, datasets, image_bytes):
    """It claims 100 bytes for a member of 30 MB: no more than 100 are unpacked, and its checksum is wrong."""
    path = tmp_path / "lie.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a/good.png", image_bytes())
        archive.writestr("a/lie.png", bytes(30 * 2**20))
    data = bytearray(path.read_bytes())
    struct.pack_into("<I", data, data.rfind(b"PK\x01\x02") + 24, 100)
    path.write_bytes(data)
    record = import_dataset(path, datasets, "lie")
    assert record.size == 1
    assert [name for name, _ in record.skipped_examples] == ["a/lie.png"]


def test_a_gzipped_bomb_is_stopped_while_reading(tmp_path, datasets, monkeypatch):
    """The stream is counted: it ends soon after the first bytes that are too many."""
    monkeypatch.setattr(archive_limits, "FREE_BYTES", 20 * 2**20)
    path = tmp_path / "bomb.tar.gz"
    with tarfile.open(path, "w:gz") as archive:
        for i in range(4):
            member = tarfile.TarInfo(f"a/{i}.png")
            member.size = 10 * 2**20
            archive.addfile(member, io.BytesIO(bytes(member.size)))
    with pytest.raises(BadArchive, match=r"unpack to 2\d\.\d MB or more.*a zip bomb"):
        import_dataset(path, datasets, "bomb")
    assert nothing_in(datasets)


def test_too_many_files_are_refused(pets, tmp_path, datasets, monkeypatch):
    path, other = zipped(pets, tmp_path / "a.zip"), tarred(pets, tmp_path / "a.tar")
    monkeypatch.setattr(archive_limits, "MAX_FILES", 5)
    for source in (path, other):
        with pytest.raises(BadArchive, match="at most 5 are read"):
            import_dataset(source, datasets, "many")


def test_a_file_too_large_is_skipped_unread(tmp_path, datasets, image_bytes):
    path = tmp_path / "large.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        archive.writestr("a/1.png", image_bytes())
        archive.writestr("a/large.png", bytes(51 * 2**20))
    assert import_dataset(path, datasets, "x").skipped_examples == (("a/large.png", "is larger than 50 MB"),)


@pytest.mark.parametrize("keep", [0.3, 0.7, 0.95])
@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz"])
def test_archives_cut_short_are_refused(pets, tmp_path, datasets, name, keep):
    path = zipped(pets, tmp_path / name) if name.endswith("zip") else tarred(pets, tmp_path / name, _mode(name))
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)] if name != "a.tar" else data[: int(keep * 9000)])
    with pytest.raises(BadArchive, match="cut short or damaged"):
        import_dataset(path, datasets, "short")
    assert nothing_in(datasets)


def _mode(name: str) -> str:
    return "w:gz" if name.endswith("gz") else "w"


def test_encrypted_members_are_skipped(tmp_path, datasets, image_bytes):
    path = tmp_path / "secret.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a/1.png", image_bytes(1))
        archive.writestr("a/2.png", image_bytes(2))
    data = bytearray(path.read_bytes())
    data[data.rfind(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(data)
    assert import_dataset(path, datasets, "x").skipped_examples == (("a/2.png", "is encrypted"),)


# --------------------------------------------------------------------------------------------- ImageNet, corruptions


def test_wordnet_ids_get_their_words(tmp_path, datasets, image_bytes):
    names = {"n01440764/a.png": image_bytes(1), "n02012849/b.png": image_bytes(2), "n03126707/c.png": image_bytes(3)}
    record = import_dataset(files(tmp_path / "imagenet", names), datasets, "imagenet")
    assert record.class_names == ("tench (n01440764)", "crane (n02012849)", "crane (n03126707)")


def test_corrupted_trees_say_their_condition(tmp_path, datasets, image_bytes):
    names = {
        f"noise/{corruption}/{severity}/{wnid}/x.png": image_bytes(seed)
        for seed, (corruption, severity, wnid) in enumerate(
            (c, s, w) for c in ("gaussian_noise", "shot_noise") for s in (1, 3) for w in ("n01440764", "n01443537")
        )
    }
    record = import_dataset(files(tmp_path / "c", names), datasets, "c")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert record.conditions == ("gaussian_noise/1", "gaussian_noise/3", "shot_noise/1", "shot_noise/3")
    assert record.class_names == ("tench (n01440764)", "goldfish (n01443537)")
    assert opened.conditions[2] == "gaussian_noise/3"
    assert opened.labels.tolist() == [0, 1] * 4


def test_splits_become_a_column(tmp_path, datasets, image_bytes):
    names = {
        f"{s}/{c}/{i}.png": image_bytes(i) for i, (s, c) in enumerate((s, c) for s in ("train", "val") for c in "ab")
    }
    record = import_dataset(files(tmp_path / "s", names), datasets, "s")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert record.class_names == ("a", "b")
    assert opened.column("split") == ["train", "train", "val", "val"]
    assert any("several splits (train, val)" in r for r in record.remarks)


# ---------------------------------------------------------------------------------------------- progress and cancel


@pytest.mark.parametrize("kind", ["folder", "zip", "tar", "tar.gz"])
def test_cancelling_leaves_nothing(pets, datasets, tmp_path, monkeypatch, kind):
    sources = {"folder": lambda: pets, "zip": lambda: zipped(pets, tmp_path / "a.zip")}
    source = sources.get(kind, lambda: tarred(pets, tmp_path / "a.x", _mode(kind)))()
    monkeypatch.setattr(taking, "_SECONDS", 0)
    seen = []

    def report(fraction: float, message: str) -> None:
        seen.append((fraction, message))
        if len(seen) == 4:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        import_dataset(source, datasets, "x", report=report)
    assert seen[-1][1] == "3 images"
    assert nothing_in(datasets)


def test_progress_goes_forward(pets, datasets, monkeypatch):
    monkeypatch.setattr(taking, "_SECONDS", 0)
    fractions: list[float] = []
    import_dataset(pets, datasets, "x", report=lambda fraction, _: fractions.append(fraction))
    assert fractions == sorted(fractions)
    assert len(fractions) == 7
    assert fractions[-1] < 1


def test_large_and_small_files_keep_their_order(tmp_path, datasets, image_bytes):
    """Small ones are decoded at once and large ones in threads; both lie in the file in the order they came."""
    names = {f"{i:02d}.png": image_bytes(i, (200, 100) if i % 3 else (5, 5)) for i in range(20)}
    record: DatasetRecord = import_dataset(files(tmp_path / "mixed", names), datasets, "mixed")
    opened = OpenDataset.open(datasets / record.dataset_id)
    assert [opened.encoded(i) for i in range(20)] == list(names.items())
    assert (datasets / record.dataset_id / "images.bin").read_bytes() == b"".join(names.values())


def test_an_unreadable_path_is_a_sentence(tmp_path, datasets):
    with pytest.raises(DataError, match="There is no file or folder 'nowhere'"):
        import_dataset(tmp_path / "nowhere", datasets, "x")
    with pytest.raises(DataError, match="There is no kind of dataset 'sculpture'"):
        import_dataset(tmp_path, datasets, "x", kind="sculpture")


@pytest.mark.parametrize(
    ("name", "data", "what"),
    [
        ("a.pdf", b"%PDF-1.4", "a PDF document"),
        ("a.jpg", None, "a single picture"),
        ("a.h5", b"\x89HDF\r\n", "an HDF5 file"),
        ("a.txt.gz", None, "cut short or damaged"),
        ("a.zip", b"", "is empty"),
    ],
)
def test_what_is_no_dataset_is_named(tmp_path, datasets, image_bytes, name, data, what):
    import gzip

    made = {"a.jpg": image_bytes(kind="JPEG"), "a.txt.gz": gzip.compress(b"text")}
    path = tmp_path / name
    path.write_bytes(made.get(name, data))
    with pytest.raises(DataError, match=what):
        import_dataset(path, datasets, "x")
    shutil.rmtree(datasets, ignore_errors=True)


def test_a_full_disk_on_a_small_file_system(pets, image_bytes):
    """A tmpfs of 1 MB, where this may be mounted; elsewhere the limit of a process stands for it (test_packing)."""
    import subprocess
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        command = ["mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", place]
        if shutil.which("mount") is None or subprocess.run(command, capture_output=True, check=False).returncode:
            pytest.skip("no right to mount a small tmpfs")
        try:
            for i in range(30):
                (pets / "dog" / f"large{i}.png").write_bytes(image_bytes(i, (150, 150)))
            with pytest.raises(DataError, match="The disk is full"):
                import_dataset(pets, Path(place), "x")
            assert list(Path(place).iterdir()) == []
        finally:
            subprocess.run(["umount", place], check=True)
