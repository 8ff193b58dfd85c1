"""Loading by name and by file, importing, and what is said when that fails."""

import json
import urllib.error

import pytest
import torch
from safetensors.torch import load_file, save_file

from models import cards, catalogue, zoo
from models.architectures.cifar_resnet import CifarResNet
from models.architectures.registry import build
from models.cards import Card
from models.errors import (
    BadModelName,
    CheckpointMismatch,
    UnknownName,
    UnreadableCheckpoint,
    WeightsUnavailable,
    WrongInputSize,
)
from models.fingerprints import fingerprint
from models.preprocessing import CIFAR, Preprocessing

NAMES = ("cat", "dog", "fish")


@pytest.fixture
def weights(tmp_path):
    torch.manual_seed(0)
    path = tmp_path / "trained.pth"
    torch.save({"state_dict": {f"module.{k}": v for k, v in CifarResNet(20, 3).state_dict().items()}}, path)
    return path


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "models"


def brought(weights, folder, **changes):
    options = {"architecture": "resnet20_cifar", "classes": NAMES, "name": "pets", "folder": folder}
    return catalogue.import_model(weights, **options | changes)


def test_a_file_becomes_a_classifier(weights):
    found = catalogue.from_file(weights, "resnet20_cifar")
    assert found.class_names == ("class 0", "class 1", "class 2")
    assert found.default_tap == "layer3"
    assert found.head is not None
    assert found.head.pooled_tap == "layer3"
    assert found.preprocessing == CIFAR
    assert not found.module.training


def test_imported_and_loaded_again(weights, folder):
    entry = brought(weights, folder)
    assert (entry.name, entry.architecture, entry.source) == ("pets", "resnet20_cifar", "imported")
    assert catalogue.imported(folder) == [entry]
    found = catalogue.load("pets", imported=folder)
    assert found.class_names == NAMES
    assert found.fingerprint == catalogue.from_file(weights, "resnet20_cifar").fingerprint
    assert sorted(p.name for p in folder.iterdir()) == ["pets.json", "pets.safetensors"]


