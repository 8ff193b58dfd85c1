"""Whether a network was trained on images, as far as cards and datasets tell."""

import json
from pathlib import Path

import pytest

from analysis.datasets.generated import GENERATORS
from analysis.pipelines.seen_in_training import seen, told
from analysis.records import DatasetRecord


def generated(generator: str, **params: object) -> DatasetRecord:
    return record(generator, kind="generated", params=GENERATORS[generator].bound(params))


def record(source: str, **given: object) -> DatasetRecord:
    plain = {"dataset_id": "d" * 64, "name": source, "kind": "zip", "source": source, "class_names": ("cat", "dog")}
    counts = {"size": 300, "labelled": 300, "formats": {}, "image_sizes": {}}
    return DatasetRecord(**(plain | counts | given))  # pyright: ignore[reportArgumentType]


def card(folder: Path, name: str, **values: object) -> None:
    (folder / f"{name}.json").write_text(json.dumps({"name": name, **values}), "utf-8")


@pytest.mark.parametrize(
    ("dataset", "model", "what"),
    [
        (generated("shapes", count=300), "shapes-cnn", "trained on"),
        (generated("shapes", count=30_000), "shapes-cnn", "in part"),
        (generated("shapes", count=300, split="test"), "shapes-cnn", "not trained on"),
        (generated("shapes", count=300, seed=7), "shapes-cnn", "not trained on"),
        (generated("shapes", count=300, shortcut="corner"), "shapes-cnn", "not known"),
        (generated("shapes", count=300), "shapes-cnn-lrr-80", "trained on"),
        (generated("digits"), "digits-cnn", "trained on"),
        (generated("digits", split="test"), "digits-cnn", "not trained on"),
        (generated("digits", split="test", seed=3), "digits-cnn", "in part"),
        (generated("digits"), "shapes-cnn", "not trained on"),
        (record("photographs.zip"), "shapes-cnn", "not trained on"),
        (record("s.zip", class_names=("solid circle", "dog")), "shapes-cnn", "not known"),
        (record("cifar10-train.zip", size=50_000), "resnet20-cifar10", "trained on"),
        (record("cifar10-train.zip", size=500), "resnet20-cifar10", "not known"),
        (record("cifar10-test.zip"), "resnet20-cifar10", "not trained on"),
        (record("photographs.zip"), "resnet20-cifar10", "not known"),
        (generated("shapes"), "resnet50.a1_in1k", "not known"),
    ],
)
def test_what_a_network_has_seen(tmp_path, dataset, model, what):
    assert seen(dataset, model, tmp_path).what == what


def test_same_seed_and_split_are_the_same_images():
    """What the cases above take for granted."""
    few, many, other = (
        next(iter(GENERATORS["shapes"].function(**given))).images[:20]
        for given in ({"count": 20}, {"count": 200}, {"count": 20, "seed": 1})
    )
    assert (few == many).all()
    assert (few != other).any(axis=(1, 2, 3)).all()


def test_what_an_ancestor_has_seen_was_seen(tmp_path):
    card(tmp_path, "old", data="mine.zip: 300 images")
    card(
        tmp_path, "new", parent="old", data="yours.zip: 10 images", variant={"data": "e" * 64, "tuning": {"epochs": 2}}
    )
    assert seen(record("mine.zip"), "new", tmp_path).what == "trained on"
    assert seen(record("x", dataset_id="e" * 64), "new", tmp_path).why == "tuning was with them"
    assert seen(record("x", dataset_id="e" * 64), "old", tmp_path).what == "not known"


def test_a_damaged_or_strange_card_is_not_known(tmp_path):
    (tmp_path / "bad.json").write_text("[", "utf-8")
    card(tmp_path, "strange", data="shapes (count many)")
    for name in ("bad", "strange", "none"):
        assert seen(generated("shapes"), name, tmp_path).what == "not known"


def test_networks_of_which_the_same_holds_are_told_together(tmp_path):
    said = told(generated("shapes", split="test"), ["shapes-cnn", "shapes-vit", "none"], tmp_path)
    assert said == [
        "shapes-cnn and shapes-vit were not trained on these images: they are of the split 'test'.",
        "It is not known whether none was trained on these images: no card here says on which images.",
    ]
