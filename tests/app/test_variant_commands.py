"""Variants from the command line, as a user types it."""

import json
import zipfile
from pathlib import Path

import pytest

from models import catalogue
from tests.app.typed import answered, cutaway

BASE = "digits-cnn"


def complaint(capsys: pytest.CaptureFixture[str], *words: object) -> str:
    capsys.readouterr()
    assert cutaway(*words) != 0
    return " ".join(capsys.readouterr().err.split())


def test_prune_names_and_keeps_one_variant_for_each_sparsity(capsys, workspace) -> None:
    made = answered(capsys, "prune", BASE, "--method", "lamp", "--sparsity", "0.5", "--sparsity", "0.9")["variants"]
    assert [v["name"] for v in made] == ["digits-cnn-lamp-50", "digits-cnn-lamp-90"]
    assert [v["variant"]["sparsity"] for v in made] == [0.5, 0.9]
    for each in made:
        assert each["profile"]["zeros"] / each["profile"]["weights"] == pytest.approx(
            each["variant"]["sparsity"], abs=1e-3
        )
        assert catalogue.load(each["name"], imported=workspace / "models").fingerprint == each["model_id"]
    assert cutaway("prune", BASE, "--method", "lamp", "--sparsity", "0.5", "--name", "mine", "--scope", "layer") == 0
    out = capsys.readouterr().out
    assert "mine: LAMP of digits-cnn, 50 % of the weights zero" in out
    assert "50.0" in out


def test_a_name_that_another_model_has_is_numbered(capsys) -> None:
    words = ("prune", BASE, "--method", "random", "--sparsity", "0.5")
    for seed, name in ((0, "digits-cnn-random-50"), (1, "digits-cnn-random-50-2"), (0, "digits-cnn-random-50")):
        assert [v["name"] for v in answered(capsys, *words, "--seed", seed)["variants"]] == [name]


def test_a_card_makes_its_variant_again(capsys, tmp_path: Path) -> None:
    first = answered(capsys, "prune", BASE, "--method", "random", "--sparsity", "0.7", "--seed", "5", "--rounds", "2")
    (name,) = (v["name"] for v in first["variants"])
    assert cutaway("export-model", name, "--out", tmp_path / "e.zip") == 0
    with zipfile.ZipFile(tmp_path / "e.zip") as opened:
        opened.extract(f"{name}.json", tmp_path)
    again = answered(capsys, "prune", "--recipe", tmp_path / f"{name}.json", "--name", "again")
    assert again["variants"][0]["digest"] == first["variants"][0]["digest"]
    assert answered(capsys, "import-model", tmp_path / "e.zip", "--name", "back")["name"] == "back"
    card = json.loads((tmp_path / f"{name}.json").read_text())
    card["variant"]["base_id"] = "another"
    (tmp_path / "other.json").write_text(json.dumps(card))
    words = ("prune", "--recipe", tmp_path / "other.json", "--name", "never")
    assert "the weights of 'digits-cnn' are not those that it names" in complaint(capsys, *words)


def test_the_command_in_a_card_makes_it_too(capsys, tmp_path: Path) -> None:
    first = answered(capsys, "prune", BASE, "--method", "random", "--sparsity", "0.7", "--rounds", "2")["variants"][0]
    words = first["command"].removeprefix("cutaway ").replace('"', "").split()
    words[words.index(first["name"])] = "twice"
    assert answered(capsys, *words)["variants"][0]["digest"] == first["digest"]


def test_a_grid_goes_on_where_a_method_cannot(capsys) -> None:
    asked = ("--methods", "random,snip,nonsense", "--sparsities", "0.5,0.8")
    found = answered(capsys, "prune-grid", BASE, *asked)
    assert [v["name"] for v in found["variants"]] == ["digits-cnn-random-50", "digits-cnn-random-80"]
    assert "none were given" in found["refused"]["snip"]
    assert "no pruning method named 'nonsense'" in found["refused"]["nonsense"]


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--method", "lamp", "--sparsity", "90"), "Did you mean 0.9?"),
        (("--method", "lamp", "--sparsity", "0"), "above 0 and below 1"),
        (("--method", "lamp", "--sparsity", "1.2"), "above 0 and below 1"),
        (("--method", "lamp", "--sparsity", "many"), "got 'many'"),
        (("--method", "lamp"), "say at least one sparsity"),
        (("--method", "snip", "--sparsity", "0.5"), "Choose a dataset"),
        (("--method", "lamps", "--sparsity", "0.5"), "Did you mean: lamp"),
        (("--method", "lamp", "--sparsity", "0.5", "--name", BASE), "named 'digits-cnn' already"),
        (("--method", "lamp", "--sparsity", "0.5", "--param", "a"), "not NAME=VALUE"),
        (("--method", "lamp", "--sparsity", "0.5", "--param", "a=1"), "no parameter 'a'"),
        (("--sparsity", "0.5"), "say a MODEL and its --method"),
        (("--method", "lamp", "--method", "random", "--sparsity", "0.5"), "one method at a time"),
    ],
)
def test_mistakes_are_told_and_nothing_is_kept(capsys, workspace, words, said) -> None:
    assert said in complaint(capsys, "prune", BASE, *words)
    assert not list((workspace / "models").glob("*"))


def test_an_imported_checkpoint_is_declared_a_variant(capsys, workspace) -> None:
    weights = catalogue.ASSETS / "models" / f"{BASE}.safetensors"
    words = ("import-model", weights, "--arch", "cnn_digits", "--name", "mine")
    assert "no classifier named 'nobody'" in complaint(capsys, *words, "--parent", "nobody")
    assert not list((workspace / "models").glob("*"))
    assert cutaway(*words, "--parent", BASE) == 0
    card = catalogue.card("mine", workspace / "models")
    assert card is not None
    assert card.parent == BASE
    assert "say its --arch" in complaint(capsys, "import-model", weights)
