"""The bundled family: its cards are true, and it can be made again."""

import json
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from analysis.datasets.generated import GENERATORS, joined
from analysis.errors import Cancelled, DataError
from analysis.pipelines import family, family_making
from analysis.pipelines.family import CIFAR, FAMILY, SHAPES, Variant
from analysis.pipelines.training import train
from analysis.pruning import PRUNERS
from analysis.pruning.layers import prunable, sparsity, weights_of
from models import cards, catalogue
from models.catalogue import ASSETS, load
from models.counting import profile
from models.errors import UnknownName
from models.recipes import RECIPES
from models.recipes.evaluation import accuracy
from models.variant import VariantRecipe

SHIPPED = ASSETS / "models"
SAMPLE = 360
FIGURES = {"accuracy", "ece", "agreement", "cka", "delta_logit", "changed", "samples"}
LOSSLESS = "cifar10_test_first1000_lossless.npz"


def card_of(name: str) -> cards.Card:
    return cards.read(SHIPPED / f"{name}.json")


def files_of_the_family() -> list[Path]:
    return [p for p in SHIPPED.iterdir() if p.stem in FAMILY]


@pytest.mark.parametrize("base", [CIFAR, SHAPES])
def test_it_tells_the_story(base: str) -> None:
    methods = {v.method for v in FAMILY.values() if v.base == base}
    assert methods >= {"random", "global_magnitude", "layer_magnitude", "snip", "fisher", "lth", "lrr", "gmp"}
    assert methods >= {"edge_popup", "biprop", "structured", "magnitude_tuned"}
    for method in ("random", "global_magnitude", "layer_magnitude", "snip", "fisher", "lrr"):
        assert {v.sparsity for v in FAMILY.values() if (v.base, v.method) == (base, method)} == {0.5, 0.8, 0.95}


def test_all_are_there_and_small() -> None:
    there = {e.name for e in catalogue.bundled()}
    assert set(FAMILY) <= there
    assert {name for name in there if card_of(name).parent} == set(FAMILY)
    assert sum(p.stat().st_size for p in files_of_the_family()) < 20_000_000


@pytest.mark.parametrize("name", FAMILY)
def test_what_the_card_says_of_the_weights(name: str) -> None:
    """Sparsity as the recipe says, within .1 %; the fingerprint, the parent's and the profile."""
    card, variant, base = card_of(name), FAMILY[name], bundled(FAMILY[name].base)
    recipe = VariantRecipe.from_json(card.variant or {})
    assert (card.parent, card.parent_id, recipe.base_id) == (variant.base, base.fingerprint, base.fingerprint)
    assert (recipe.method, recipe.sparsity) == (variant.method, variant.sparsity)
    assert recipe.levels == (variant.levels or (variant.sparsity,))
    assert recipe.tuning.epochs == variant.epochs
    assert recipe.recalibrate == variant.recalibrate
    assert recipe.params == PRUNERS[variant.method].bound(variant.params)
    assert recipe.data
    found = load(name)  # checks the digest of the weights
    assert found.fingerprint == card.model_id
    assert found.class_names == base.class_names
    assert card.profile == json.loads(json.dumps(profile(found).to_json()))
    if PRUNERS[variant.method].amount == "zeros":
        assert sparsity(weights_of(prunable(found.module))) == pytest.approx(variant.sparsity, abs=1e-3)
    else:
        count, whole = (sum(p.numel() for p in c.module.parameters()) for c in (found, base))
        assert count < (1 - variant.sparsity) * whole
    assert card.command.startswith(f"cutaway train {name}")
    assert "1 thread" in card.made_with


@pytest.mark.parametrize("name", FAMILY)
def test_every_test_of_the_base_is_measured(name: str) -> None:
    card, base = card_of(name), card_of(FAMILY[name].base)
    tests = [where for where in base.accuracy if "PGD" not in where]
    assert [*card.accuracy] == [*card.measures] == tests
    for where, figures in card.measures.items():
        assert set(figures) == FIGURES
        assert card.accuracy[where] == pytest.approx(figures["accuracy"], abs=5e-5)
        assert figures["agreement"] == pytest.approx(1 - figures["changed"] / figures["samples"], abs=1e-6)
        assert abs(figures["accuracy"] - base.accuracy[where]) <= figures["changed"] / figures["samples"] + 1e-4


