"""Training by recipe: where the data come from, what is written, and what is refused."""

import io
import json
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.generated import generate
from analysis.errors import Cancelled, DataError
from analysis.pipelines import training
from analysis.pipelines.training import compute, finish, train
from analysis.pipelines.training_data import renumbered
from analysis.types import silent
from models import cards, catalogue
from models.errors import BadModelName, ModelError, UnknownName
from models.recipes import RECIPES
from models.recipes.making import Labelled

CIFAR = RECIPES["resnet20-cifar10"].class_names


@pytest.fixture
def digits(tmp_path: Path) -> Path:
    return tmp_path / "models"


def quick(out: Path, **more: Any) -> cards.Card:
    return train("digits-cnn", out=out, epochs=1, **more)


def archive(path: Path, names: tuple[str, ...], each: int, seed: int) -> Path:
    """A zip with one folder a class, of 32 x 32 PNG whose red says the class."""
    rng = np.random.default_rng(seed)
    with zipfile.ZipFile(path, "w") as file:
        for number, name in enumerate(names):
            for i in range(each):
                pixels = rng.integers(0, 40, (32, 32, 3)).astype(np.uint8)
                pixels[..., 0] += np.uint8(20 * number)
                buffer = io.BytesIO()
                Image.fromarray(pixels).save(buffer, "PNG")
                file.writestr(f"{name}/{i:03d}.png", buffer.getvalue())
    return path


def test_a_generated_recipe_writes_a_classifier(digits: Path) -> None:
    said: list[float] = []
    card = quick(digits, name="mine", seed=3, report=lambda fraction, _: said.append(fraction))
    assert (card.name, card.seed, card.architecture) == ("mine", 3, "cnn_digits")
    assert card.command == 'cutaway train digits-cnn --epochs 1 --seed 3 --name "mine"'
    assert card.data == "digits (split train)"
    assert "epochs 1," in card.recipe
    assert 0 <= card.accuracy["digits"] <= 1
    assert cards.read(digits / "mine.json") == card
    loaded = catalogue.load("mine", imported=digits)
    assert loaded.class_names == tuple("0123456789")
    assert said == sorted(said)
    assert 0.9 < said[-1] <= 1


def test_the_same_seed_gives_the_same_weights(digits: Path) -> None:
    first, second, other = quick(digits, name="a"), quick(digits, name="b"), quick(digits, name="c", seed=1)
    assert first.digest == second.digest != other.digest


def test_names_are_not_taken_away(digits: Path) -> None:
    """The bundled one would hide a second network of its name; an own one would be lost."""
    assert [quick(digits).name for _ in range(2)] == ["digits-cnn (2)", "digits-cnn (3)"]
    with pytest.raises(BadModelName, match="already"):
        quick(digits, name="digits-cnn")
    with pytest.raises(BadModelName):
        quick(digits, name="../out")


def test_the_users_archives(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """As the card of the bundled ResNet-20 says, with small files in place of CIFAR-10's."""
    small(monkeypatch, batch=20, peak_lr=0.05)
    data, test = archive(tmp_path / "train.zip", CIFAR, 6, 0), archive(tmp_path / "test.zip", CIFAR, 2, 1)
    rng = np.random.default_rng(2)
    np.savez(tmp_path / "more.npz", x=rng.integers(0, 255, (12, 32, 32, 3)).astype(np.uint8), y=np.arange(12) % 10)
    card = train("resnet20-cifar10", out=tmp_path / "out", data=data, tests=[test, tmp_path / "more.npz"], epochs=1)
    assert card.class_names == CIFAR
    assert set(card.accuracy) == {"test.zip", "more.npz"}
    assert card.data == "train.zip: 60 images"
    assert card.command.startswith("cutaway train resnet20-cifar10 --data train.zip --test test.zip --test more.npz")
    assert str(tmp_path) not in json.dumps(card.to_json())
    weights = next((tmp_path / "out").glob("*.safetensors"))
    assert cards.digest(weights) == card.digest


def test_a_test_set_with_some_of_the_classes_in_another_order() -> None:
    images = np.arange(5, dtype=np.uint8).reshape(5, 1, 1, 1)
    test = Labelled(images, np.array([0, 1, 2, 1, 0]), ("frog", "unknown", "cat"))
    found = renumbered(test, ("cat", "dog", "frog"), "test.zip")
    assert found.images.ravel().tolist() == [0, 2, 4]
    assert found.labels.tolist() == [2, 0, 2]
    assert found.class_names == ("cat", "dog", "frog")


def small(monkeypatch: pytest.MonkeyPatch, **settings: Any) -> None:
    """The recipe's network with settings that suit a few images."""
    from models.recipes import resnet20_cifar10

    changed = replace(resnet20_cifar10.RECIPE.settings, autocast=False, augmentation=(), **settings)
    monkeypatch.setattr(resnet20_cifar10, "RECIPE", replace(resnet20_cifar10.RECIPE, settings=changed))


def test_a_dataset_of_the_workspace(tmp_path: Path) -> None:
    """Another recipe's images, cropped and resized as its network wants them."""
    folder = tmp_path / "datasets"
    record = generate("blockdigits", folder, "blocks", {"count": 100})
    asked = {"recipe": "digits-cnn", "data": record.dataset_id, "tests": [record.dataset_id], "epochs": 1, "name": "b"}
    result = compute({**asked, "workspace": str(tmp_path)}, silent)
    assert result["name"] == "b"
    assert set(result["accuracy"]) == {"blocks"}
    assert cards.read(tmp_path / "models" / "b.json").data == "blocks: 100 images"
    assert finish(None, tmp_path, asked, result) == result  # type: ignore[arg-type]


@pytest.mark.parametrize("name", [None, "mine"])
def test_a_job_that_is_run_again_does_not_train_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str | None
) -> None:
    asked = {"recipe": "digits-cnn", "epochs": 1, "name": name, "workspace": str(tmp_path)}
    first = compute(asked, silent)
    assert compute({**asked, "seed": 1, "name": "other"}, silent)["name"] == "other"
    monkeypatch.setattr(training, "train", lambda *_, **__: pytest.fail("trained again"))
    assert compute(asked, silent) == first


def test_stopping_writes_nothing(digits: Path) -> None:
    def stop(fraction: float, _message: str) -> None:
        if fraction > 0:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        quick(digits, report=stop)
    assert not digits.exists()


@pytest.mark.parametrize(
    ("given", "error", "says"),
    [
        ({"recipe_name": "shapes-cn"}, UnknownName, "shapes-cnn"),
        ({"recipe_name": "resnet20-cifar10"}, DataError, "50,000"),
        ({"recipe_name": "resnet20-cifar10", "data": "there-is-none.zip"}, DataError, "there-is-none.zip"),
        ({"recipe_name": "resnet20-cifar10", "data": "wrong.zip"}, ModelError, "airplane"),
        ({"recipe_name": "digits-cnn", "tests": ["wrong.zip"]}, DataError, "none of the classes"),
    ],
)
def test_what_cannot_be_trained(tmp_path: Path, given: Mapping[str, Any], error: type[Exception], says: str) -> None:
    archive(tmp_path / "wrong.zip", ("fig", "gnu"), 3, 0)
    placed: dict[str, Any] = dict(given)
    if "data" in given:
        placed["data"] = tmp_path / given["data"]
    if "tests" in given:
        placed["tests"] = [tmp_path / test for test in given["tests"]]
    with pytest.raises(error, match=says):
        train(**placed, out=tmp_path / "out", epochs=1)
    assert not (tmp_path / "out").exists()
