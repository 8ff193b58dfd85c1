"""Whatever happened to the files, the store opens, and says what is gone."""

import errno
import os
import random
import signal

import numpy as np
import pytest

from analysis.errors import StoreError, StoreTooNew
from analysis.store import Store, schema


def names(folder) -> list[str]:
    return sorted(p.name for p in folder.iterdir() if p.is_file())


@pytest.mark.parametrize("seed", range(4))
def test_kill_loses_no_acknowledged_row(tmp_path, child, made, seed):
    writer = child("""
        with Store.open(workspace) as store:
            for i in range(100_000):
                store.save_attributions({f"m{i}": made(i), "same": made(i)})
                store.save_predictions("c", "i", [Prediction(i, "cat", 0.5, 1.0)])
                print(i, flush=True)
                if i % 10 == 9:
                    store.checkpoint()
    """)
    last = random.Random(seed).randrange(3, 25)
    acknowledged = 0
    while acknowledged < last:
        acknowledged = int(writer.stdout.readline())
    writer.send_signal(signal.SIGKILL)
    rest = writer.communicate()[0].split()
    acknowledged = int(rest[-1]) if rest else acknowledged
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        found = store.attributions([f"m{i}" for i in range(acknowledged + 1)])
        assert len(found) == acknowledged + 1
        assert all(np.array_equal(found[f"m{i}"].raw, made(i).raw) for i in range(acknowledged + 1))
        assert store.predictions("c", ["i"])["i"][0].index >= acknowledged
        store.save_attributions({"m0": made(0)})


def killed_with_log(child, tmp_path):
    """A workspace whose last changes are in the log alone: "a" is in the file, "b" is not."""
    writer = child("""
        with Store.open(workspace) as store:
            store.save_attributions({"a": made(1)})
            store.checkpoint()
            store.save_attributions({"b": made(2)})
            print("kept", flush=True)
            sys.stdin.readline()
    """)
    assert writer.stdout.readline() == "kept\n"
    writer.kill()
    writer.communicate()
    return tmp_path / "store.duckdb.wal"


def test_a_damaged_log_is_set_aside(tmp_path, child, caplog):
    log = killed_with_log(child, tmp_path)
    data = bytearray(log.read_bytes())
    data[len(data) // 2] ^= 0xFF
    log.write_bytes(data)
    with Store.open(tmp_path) as store:
        assert list(store.attributions(["a", "b"])) == ["a"]
        (warning,) = store.warnings
        assert "last changes" in warning
        assert str(tmp_path) not in warning
    (aside,) = [n for n in names(tmp_path) if n.startswith("store.duckdb.wal.bad-")]
    assert aside in warning
    assert (tmp_path / aside).read_bytes() == bytes(data)
    assert "last changes" in caplog.text
    with Store.open(tmp_path) as store:
        assert store.warnings == ()


@pytest.mark.parametrize("seed", range(6))
def test_whatever_the_damage_to_the_log_it_opens(tmp_path, child, made, seed):
    log = killed_with_log(child, tmp_path)
    rng = random.Random(seed)
    data = bytearray(log.read_bytes())
    for _ in range(1 + 5 * seed):
        data[rng.randrange(len(data))] ^= 0xFF
    log.write_bytes(data[: rng.randrange(len(data))] if seed % 2 else data)
    with Store.open(tmp_path) as store:
        assert "a" in store.attributions(["a", "b"])
        store.save_attributions({"b": made(2)})
        assert len(store.attributions(["a", "b"])) == 2


@pytest.mark.parametrize("keep", [0, 100, 5000, 14000])
def test_a_truncated_database_is_set_aside(tmp_path, made, keep):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1)})
    path = tmp_path / "store.duckdb"
    data = path.read_bytes()
    path.write_bytes(data[:keep])
    with Store.open(tmp_path) as store:
        assert "a new one was begun" in store.warnings[0]
        assert store.attributions(["a"]) == {}
        store.save_attributions({"a": made(1)})
        assert "a" in store.attributions(["a"])
    (aside,) = [n for n in names(tmp_path) if n.startswith("store.duckdb.bad-")]
    assert (tmp_path / aside).read_bytes() == data[:keep]


def test_a_file_that_is_no_database_is_set_aside(tmp_path):
    (tmp_path / "store.duckdb").write_text("My notes.\n" * 1000)
    with Store.open(tmp_path) as store:
        assert len(store.warnings) == 1
    with Store.open(tmp_path) as store:
        assert store.warnings == ()


def test_flipped_bytes_anywhere_cost_one_answer_at_most(tmp_path, made):
    with Store.open(tmp_path) as store:
        store.save_attributions({f"m{i}": made(i) for i in range(50)})
    path = tmp_path / "store.duckdb"
    whole = path.read_bytes()
    rng, late = random.Random(0), 0
    for _ in range(10):
        data = bytearray(whole)
        for _ in range(2):  # more of them are found when the file is opened
            data[rng.randrange(12_288, len(data))] ^= 0xFF
        path.write_bytes(data)
        with Store.open(tmp_path) as store:
            said = ""
            try:
                store.save_attributions({"new": made(0)})
            except StoreError as error:
                said = str(error)
            if said:
                late += 1
                assert "Ask again" in said
                store.save_attributions({"new": made(0)})
                assert "Kept as" in store.warnings[0]  # the file, or the log that could not be read into it
            assert "new" in store.attributions(["new"])
    assert late > 0


