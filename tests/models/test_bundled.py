"""The classifiers that ship: their cards are true."""

from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from models.catalogue import bundled, load
from models.recipes import resnet20_cifar10


def accuracy_on(name: str, file: Path, count: int) -> float:
    classifier = load(name)
    with np.load(file) as arrays:
        images, labels = arrays["x"][:count], arrays["y"][:count]
    batch = classifier.preprocessing.tensor([Image.fromarray(i) for i in images])
    with torch.inference_mode():
        predicted = torch.cat([classifier.module(part).argmax(1) for part in batch.split(250)])
    return float((predicted.numpy() == labels).mean())


def test_there_is_a_classifier_without_any_network() -> None:
    names = [entry.name for entry in bundled()]
    assert "resnet20-cifar10" in names
    for name in names:
        classifier = load(name)  # checks the digest of the weights
        assert classifier.default_tap
        assert classifier.head is not None


def test_resnet20_reaches_what_its_card_says(shared: Path) -> None:
    from models import cards

    file = "cifar10_test_first1000_lossless.npz"
    card = cards.read(Path(resnet20_cifar10.__file__).parents[2] / "assets" / "models" / "resnet20-cifar10.json")
    assert card.accuracy[file] >= 0.89
    assert card.accuracy["cifar10-test.zip"] >= 0.87
    assert accuracy_on(card.name, shared / file, 1000) == pytest.approx(card.accuracy[file], abs=0.001)


def test_the_recipe_learns_and_repeats(tmp_path: Path) -> None:
    """Two epochs on a toy set: the same seed gives the same weights, and the loss falls below chance."""
    generator = np.random.default_rng(0)
    labels = np.arange(256) % 10
    images = generator.integers(0, 40, (256, 32, 32, 3)).astype(np.uint8)
    images[np.arange(256), :, :, 0] += (labels * 20)[:, None, None].astype(np.uint8)
    recipe = resnet20_cifar10.Recipe(epochs=2, batch=32, peak_lr=0.1, ema_decay=0.5)
    one, other = (resnet20_cifar10.train(images, labels, recipe) for _ in range(2))
    assert all(torch.equal(a, b) for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True))
    reached = resnet20_cifar10.accuracy(one, resnet20_cifar10.to_input(images), torch.from_numpy(labels))
    assert reached > 0.15