def test_rewinding_keeps_what_one_cut_loses() -> None:
    """At 80 %: LRR within 1.5 points of the dense network, a cut without training far below."""
    for base in (CIFAR, SHAPES):
        dense, one_cut, lrr, chance = (
            next(iter(card_of(base + end).accuracy.values()))
            for end in ("", "-global-magnitude-95", "-lrr-80", "-random-95")
        )
        assert lrr > dense - 0.015
        assert one_cut < lrr - 0.1
        assert chance < 0.3


@cache
def bundled(name: str) -> Any:
    return load(name)


@cache
def shapes() -> tuple[np.ndarray, np.ndarray]:
    wanted = RECIPES[SHAPES].tests["shapes"]
    generator = GENERATORS[wanted.generator]
    data = joined(generator.function(**generator.bound(dict(wanted.params) | {"count": SAMPLE})))
    return data.images, data.labels


@pytest.mark.parametrize("end", ["snip-80", "lth-50", "gmp-95", "edge-popup-50", "structured-50"])
def test_a_sample_of_the_test_agrees_with_the_card(end: str) -> None:
    """To within four standard deviations of a sample, and one image for the rounding of another machine."""
    name = f"{SHAPES}-{end}"
    said = card_of(name).accuracy["shapes"]
    tolerance = 4 * np.sqrt(said * (1 - said) / SAMPLE) + 1 / SAMPLE
    assert accuracy(load(name).module, *shapes(), RECIPES[SHAPES].preprocessing) == pytest.approx(said, abs=tolerance)


@pytest.mark.parametrize("end", ["lrr-80", "fisher-50", "biprop-50"])
def test_the_lossless_images_agree_with_the_card(end: str, shared: Path) -> None:
    name = f"{CIFAR}-{end}"
    with np.load(shared / LOSSLESS) as arrays:
        found = accuracy(load(name).module, arrays["x"], arrays["y"], RECIPES[CIFAR].preprocessing)
    assert found == pytest.approx(card_of(name).accuracy[LOSSLESS], abs=0.002)


# ------------------------------------------------------------------------------------------------------ made again


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> str:
    """A family of one that takes a second, on the handwritten digits."""
    variant = Variant("digits-cnn", "lrr", 0.8, levels=(0.5, 0.8), epochs=1)
    for module in (family, family_making):
        monkeypatch.setattr(module, "FAMILY", {variant.name: variant})
    monkeypatch.setattr("analysis.pipelines.training.FAMILY", {variant.name: variant})
    return variant.name


def test_a_variant_is_made_again(quick: str, tmp_path: Path) -> None:
    said: list[float] = []
    card = train(quick, out=tmp_path / "a", report=lambda done, _: said.append(done))
    assert (card.name, card.parent, card.command) == (quick, "digits-cnn", f"cutaway train {quick}")
    assert cards.read(tmp_path / "a" / f"{quick}.json").measures == card.measures
    assert cards.digest(tmp_path / "a" / f"{quick}.safetensors") == card.digest
    assert set(card.measures["digits"]) == FIGURES
    assert card.accuracy["digits"] > 0.8
    assert said == sorted(said)
    again, other = train(quick, out=tmp_path / "b"), train(quick, out=tmp_path / "c", seed=1)
    assert again.digest == card.digest
    assert again.variant == card.variant
    assert other.model_id != card.model_id
    assert other.command == f"cutaway train {quick} --seed 1"
    found = load(quick, imported=tmp_path / "a")
    assert found.fingerprint == card.model_id
    assert sparsity(weights_of(prunable(found.module))) == pytest.approx(0.8, abs=1e-3)


def test_stopping_writes_nothing(quick: str, tmp_path: Path) -> None:
    def stop(fraction: float, _message: str) -> None:
        if fraction > 0.6:
            raise Cancelled("stopped")

    with pytest.raises(Cancelled):
        train(quick, out=tmp_path / "out", report=stop)
    assert not (tmp_path / "out").exists()


def test_what_cannot_be_made(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="50,000"):
        train("resnet20-cifar10-lrr-80", out=tmp_path / "out")
    with pytest.raises(UnknownName, match="shapes-cnn-lrr-80"):
        train("shapes-cnn-lrr-8", out=tmp_path / "out")
    assert not (tmp_path / "out").exists()