def test_preprocessing_can_be_edited_at_import(weights, folder):
    edited = Preprocessing((40, 40), 44, "bicubic", (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    brought(weights, folder, preprocessing=edited)
    found = catalogue.load("pets", imported=folder)
    assert found.preprocessing == edited
    assert found.tap().grid == (10, 10)
    assert found.fingerprint != catalogue.from_file(weights, "resnet20_cifar").fingerprint


@pytest.mark.parametrize(
    "name", ["../x", "a/b", "a\\b", "", ".", "..", ".hidden", "a\0b", "x" * 81, "con:", "a\n", "a."]
)
def test_names_that_are_no_file_names_are_refused(weights, folder, name):
    with pytest.raises(BadModelName, match="cannot be named"):
        brought(weights, folder, name=name)
    assert not folder.exists()


def test_a_name_is_taken_once(weights, folder):
    brought(weights, folder)
    with pytest.raises(BadModelName, match="already"):
        brought(weights, folder, name="PETS")


def test_a_class_list_of_the_wrong_length(weights, folder, tmp_path):
    (tmp_path / "classes.txt").write_text("cat\ndog\n")
    with pytest.raises(CheckpointMismatch, match=r"2 class names.*3 classes"):
        brought(weights, folder, classes=tmp_path / "classes.txt")
    assert not folder.exists()


def test_weights_of_another_architecture(weights):
    with pytest.raises(CheckpointMismatch, match=r"not of resnet32_cifar.*60 missing"):
        catalogue.from_file(weights, "resnet32_cifar")
    with pytest.raises(CheckpointMismatch, match=r"not of timm/resnet18"):
        catalogue.from_file(weights, "timm/resnet18")


def test_images_of_an_impossible_size(weights, folder):
    with pytest.raises(WrongInputSize, match="1 x 32 x 32"):
        brought(weights, folder, preprocessing=Preprocessing((32, 32), 32, mean=(0.5,), std=(0.5,)))
    assert not folder.exists()


@pytest.mark.parametrize("name", ["timm/vit_tiny_patch16_224", "torchvision/squeezenet1_1", "timm/resnet10t"])
def test_networks_of_the_zoos_are_imported_and_loaded_again(tmp_path, folder, name):
    torch.manual_seed(0)
    network = build(name, 3)
    torch.save({"model": network.state_dict()}, tmp_path / "trained.pt")
    brought(tmp_path / "trained.pt", folder, architecture=name.rpartition("/")[2] if "timm" not in name else name)
    found = catalogue.load("pets", imported=folder)
    assert found.architecture == name
    images = torch.randn(1, 3, *found.preprocessing.size)
    with torch.inference_mode():
        torch.testing.assert_close(found.module(images), network.eval()(images))


def test_a_size_that_a_token_model_cannot_take(tmp_path, folder):
    torch.save(build("timm/vit_tiny_patch16_224", 3).state_dict(), tmp_path / "trained.pt")
    for size in ((96, 96), (100, 90)):
        with pytest.raises((CheckpointMismatch, WrongInputSize)):
            brought(
                tmp_path / "trained.pt",
                folder,
                architecture="timm/vit_tiny_patch16_224",
                preprocessing=Preprocessing(size, 96),
            )


def test_changed_weights_are_noticed(weights, folder):
    brought(weights, folder)
    state = load_file(folder / "pets.safetensors")
    save_file(state | {"fc.bias": torch.ones(3)}, folder / "pets.safetensors")
    with pytest.raises(UnreadableCheckpoint, match="has changed"):
        catalogue.load("pets", imported=folder)


def test_one_damaged_card_hides_no_other(weights, folder):
    brought(weights, folder)
    brought(weights, folder, name="broken")
    (folder / "broken.json").write_text("{")
    assert [(e.name, "damaged" in e.summary) for e in catalogue.imported(folder)] == [("broken", True), ("pets", False)]
    with pytest.raises(UnreadableCheckpoint, match="damaged"):
        catalogue.load("broken", imported=folder)


def test_an_interrupted_import_leaves_nothing_to_see(weights, folder, monkeypatch):
    monkeypatch.setattr(cards, "write", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        brought(weights, folder)
    assert catalogue.imported(folder) == []


def test_an_unknown_name_tells_what_is_near(weights, folder):
    brought(weights, folder)
    with pytest.raises(UnknownName, match="pets"):
        catalogue.load("pet", imported=folder)
    with pytest.raises(UnknownName, match="timm/resnet18"):
        catalogue.load("timm/resnett18")
    with pytest.raises(UnknownName, match="torchvision/resnet18"):
        catalogue.load("torchvision/resnett18")
    with pytest.raises(UnknownName, match=r"resnet18\.a1_in1k"):
        catalogue.load("timm/resnet18.unheard_of")


def test_a_bundled_card_is_listed_and_loaded(tmp_path, monkeypatch):
    monkeypatch.setattr(catalogue, "ASSETS", tmp_path)
    card = Card(
        "tiny", "resnet20_cifar", NAMES, CIFAR, summary="a test", recipe="models.recipes.none", data="noise",
        seed=0, command="none", accuracy={"noise": 0.5}, licence="Apache-2.0",
    )  # fmt: skip
    stored = cards.store(card, CifarResNet(20, 3).state_dict(), tmp_path / "models")
    assert cards.read(tmp_path / "models" / "tiny.json") == stored
    assert [(e.name, e.source, e.licence) for e in catalogue.bundled()] == [("tiny", "bundled", "Apache-2.0")]
    assert catalogue.load("tiny").source == "bundled"
    values = json.loads((tmp_path / "models" / "tiny.json").read_text())
    assert values["accuracy"] == {"noise": 0.5}
    assert values["preprocessing"]["size"] == [32, 32]


@pytest.mark.parametrize("name", ["timm/resnet18.a1_in1k", "torchvision/resnet18"])
def test_without_a_network_it_is_said(name, monkeypatch, tmp_path):
    def unreachable(*_args, **_options):
        raise urllib.error.URLError("no route")

    monkeypatch.setattr(zoo.urllib.request, "urlopen", unreachable)
    monkeypatch.setattr(zoo, "_stored", lambda _: False)
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    with pytest.raises(WeightsUnavailable, match=r"must be fetched from https://.*no network.*import a file"):
        catalogue.load(name)


def test_a_failed_download_is_said(monkeypatch):
    monkeypatch.setattr(zoo, "_stored", lambda _: True)
    monkeypatch.setattr("timm.create_model", lambda *_a, **_o: (_ for _ in ()).throw(RuntimeError("cut off")))
    with pytest.raises(WeightsUnavailable, match="failed: cut off"):
        catalogue.load("timm/resnet18.a1_in1k")


def test_published_weights_come_with_their_names(monkeypatch):
    import timm

    make = timm.create_model
    monkeypatch.setattr(zoo, "_stored", lambda _: True)
    monkeypatch.setattr("timm.create_model", lambda name, pretrained: make(name, pretrained=False))
    found = catalogue.load("timm/mobilenetv3_small_050.lamb_in1k")
    assert found.source == "timm"
    assert len(set(found.class_names)) == 1000
    assert found.class_names[0] == "tench"
    assert found.preprocessing.interpolation == "bicubic"


def test_no_weights_are_published():
    with pytest.raises(WeightsUnavailable, match="publishes no weights"):
        catalogue.load("timm/vit_small_patch16_36x1_224")


def test_fingerprint_is_of_weights_architecture_and_preprocessing(weights):
    first, second = (catalogue.from_file(weights, "resnet20_cifar") for _ in range(2))
    assert first.fingerprint == second.fingerprint
    network = first.module
    other = Preprocessing((32, 32), 33)
    assert fingerprint("a", network, CIFAR) != fingerprint("b", network, CIFAR)
    assert fingerprint("a", network, CIFAR) != fingerprint("a", network, other)
    with torch.no_grad():
        network.get_parameter("layer3.2.conv2.weight")[0, 0, 0, 0] += 1e-6
    assert fingerprint("resnet20_cifar", network, CIFAR) != first.fingerprint


def test_any_module_can_be_wrapped():
    network = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.Flatten(), torch.nn.LazyLinear(2))
    network(torch.zeros(1, 3, 8, 8))
    found = catalogue.wrap(network.train(), name="mine", preprocessing=Preprocessing((8, 8), 8), class_names=["a", "b"])
    assert (found.default_tap, found.class_names) == ("0", ("a", "b"))
    assert network.training
