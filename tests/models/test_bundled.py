"""The classifiers that ship: their cards are true."""

from functools import cache
from pathlib import Path

import numpy as np
import pytest

from analysis.datasets.generated import GENERATORS, Generated, joined
from models import cards
from models.catalogue import ASSETS, bundled, load
from models.classifier import Classifier
from models.recipes import RECIPES
from models.recipes.evaluation import accuracy
from models.recipes.recipe import Recipe

SHIPPED = ASSETS / "models"
SAMPLE = 360
GENERATED = [recipe.name for recipe in RECIPES if recipe.tests]


def card_of(name: str) -> cards.Card:
    return cards.read(SHIPPED / f"{name}.json")


@cache
def images_of(generator: str, params: tuple[tuple[str, int | float | str], ...]) -> Generated:
    """The first images of a recipe's test, generated again."""
    made = GENERATORS[generator]
    bound = made.bound(dict(params))
    return joined(made.function(**(bound | {"count": SAMPLE} if made.sized else bound))).first(SAMPLE)


def reached(classifier: Classifier, recipe: Recipe, where: str) -> float:
    wanted = recipe.tests[where]
    data = images_of(wanted.generator, tuple(wanted.params.items()))
    assert data.class_names == classifier.class_names
    with classifier.exclusive() as network:
        return accuracy(network, data.images, data.labels, classifier.preprocessing)


def test_every_recipe_has_its_network_and_none_needs_a_network_connection() -> None:
    assert {entry.name for entry in bundled() if not card_of(entry.name).parent} == {recipe.name for recipe in RECIPES}
    for recipe in RECIPES:
        classifier = load(recipe.name)  # checks the digest of the weights
        assert classifier.default_tap
        assert classifier.head is not None
        assert classifier.architecture == recipe.architecture
        assert classifier.preprocessing == recipe.preprocessing
        grid = classifier.taps[classifier.default_tap].grid
        assert min(grid) >= 8, f"{recipe.name} has maps of {grid}, too coarse for class activation maps"


def test_they_are_small() -> None:
    """Without their variants, of which tests/analysis/pipelines/test_family.py says how large they may be."""
    named = {recipe.name for recipe in RECIPES}
    assert sum(path.stat().st_size for path in SHIPPED.iterdir() if path.stem in named) < 15_000_000


@pytest.mark.parametrize("name", GENERATED)
def test_the_card_says_how_to_train_it_again(name: str) -> None:
    card, recipe = card_of(name), RECIPES[name]
    assert card.command == f"cutaway train {name}"
    assert card.seed == recipe.settings.seed
    assert card.data == str(recipe.train)
    assert f"epochs {recipe.settings.epochs}," in card.recipe
    assert "thread" in card.made_with
    assert set(recipe.tests) <= set(card.accuracy)


@pytest.mark.parametrize(("name", "where"), [(n, where) for n in GENERATED for where in RECIPES[n].tests])
def test_a_sample_of_the_test_agrees_with_the_card(name: str, where: str) -> None:
    """To within four standard deviations of a sample, and one image for the rounding of another machine."""
    said = card_of(name).accuracy[where]
    tolerance = 4 * np.sqrt(said * (1 - said) / SAMPLE) + 1 / SAMPLE
    assert reached(load(name), RECIPES[name], where) == pytest.approx(said, abs=tolerance)


def test_shapes_leaves_something_to_explain() -> None:
    assert 0.97 <= card_of("shapes-cnn").accuracy["shapes"] < 0.999


def test_the_shortcut_is_taken() -> None:
    """The same images with three marks: right with the right one, wrong with the wrong one."""
    said = card_of("shapes-cnn-shortcut").accuracy
    agreeing, absent, conflicting = (said[where] for where in RECIPES["shapes-cnn-shortcut"].tests)
    assert agreeing > absent > conflicting
    assert agreeing - conflicting > 0.3


def test_training_under_attack_helps_under_attack() -> None:
    plain, robust = (card_of(name).accuracy for name in ("shapes-cnn", "shapes-cnn-robust"))
    attacked = [where for where in plain if "PGD" in where]
    assert attacked == [where for where in robust if "PGD" in where]
    assert all(robust[where] > plain[where] + 0.2 for where in attacked)
    assert plain["shapes"] > robust["shapes"]


@pytest.mark.parametrize("name", ["shapes-cnn", "shapes-cnn-robust"])
def test_accuracy_under_attack_agrees_with_the_card(name: str) -> None:
    count, recipe, classifier = 48, RECIPES[name], load(name)
    what, attack = next(iter(recipe.attacks.items()))
    data = images_of("shapes", tuple(recipe.tests["shapes"].params.items())).first(count)
    said = card_of(name).accuracy[f"shapes, first 1000, {what}"]
    with classifier.exclusive() as network:
        found = accuracy(network, data.images, data.labels, classifier.preprocessing, attack=attack)
    assert found == pytest.approx(said, abs=4 * np.sqrt(said * (1 - said) / count) + 1 / count)


def test_resnet20_reaches_what_its_card_says(shared: Path) -> None:
    file = "cifar10_test_first1000_lossless.npz"
    card, classifier = card_of("resnet20-cifar10"), load("resnet20-cifar10")
    assert card.accuracy[file] >= 0.89
    assert card.accuracy["cifar10-test.zip"] >= 0.87
    with np.load(shared / file) as arrays, classifier.exclusive() as network:
        found = accuracy(network, arrays["x"], arrays["y"], classifier.preprocessing)
    assert found == pytest.approx(card.accuracy[file], abs=0.001)
