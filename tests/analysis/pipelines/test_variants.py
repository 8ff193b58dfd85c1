"""Families from cards: listed without opening a network, whatever one of the cards looks like."""

import json
import subprocess
import sys
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets.importing import import_dataset
from analysis.datasets.layout import SAMPLES
from analysis.pipelines.variants import Member, families, family_of, members
from analysis.records import Measures, ModelRecord, Speed
from analysis.store import Store
from models import cards
from models.catalogue import ASSETS
from models.profiles import LayerProfile, Profile
from models.variant import VariantRecipe

PROFILE = Profile(10, 6, 8, 4, 80, 40, 17, (LayerProfile("conv", "Conv2d", (2, 1, 2, 2), 8, 4, 80),))
NOW = datetime(2026, 11, 21, tzinfo=UTC)


def member(name: str, parent: str = "", parent_id: str = "", model_id: str = "") -> Member:
    return Member(name, model_id, "a", "imported", "", parent, parent_id, None, (), None, (), ())


def put(folder: Path, name: str, **changes) -> None:
    """A card with weights beside it that nothing opens."""
    folder.mkdir(parents=True, exist_ok=True)
    card = replace(
        cards.read(ASSETS / "models" / "digits-cnn.json"),
        **{"accuracy": {}, "model_id": "", "profile": None, **changes},
        name=name,
    )
    (folder / f"{name}.safetensors").write_bytes(b"")
    cards.write(card, folder / f"{name}.json")


def own(found: list[Member]) -> dict[str, Member]:
    return {each.name: each for each in found if each.source == "imported"}


def test_a_card_says_it_all(tmp_path):
    recipe = VariantRecipe("digits-cnn", "b", "lamp", 0.5, params={"seed": 3}, levels=(0.2, 0.5))
    said = {
        "accuracy": 0.9,
        "ece": 0.1,
        "agreement": 0.8,
        "cka": 0.7,
        "delta_logit": 1.5,
        "changed": 20,
        "samples": 100,
    }
    put(
        tmp_path,
        "half",
        model_id="v",
        parent="digits-cnn",
        parent_id="b",
        accuracy={"digits": 0.91, "mine": 0.9},
        variant=recipe.to_json(),
        profile=PROFILE.to_json(),
        measures={"mine": said},
    )
    half = own(members(None, tmp_path))["half"]
    assert (half.recipe, half.profile, half.parent, half.model_id) == (recipe, PROFILE, "digits-cnn", "v")
    assert half.measures == (
        Measures("v", "digits", accuracy=0.91),
        Measures("v", "mine", "", 100, 0.9, 0.1, "b", 0.8, 0.7, 1.5, 20),
    )


def test_the_workspace_adds_what_it_measured(tmp_path):
    put(tmp_path / "models", "half", accuracy={"mine": 0.9})
    with Store.open(tmp_path / "ws") as store:
        np.savez(tmp_path / "mine.npz", x=np.zeros((4, 8, 8, 1), np.uint8), y=np.arange(4))
        record = import_dataset(tmp_path / "mine.npz", tmp_path / "ws" / "datasets", "mine")
        store.save_dataset(record, tmp_path / "ws" / "datasets" / record.dataset_id / SAMPLES)
        store.save_model(ModelRecord("v", "half", "digits_cnn", "imported", 10, NOW))
        store.save_model(ModelRecord("f", "half", "digits_cnn", "file half.pt", 10, NOW))
        measured = Measures("v", record.name, record.dataset_id, 300, 0.7)
        speed = Speed("v", "a processor", 64, 1.0, 100.0, NOW)
        store.save_measures([measured])
        store.save_speed(speed)
        store.save_profile("v", PROFILE)
        half = own(members(store, tmp_path / "models"))["half"]
    assert half.model_id == "v", "the card of an earlier version has no fingerprint, but the model was used"
    assert half.measures == (measured, Measures("v", "mine", accuracy=0.9))
    assert (half.speeds, half.profile) == ((speed,), PROFILE)