def test_a_newer_schema_is_left_alone(tmp_path, made, monkeypatch):
    def m999_from_the_future(db):
        db.execute("CREATE TABLE hologram (hologram_id VARCHAR PRIMARY KEY)")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, m999_from_the_future))
        with Store.open(tmp_path) as store:
            store.save_attributions({"a": made(1)})
    before = (tmp_path / "store.duckdb").read_bytes()
    with pytest.raises(StoreTooNew, match="step 999"):
        Store.open(tmp_path)
    assert (tmp_path / "store.duckdb").read_bytes() == before
    assert names(tmp_path) == ["store.duckdb"]


def test_an_older_schema_is_brought_forward(tmp_path, made, monkeypatch):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1)})

    def m998_note(db):
        db.execute("ALTER TABLE run ADD COLUMN note VARCHAR")

    monkeypatch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, m998_note))
    for _ in range(2):
        with Store.open(tmp_path) as store, store._database.cursor() as db:
            assert "a" in store.attributions(["a"])
            assert db.execute("SELECT note FROM run").fetchall() == [(None,)]
            assert len(db.execute("SELECT * FROM _migration").fetchall()) == len(schema.MIGRATIONS)


def test_a_migration_that_fails_leaves_the_file_as_it_was(tmp_path, made, monkeypatch):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1)})

    def m998_wrong(db):
        db.execute("ALTER TABLE run ADD COLUMN note VARCHAR")
        raise RuntimeError("a bug")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, m998_wrong))
        with pytest.raises(RuntimeError):
            Store.open(tmp_path)
    with Store.open(tmp_path) as store:
        assert "a" in store.attributions(["a"])


def test_a_mistake_in_a_migration_sets_nothing_aside(tmp_path, made, monkeypatch):
    """Our mistake is not damage: the workspace stays, and another version opens it."""
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(0)})

    def m999_mistaken(db):
        db.execute("CREATE TABLE half (n INTEGER)")
        db.execute("SELECT no_such_column FROM model")

    with monkeypatch.context() as patch:
        patch.setattr(schema, "MIGRATIONS", (*schema.MIGRATIONS, m999_mistaken))
        with pytest.raises(StoreError, match="nothing was changed"):
            Store.open(tmp_path)
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        assert len(store.attributions(["a"])) == 1
    assert not [name for name in names(tmp_path) if "bad" in name]


@pytest.mark.parametrize("how", ["gone", "flipped", "short"])
def test_a_row_without_its_file_is_absent(tmp_path, made, how):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1), "b": made(2)})
        with store._database.cursor() as db:
            ((name,),) = db.execute("SELECT file FROM attribution_map WHERE run_id = 'a'").fetchall()
        path = tmp_path / "maps" / name
        data = path.read_bytes()
        if how == "gone":
            path.unlink()
        else:
            path.write_bytes(data[:-1] if how == "short" else data[:-1] + bytes([data[-1] ^ 1]))
        assert list(store.attributions(["a", "b"])) == ["b"]
        assert store.counts()["attribution_map"] == store.counts()["run"] == 1
        store.save_attributions({"a": made(1)})
        assert np.array_equal(store.attributions(["a"])["a"].raw, made(1).raw)


def test_a_full_disk_keeps_nothing_half(tmp_path, made, monkeypatch):
    def full(descriptor):
        raise OSError(errno.ENOSPC, "No space left on device", str(tmp_path))

    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1)})
        with monkeypatch.context() as patch:
            patch.setattr(os, "fsync", full)
            with pytest.raises(StoreError, match="disk is full") as caught:
                store.save_attributions({"b": made(2)})
        assert str(tmp_path) not in str(caught.value)
        assert list(store.attributions(["a", "b"])) == ["a"]
        assert len([p for p in (tmp_path / "maps").rglob("*") if p.is_file()]) == 1
        store.save_attributions({"b": made(2)})
        assert len(store.attributions(["a", "b"])) == 2


def test_a_full_disk_under_the_database(tmp_path, child, made):
    ran = child("""
        import resource
        with Store.open(workspace) as store:
            store.save_attributions({"a": made(1)})
            store.checkpoint()
            limit = (workspace / "store.duckdb").stat().st_size + 100_000
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            resource.setrlimit(resource.RLIMIT_FSIZE, (limit, hard))
            kept, said = [], []
            for i in range(200):
                try:
                    store.save_predictions("c", f"i{i}", [Prediction(0, "x" * 100_000, 0.1, 0.1)])
                    kept.append(f"i{i}")
                except StoreError as error:
                    said.append(str(error))
                    break
            try:
                store.checkpoint()
            except StoreError as error:
                said.append(str(error))
            resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
            assert all("disk is full" in s for s in said) and said, said
            assert str(workspace) not in str(said)
            store.save_predictions("c", "after room was made", [Prediction(0, "x", 0.1, 0.1)])
            assert len(store.predictions("c", kept)) == len(kept) > 0
        print(len(kept))
    """)
    out, errors = ran.communicate()
    assert ran.returncode == 0, errors
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        assert "a" in store.attributions(["a"])
        assert len(store.predictions("c", [f"i{i}" for i in range(int(out))])) == int(out)
        assert len(store.predictions("c", ["after room was made"])) == 1


def test_a_workspace_that_cannot_be_made(tmp_path):
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(StoreError, match="cannot be written"):
        Store.open(tmp_path / "file" / "workspace")


def test_compact_removes_what_no_row_names(tmp_path, made):
    with Store.open(tmp_path) as store:
        store.save_attributions({"a": made(1), "b": made(2)})
        store.save_attributions({"a": made(3)})
        assert store.compact() == 0  # too young to tell from one being saved
        for path in (tmp_path / "maps").rglob("*.npy"):
            os.utime(path, (0, 0))
        assert store.compact() == 1
        assert len(store.attributions(["a", "b"])) == 2
