"""The job kind "import": files to a dataset of the workspace and its store."""

import io
import os
import time
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.opened import OpenDataset
from analysis.errors import BadName, Cancelled, DataError
from analysis.pipelines.importing import compute, finish, remove_stale_uploads
from analysis.store.store import Store
from analysis.types import silent


def archive(path: Path, shift: int = 0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    with zipfile.ZipFile(path, "w") as packed:
        for i in range(4):
            buffer = io.BytesIO()
            Image.fromarray(np.full((5, 5, 3), 10 * i + shift, np.uint8)).save(buffer, "PNG")
            packed.writestr(f"{'ab'[i % 2]}/{i}.png", buffer.getvalue())
    return path


def run(store: Store, workspace: Path, **arguments: object) -> dict:
    result = compute({**arguments, "workspace": str(workspace)}, silent)
    return finish(store, workspace, arguments, result)


def test_it_is_in_the_store_and_on_disk(workspace, tmp_path):
    with Store.open(workspace) as store:
        done = run(store, workspace, source=str(archive(tmp_path / "pets.zip")), name="pets")
        record = store.dataset("pets")
        assert record.dataset_id == done["dataset_id"]
        assert (record.size, record.class_names, record.source) == (4, ("a", "b"), "pets.zip")
        assert store.class_counts(record.dataset_id) == {0: 2, 1: 2}
    assert len(OpenDataset.open(workspace / "datasets" / record.dataset_id)) == 4


def test_the_same_again_changes_nothing_but_the_name(workspace, tmp_path):
    with Store.open(workspace) as store:
        first = run(store, workspace, source=str(archive(tmp_path / "pets.zip")), name="pets")
        assert run(store, workspace, source=str(tmp_path / "pets.zip"), name="pets") == first
        run(store, workspace, source=str(tmp_path / "pets.zip"), name="animals")
        assert [d.name for d in store.datasets()] == ["animals"]


def test_a_name_that_is_taken_leaves_nothing(workspace, tmp_path):
    with Store.open(workspace) as store:
        first = run(store, workspace, source=str(archive(tmp_path / "pets.zip")), name="pets")
        with pytest.raises(BadName):
            run(store, workspace, source=str(archive(tmp_path / "more.zip", shift=1)), name="pets")
        assert [p.name for p in (workspace / "datasets").iterdir()] == [first["dataset_id"]]
        assert len(store.datasets()) == 1


def test_an_upload_is_called_by_its_own_name_and_removed_once_imported(workspace, tmp_path):
    path = archive(workspace / "incoming" / "0af3.zip")
    arguments = {"source": str(path), "name": "pets", "uploaded": True, "called": "my pets.zip"}
    with Store.open(workspace) as store:
        run(store, workspace, **arguments)
        assert store.dataset("pets").source == "my pets.zip"
    assert not path.exists()


def test_an_upload_that_cannot_be_imported_is_named_as_the_user_does(workspace):
    path = workspace / "incoming" / "0af3.zip"
    path.parent.mkdir(parents=True)
    path.write_bytes(b"PK\x03\x04 and no more")
    given = {"source": str(path), "name": "pets", "uploaded": True, "called": "my pets.zip"}
    with pytest.raises(DataError, match=r"^'my pets\.zip' is cut short"):
        compute({**given, "workspace": str(workspace)}, silent)
    assert path.exists()  # for another try


def test_only_what_was_uploaded_is_removed(workspace, tmp_path):
    """Whatever the arguments say: a path on the server stays, and so does what a link in the folder points to."""
    mine = archive(tmp_path / "mine.zip")
    with Store.open(workspace) as store:
        run(store, workspace, source=str(mine), name="pets", uploaded=True)
        link = workspace / "incoming" / "link.zip"
        link.parent.mkdir(parents=True, exist_ok=True)
        link.symlink_to(mine)
        run(store, workspace, source=str(link), name="pets", uploaded=True)
    assert mine.exists()


def test_uploads_that_nobody_imports_go_after_days(workspace):
    incoming = workspace / "incoming"
    old, young, laid = (archive(incoming / f"{name}.zip") for name in ("0" * 32, "1" * 32, "laid there by hand"))
    for path in (old, laid):
        os.utime(path, (time.time() - 4 * 24 * 3600,) * 2)
    assert remove_stale_uploads(workspace) == 1
    assert not old.exists()
    assert young.exists()
    assert laid.exists()


def test_an_upload_that_is_gone_because_it_was_imported_is_not_missed(workspace):
    """Killed between the store's commit and the journal's: the job is done again."""
    upload = archive(workspace / "incoming" / f"{'2' * 32}.zip")
    arguments = {"workspace": str(workspace), "source": str(upload), "name": "a", "uploaded": True}
    with Store.open(workspace) as store:
        first = finish(store, workspace, arguments, compute(arguments, silent))
        assert not upload.exists()
        assert finish(store, workspace, arguments, compute(arguments, silent)) == first
        assert [d.name for d in store.datasets()] == ["a"]


def test_options_reach_the_import(workspace, tmp_path):
    np.savez(tmp_path / "a.npz", one=np.zeros((3, 4, 4), np.uint8), two=np.ones((3, 4, 4), np.uint8), t=np.arange(3))
    given = {
        "image_column": "two",
        "label_column": "t",
        "class_names": ["x", "y", "z"],
        "kind": "arrays",
        "masks": None,
    }
    with Store.open(workspace) as store:
        done = run(store, workspace, source=str(tmp_path / "a.npz"), name="a", **given)
        assert store.dataset("a").class_names == ("x", "y", "z")
    assert OpenDataset.open(workspace / "datasets" / done["dataset_id"]).pixels([0]).max() == 1


def test_cancelling_leaves_nothing(workspace, tmp_path):
    def report(fraction: float, message: str) -> None:
        raise Cancelled("stopped")

    given = {"source": str(archive(tmp_path / "pets.zip")), "name": "pets", "workspace": str(workspace)}
    with pytest.raises(Cancelled):
        compute(given, report)
    assert list((workspace / "datasets").iterdir()) == []
