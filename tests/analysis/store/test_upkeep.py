"""What is wrong is said, what is unused is removed, and sizes add up."""

import os
import shutil
from datetime import UTC, datetime

import pytest

from analysis.records import JobRecord
from analysis.store import Store
from analysis.types import Picture


@pytest.fixture
def sound(tmp_path, world, made):
    """A store where all is well, and its folder."""
    folder = tmp_path / "w"
    with Store.open(folder) as store:
        record, *_ = world.fill(store)
        place = folder / "datasets" / record.dataset_id
        place.mkdir(parents=True)
        shutil.copy(world.folder / "samples-0-300.parquet", place / "samples.parquet")
        for name in ("pass0", "pass1"):
            (folder / "passes" / name).mkdir(parents=True)
            (folder / "passes" / name / "part-00000.parquet").write_bytes(b"x" * 1000)
        store.save_attributions({"a": made(1)})
        from PIL import Image

        store.save_picture(Picture("d" * 64, "cat.png", Image.new("RGB", (3, 2))), b"the bytes")
        store.save_selection("some", [1, 2], record.dataset_id)
        yield store, folder, record


def run(store, query: str) -> None:
    store._writer.do(lambda db: db.execute(query) and None)


def test_a_sound_store_has_nothing_to_say(sound):
    store, *_ = sound
    assert store.check() == []


@pytest.mark.parametrize(
    ("damage", "words"),
    [
        ("DELETE FROM sample WHERE sample > 297", ["should have 300 samples, its table has 298"]),
        ("UPDATE sample SET label = -1", ["labels, its table has 0"]),
        ("DELETE FROM sample_result WHERE sample = 5", ["should have 300 results, its table has 299"] * 2),
        ("UPDATE sample_result SET sample = 300 WHERE sample = 5", ["samples that its dataset has not"] * 2),
        ("DELETE FROM selection_member WHERE sample = 1", ["'some' should have 2 samples, its table has 1"]),
        ("UPDATE selection_member SET sample = 300", ["'some' has samples that its dataset has not"]),
        ("DELETE FROM selection", ["2 members without a selection"]),
        ("DELETE FROM attribution_map", ["1 runs without a map"]),
        ("DELETE FROM run", ["1 maps without a run"]),
        (
            "DELETE FROM dataset",
            ["has lost its dataset"] * 3 + ["300 rows of samples without a dataset"],
        ),
    ],
)
def test_rows_that_do_not_agree_are_told(sound, damage, words):
    store, *_ = sound
    run(store, damage)
    found = store.check()
    assert len(found) == len(words), found
    assert all(word in said for word, said in zip(words, found, strict=True)), found


def test_files_that_are_gone_or_damaged_are_told_and_stay(sound):
    store, folder, record = sound
    (path,) = (folder / "maps").rglob("*.npy")
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    (image,) = (p for p in (folder / "images").rglob("*") if p.is_file())
    image.unlink()
    shutil.rmtree(folder / "passes" / "pass1")
    table = folder / "datasets" / record.dataset_id / "samples.parquet"
    table.write_bytes(b"not a table")
    found = store.check()
    words = ("samples.parquet is damaged", "lost its features", "is damaged. It is", "is gone. Upload")
    assert len(found) == len(words), found
    assert all(any(word in said for said in found) for word in words)
    assert path.exists()
    assert not any(str(folder) in said for said in found)
    table.unlink()
    assert any("samples.parquet is missing" in said for said in store.check())
    shutil.rmtree(table.parent)
    assert any("images of the dataset 'animals 0' are gone" in said for said in store.check())


def aged(folder) -> None:
    for path in (folder, *folder.rglob("*")):
        os.utime(path, (0, 0))


def test_compacting_removes_what_no_row_names_when_it_is_old(sound):
    store, folder, record = sound
    for name in ("datasets/orphan", "datasets/.x.part", "passes/orphan", "incoming"):
        (folder / name).mkdir(parents=True)
        (folder / name / "one.bin").write_bytes(b"x")
        (folder / name / "two.bin").write_bytes(b"x")
    assert store.compact() == 0
    for name in ("datasets", "passes", "incoming", "maps", "images"):
        aged(folder / name)
    (folder / "passes" / "orphan" / "two.bin").write_bytes(b"at work")
    assert sorted(s.split()[2] for s in store.check()) == ["datasets/.x.part", "datasets/orphan"]
    job = JobRecord("k", "predict", "job", {}, "queued", "", datetime.now(UTC))
    store.put_job(job)
    assert store.compact() == 4
    aged(folder / "passes")
    assert store.check() == []
    assert store.compact() == 0  # the job may be about to go on with it
    store.forget_job("k")
    assert store.compact() == 4
    assert sorted(p.name for p in (folder / "passes").iterdir()) == ["pass0", "pass1"]
    assert [p.name for p in (folder / "datasets").iterdir()] == [record.dataset_id]
    assert store.check() == []


def test_the_room_of_what_was_deleted_is_used_again(tmp_path, world):
    with Store.open(tmp_path / "w") as store:
        sizes = []
        for _ in range(4):
            record, *_ = world.fill(store, 30_000)
            store.compact()
            sizes.append(store.size_bytes())
            store.delete_dataset(record.dataset_id)
            store.compact()
        assert sizes[-1] < 1.5 * sizes[0]


def test_sizes_add_up(sound):
    store, *_ = sound
    store.checkpoint()
    found = store.size_report()
    assert abs(sum(found.values()) - store.size_bytes()) <= 20  # of rounding
    assert found["passes"] == 2000
    assert found["images"] == len(b"the bytes")
    assert found["table sample_result"] > 0
    assert min(found.values()) >= 0
