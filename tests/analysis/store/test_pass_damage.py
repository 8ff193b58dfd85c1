"""A process that ends, or a disk that is full, while a dataset or a pass is taken: all of it is there, or nothing."""

import random
import signal
import subprocess
import textwrap
from pathlib import Path

import pytest

from analysis.errors import StoreError
from analysis.records import Filter
from analysis.store import Store

_WORLD = """
import json, os, resource
from analysis.records import Filter
import importlib.util
found = importlib.util.spec_from_file_location("made_here", sys.argv[2])
made_here = importlib.util.module_from_spec(found)
sys.modules["made_here"] = made_here
found.loader.exec_module(made_here)
folder = workspace / "made"
folder.mkdir(exist_ok=True)
world = made_here.World(folder)
"""
SIZE = 20_000


@pytest.fixture
def started(child):
    """A child that has a World at hand."""
    conftest = Path(__file__).with_name("conftest.py")
    return lambda code: child(_WORLD + textwrap.dedent(code), str(conftest))


@pytest.mark.parametrize("seed", range(3))
def test_killed_while_passes_are_taken(tmp_path, started, seed):
    writer = started(f"""
        record, path, samples = world.dataset({SIZE})
        made = [world.results(record, samples["label"].to_numpy(), seed=s) for s in range(3)]
        with Store.open(workspace) as store:
            store.save_dataset(record, path)
            print("begin", flush=True)
            for i in range(10_000):
                found, parts, _ = made[i % 3]
                store.save_pass(found, parts)
                print(found.pass_id, flush=True)
                if i % 4 == 3:
                    store.checkpoint()
                if i % 5 == 4:
                    store.delete_pass(made[(i + 1) % 3][0].pass_id)
    """)
    assert writer.stdout.readline() == "begin\n"
    chance = random.Random(seed)
    for _ in range(chance.randrange(1, 8)):
        writer.stdout.readline()
    try:  # somewhere in the next one
        writer.wait(timeout=chance.uniform(0.0, 0.2))
    except subprocess.TimeoutExpired:
        writer.send_signal(signal.SIGKILL)
    writer.communicate()
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        (dataset,) = store.datasets()
        assert store.counts()["sample"] == SIZE
        assert store.counts()["sample_result"] == SIZE * len(store.passes())
        assert not [said for said in store.check() if "gone" not in said and "lost its features" not in said]
        for record in store.passes():
            assert store.count(Filter(dataset.dataset_id, record.pass_id, predictions=(0, 1, 2, 3))) == SIZE


def test_killed_while_a_dataset_is_taken(tmp_path, started):
    writer = started(f"""
        record, path, samples = world.dataset({SIZE})
        with Store.open(workspace) as store:
            store.save_dataset(record, path)
            print("kept", flush=True)
            while True:
                store.delete_dataset(record.dataset_id)
                store.save_dataset(record, path)
    """)
    assert writer.stdout.readline() == "kept\n"
    try:
        writer.wait(timeout=0.3)
    except subprocess.TimeoutExpired:
        writer.send_signal(signal.SIGKILL)
    writer.communicate()
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        assert store.counts()["sample"] == SIZE * len(store.datasets())


def test_a_full_disk_while_a_pass_is_taken(tmp_path, started):
    ran = started(f"""
        record, path, samples = world.dataset({SIZE})
        first, second = (world.results(record, samples["label"].to_numpy(), seed=s) for s in (0, 1))
        with Store.open(workspace) as store:
            store.save_dataset(record, path)
            store.save_pass(*first[:2])
            store.checkpoint()
            hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            refused = 0
            for room in (0, 10_000, 300_000):
                resource.setrlimit(resource.RLIMIT_FSIZE, ((workspace / "store.duckdb").stat().st_size + room, hard))
                try:
                    store.save_pass(*second[:2])
                    store.checkpoint()
                except StoreError as error:
                    refused += 1
                    assert "disk is full" in str(error) and str(workspace) not in str(error), str(error)
                resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))
                said = [p.pass_id for p in store.passes()]
                assert store.count(Filter(record.dataset_id, "pass0", predictions=(0, 1, 2, 3))) == {SIZE}
                assert store.counts()["sample_result"] == {SIZE} * len(said), said
                store.delete_pass("pass1")
                store.checkpoint()
            store.save_pass(*second[:2])
            assert store.counts()["sample_result"] == 2 * {SIZE}
        print("well", refused)
    """)
    out, errors = ran.communicate()
    assert ran.returncode == 0, errors
    assert out == "well 3\n"
    with Store.open(tmp_path) as store:
        assert store.warnings == ()
        assert store.counts()["sample_result"] == 2 * SIZE


def test_a_folder_that_cannot_be_written_is_told_at_export(tmp_path, world):
    (tmp_path / "file").write_text("not a folder")
    with Store.open(tmp_path / "w") as store:
        world.fill(store)
        with pytest.raises(StoreError, match="folder cannot be written") as caught:
            store.export_to(tmp_path / "file" / "out")
        assert str(tmp_path) not in str(caught.value)
        with pytest.raises(StoreError):
            store.export_to(tmp_path / "w" / "store.duckdb" / "x")