@pytest.mark.parametrize(
    "damage",
    [b"{", b"[]", b'{"name": "bad"}', {"accuracy": 5}, {"measures": [1]}, {"measures": {"a": 3}}],
    ids=["cut", "list", "little", "accuracy", "measures", "measure"],
)
def test_a_damaged_card_hides_no_other(tmp_path, damage):
    put(tmp_path, "bad")
    put(tmp_path, "good")
    card = tmp_path / "bad.json"
    card.write_bytes(
        damage if isinstance(damage, bytes) else json.dumps(json.loads(card.read_text()) | damage).encode()
    )
    found = own(members(None, tmp_path))
    assert [*found] == ["bad", "good"]
    assert found["bad"].damaged
    assert found["bad"].summary == "The model card bad.json is damaged."
    assert not found["good"].damaged


@pytest.mark.parametrize("part", ["variant", "profile"])
def test_a_part_that_cannot_be_read_is_left_out(tmp_path, part):
    put(tmp_path, "odd", **{part: {"method": 3, "levels": 5}})
    odd = own(members(None, tmp_path))["odd"]
    assert not odd.damaged
    assert (odd.recipe, odd.profile) == (None, None)


def test_a_model_that_a_bundled_one_hides_is_listed_once(tmp_path):
    put(tmp_path, "shapes-cnn")
    assert [m.source for m in members(None, tmp_path) if m.name == "shapes-cnn"] == ["bundled"]


def test_a_family_is_a_tree_of_variants_of_variants():
    found = [member("c", "b"), member("b", "a"), member("a"), member("d", "a"), member("x")]
    tree = family_of(found, "a")
    assert [(depth, each.name) for depth, each in tree.walk()] == [(0, "a"), (1, "b"), (2, "c"), (1, "d")]
    assert tree.member == found[2]


def test_a_fingerprint_says_more_of_a_parent_than_a_name():
    found = [member("new name", model_id="b"), member("v", "old name", "b"), member("w", "new name", "another")]
    assert [t.name for t in family_of(found, "new name").children] == ["v", "w"]
    twins = [member("one", model_id="b"), member("two", model_id="b"), member("v", "two", "b")]
    assert [t.name for t in family_of(twins, "two").children] == ["v"], "of equals, the one that is named"
    assert family_of(twins, "one").children == ()


def test_a_variant_of_a_published_model_has_a_parent_that_is_not_here():
    found = [member("v", "torchvision/resnet18"), member("a")]
    trees = families(found)
    assert [(t.name, t.member is None, len(t.children)) for t in trees] == [
        ("a", False, 0),
        ("torchvision/resnet18", True, 1),
    ]


def test_cards_that_name_each_other_do_not_go_in_circles():
    found = [member("a", "b"), member("b", "a"), member("s", "s"), member("x")]
    assert [each.name for _, each in family_of(found, "a").walk()] == ["a", "b"]
    assert sorted(each.name for tree in families(found) for _, each in tree.walk()) == ["a", "b", "s", "x"]


def test_sixty_models_are_listed_at_once(tmp_path):
    layers = tuple(LayerProfile(f"layer{i}", "Conv2d", (64, 64, 3, 3), 36864, 18432, 10**6) for i in range(22))
    said = {where: {"accuracy": 0.9, "ece": 0.1, "agreement": 0.8} for where in ("one", "two")}
    for number in range(60):
        profile = replace(PROFILE, layers=layers).to_json()
        put(tmp_path / "models", f"variant {number}", parent="digits-cnn", profile=profile, measures=said)
    with Store.open(tmp_path / "ws") as store:
        seconds = []
        for _ in range(5):
            start = time.process_time()  # other work on the machine is not counted
            found = members(store, tmp_path / "models")
            families(found)
            seconds.append(time.process_time() - start)
    assert len(own(found)) == 60
    assert min(seconds) < 0.1, seconds


def test_importing_it_costs_no_torch():
    code = "import sys, analysis.pipelines.variants; print('torch' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "False"
