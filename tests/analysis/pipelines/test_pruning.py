"""Variants as jobs and as files: whole or not at all, the same bits again, out and in."""

import json
import zipfile
from pathlib import Path

import pytest
import torch

from analysis.errors import BadArchive, BadParameter, Cancelled, DataError, StoreError
from analysis.pipelines import generating, pruning, variant_files
from analysis.pipelines.work import run_here
from analysis.store.store import Store
from models import cards, catalogue, sparse_files
from models.errors import BadModelName, ModelError, UnknownName

BASE = "digits-cnn"


def _asked(**more: object) -> dict:
    return {"base": BASE, "method": "global_magnitude", "sparsities": [0.5, 0.9], "names": ["half", "tenth"], **more}


@pytest.fixture
def models(workspace: Path) -> Path:
    folder = workspace / "models"
    folder.mkdir(parents=True)
    return folder


def _made(workspace: Path, **more: object) -> dict:
    return pruning.compute(_asked(**more) | {"workspace": str(workspace)}, lambda fraction, message: None)


def test_a_job_makes_variants_that_open_like_any_model(workspace: Path, models: Path) -> None:
    with Store.open(workspace) as store:
        assert run_here(store, workspace, "prune", _asked()) == {"names": ["half", "tenth"]}
    base = catalogue.load(BASE)
    for name, sparsity in (("half", 0.5), ("tenth", 0.9)):
        found, card = catalogue.load(name, imported=models), catalogue.card(name, models)
        assert card is not None
        assert (card.parent, card.parent_id) == (BASE, base.fingerprint)
        assert card.model_id == found.fingerprint
        assert variant_files.recipe_of(card).sparsity == sparsity
        assert found.class_names == base.class_names
        weights = torch.cat(
            [m.weight.flatten() for m in found.module.modules() if hasattr(m, "weight") and m.weight.ndim > 1]
        )
        assert float((weights == 0).float().mean()) == pytest.approx(sparsity, abs=0.001)
    sizes = [(models / f"{name}.safetensors").stat().st_size for name in ("half", "tenth")]
    dense = cards.weights_of(catalogue.ASSETS / "models" / f"{BASE}.json").stat().st_size
    assert sizes[1] < 0.2 * dense < sizes[0] < 0.6 * dense


def test_what_is_there_is_not_made_again_and_another_recipe_may_not_take_its_name(
    workspace: Path, models: Path
) -> None:
    _made(workspace)
    before = (models / "half.safetensors").stat().st_mtime_ns
    _made(workspace)
    assert (models / "half.safetensors").stat().st_mtime_ns == before
    with pytest.raises(BadModelName, match="named 'half' already"):
        _made(workspace, method="random")
    with pytest.raises(BadModelName, match=f"named '{BASE}' already"):
        _made(workspace, names=[BASE, "other"])
    with pytest.raises(DataError, match="as many different names"):
        _made(workspace, names=["same", "Same"])
    assert {p.stem for p in models.glob("*.json")} == {"half", "tenth"}


def test_names_say_what_is_unusual() -> None:
    base = catalogue.load(BASE)
    wish = {"method": "global_magnitude", "sparsities": [0.8]}
    for more, name in (
        ({}, "digits-cnn-global-magnitude-80"),
        ({"scope": "erk"}, "digits-cnn-global-magnitude-80-erk"),
        ({"granularity": "channel", "rounds": 3}, "digits-cnn-global-magnitude-80-channel-3rounds"),
        ({"granularity": "2:4", "sparsities": [0.5]}, "digits-cnn-global-magnitude-50-2of4"),
        ({"tuning": {"epochs": 1}, "sparsities": [0.955]}, "digits-cnn-global-magnitude-95.5-tuned"),
    ):
        (recipe,) = pruning.asked(base, wish | more)
        assert pruning.usual_name(recipe) == name


def test_cancelled_in_the_middle_nothing_half_is_left(workspace: Path, models: Path, digits: str) -> None:
    def stop(fraction: float, message: str) -> None:
        if "epoch" in message and fraction > 0.5:
            raise Cancelled("stopped")

    asked = _asked(sparsities=[0.9], names=["rounds"], rounds=3, tuning={"epochs": 1}, data=digits)
    with pytest.raises(Cancelled):
        pruning.compute(asked | {"workspace": str(workspace)}, stop)
    assert list(models.iterdir()) == []


def _generated(workspace: Path, kind: str, **params: int) -> str:
    asked = {"workspace": str(workspace), "kind": kind, "name": kind, "params": params}
    return generating.compute(asked, lambda *_: None)["dataset_id"]


@pytest.fixture
def digits(workspace: Path) -> str:
    """scikit-learn's digits in the workspace: the id."""
    return _generated(workspace, "digits")


def test_a_recipe_with_data_gives_the_same_bits_again(workspace: Path, models: Path, digits: str) -> None:
    more = {"data": digits, "recalibrate": 200, "tuning": {"epochs": 1}, "sparsities": [0.8]}
    _made(workspace, names=["first"], **more)
    card = catalogue.card("first", models)
    assert card is not None
    again = variant_files.wish(variant_files.recipe_of(card))
    assert again.pop("data_name") == "digits"
    _made(workspace, **again | {"names": ["second"], "data": digits})
    second = catalogue.card("second", models)
    assert second is not None
    assert second.model_id == card.model_id
    assert second.digest == card.digest


def test_data_of_other_classes_are_refused(workspace: Path, models: Path) -> None:
    shapes = _generated(workspace, "shapes", count=30)
    with pytest.raises(DataError, match="no labelled image of a class that digits-cnn knows"):
        _made(workspace, data=shapes, recalibrate=10)
    with pytest.raises(BadParameter, match="none were given"):
        _made(workspace, recalibrate=10)


def test_a_full_disk_leaves_nothing(workspace: Path, models: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(state: object, path: Path, *, pack: bool = True) -> None:
        path.write_bytes(b"half of it")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(sparse_files, "save", full)
    with pytest.raises(StoreError, match="full"):
        _made(workspace)
    assert list(models.iterdir()) == []


@pytest.mark.parametrize("dense", [False, True])
def test_out_and_in_again(workspace: Path, models: Path, tmp_path: Path, dense: bool) -> None:
    _made(workspace)
    archive = tmp_path / "e.zip"
    archive.write_bytes(variant_files.exported("tenth", models, dense=dense))
    with pytest.raises(BadModelName, match="already"):
        variant_files.imported_again(archive, models)
    card = variant_files.imported_again(archive, models, "back")
    before = catalogue.card("tenth", models)
    assert before is not None
    assert (card.name, card.model_id, card.variant, card.parent) == ("back", before.model_id, before.variant, BASE)
    assert catalogue.load("back", imported=models).fingerprint == before.model_id
    with zipfile.ZipFile(archive) as opened:
        assert opened.namelist() == ["tenth.safetensors", "tenth.json"]
        assert json.loads(opened.read("tenth.json"))["variant"]["sparsity"] == 0.9
    if dense:
        from safetensors.torch import load

        with zipfile.ZipFile(archive) as opened:
            assert set(load(opened.read("tenth.safetensors"))) == set(catalogue.load(BASE).module.state_dict())


def test_archives_that_are_no_model(models: Path, tmp_path: Path) -> None:
    (tmp_path / "text.zip").write_text("no archive")
    with zipfile.ZipFile(tmp_path / "other.zip", "w") as opened:
        opened.writestr("../evil.json", "{}")
    for name, said in (("text.zip", "no zip archive"), ("other.zip", "no exported model")):
        with pytest.raises(BadArchive, match=said):
            variant_files.imported_again(tmp_path / name, models)
    assert list(models.iterdir()) == []


def test_another_checkpoint_is_declared_a_variant(workspace: Path, models: Path) -> None:
    shipped = catalogue.ASSETS / "models" / f"{BASE}.safetensors"
    for name in ("mine", "finer"):
        catalogue.import_model(shipped, architecture="cnn_digits", classes=None, name=name, folder=models)
    card = variant_files.declared("mine", BASE, models)
    assert (card.parent, card.parent_id) == (BASE, catalogue.load(BASE).fingerprint)
    variant_files.declared("finer", "mine", models)
    with pytest.raises(BadModelName, match="made from it"):
        variant_files.declared("mine", "finer", models)
    with pytest.raises(UnknownName):
        variant_files.declared("nobody", BASE, models)
    with pytest.raises(ModelError, match="no recipe"):
        variant_files.recipe_of(card)
    assert variant_files.declared("mine", "", models).parent == ""
    _made(workspace)
    with pytest.raises(BadModelName, match="its card says how"):
        variant_files.declared("half", "mine", models)
