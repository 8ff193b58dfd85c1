"""From a recipe and arrays to a classifier's files: train, test, write weights and card."""

import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch

from models import cards, catalogue
from models.architectures import registry
from models.counting import profile
from models.errors import ModelError
from models.recipes.evaluation import accuracy
from models.recipes.recipe import Recipe
from models.recipes.training import Report, Settings, fit


@dataclass(frozen=True, slots=True, eq=False)
class Labelled:
    """Images of a network's input size, with the class of each."""

    images: np.ndarray  # (N, H, W, C) uint8
    labels: np.ndarray  # (N,) int64
    class_names: tuple[str, ...]


def make(
    recipe: Recipe,
    settings: Settings,
    train: Labelled,
    tests: Mapping[str, Labelled],
    *,
    name: str,
    data: str,
    command: str,
    out: Path,
    device: str = "cpu",
    report: Report,
) -> cards.Card:
    """Train by `settings` (the recipe's, perhaps with other epochs or seed) and write `<out>/<name>.*`.

    `data` and `command` are said in the card as they are.
    """
    _check(recipe, train)
    for where, test in tests.items():
        if test.class_names != train.class_names:
            raise ModelError(f"The classes of '{where}' are not those that were trained on: {_few(test.class_names)}.")
    start = time.monotonic()
    network = fit(
        lambda: registry.build(recipe.architecture, len(train.class_names), image_size=None),
        train.images,
        train.labels,
        settings,
        preprocessing=recipe.preprocessing,
        device=device,
        report=lambda fraction, message: report(0.95 * fraction, message),
    )
    seconds = time.monotonic() - start
    scores = _scores(recipe, network, tests, report)
    found = catalogue.wrap(
        network, architecture=recipe.architecture, preprocessing=recipe.preprocessing, class_names=train.class_names
    )
    threads = torch.get_num_threads()
    where = f"{device}, {threads} thread{'s' if threads > 1 else ''}" if device == "cpu" else device
    card = cards.Card(
        name=name,
        architecture=recipe.architecture,
        class_names=train.class_names,
        preprocessing=recipe.preprocessing,
        summary=recipe.summary,
        recipe=f"{recipe.name} ({described(settings)})",
        data=data,
        seed=settings.seed,
        command=command,
        accuracy={where: round(score, 4) for where, score in scores.items()},
        made_with=f"torch {torch.__version__.partition('+')[0]}, {where}, {seconds:.0f} s",
        licence="BSD-3-Clause",
        model_id=found.fingerprint,
        profile=profile(found).to_json(),
    )
    return cards.store(card, network.state_dict(), out)


def described(settings: Settings) -> str:
    """Settings in words: "epochs 8, batch 128, ..."."""
    values = {k: v for k, v in asdict(settings).items() if not k.startswith("attack")}
    if not settings.again:
        del values["again"]
    values["augmentation"] = " + ".join(settings.augmentation) or "none"
    attack = settings.attack
    if attack is not None:
        values["attack"] = f"PGD, L-infinity, eps {attack.eps:g}/255, {attack.steps} steps of {attack.step:g}/255"
        values["attack_ramp"] = settings.attack_ramp
    return ", ".join(f"{name} {value}" for name, value in values.items())


def _scores(
    recipe: Recipe, network: torch.nn.Module, tests: Mapping[str, Labelled], report: Callable[[float, str], None]
) -> dict[str, float]:
    """Accuracy on each test; under each attack on the first images of the first test."""
    scores: dict[str, float] = {}
    for where, test in tests.items():
        report(0.95, f"testing on {where}")
        scores[where] = accuracy(network, test.images, test.labels, recipe.preprocessing)
    for what, attack in recipe.attacks.items() if tests else ():
        report(0.97, f"testing under {what}")
        where, test = next(iter(tests.items()))
        images, labels = test.images[: recipe.attacked], test.labels[: recipe.attacked]
        scores[f"{where}, first {len(images)}, {what}"] = accuracy(
            network, images, labels, recipe.preprocessing, attack=attack
        )
    return scores


def _check(recipe: Recipe, train: Labelled) -> None:
    wanted = (*recipe.preprocessing.size, recipe.preprocessing.channels)
    if train.images.shape[1:] != wanted:
        raise ModelError(
            f"{recipe.name} trains on images of {wanted} (rows, columns, channels); got {train.images.shape[1:]}."
        )
    if len(train.class_names) < 2 or len(train.images) < 2:
        raise ModelError(f"{recipe.name} needs images of at least two classes; got {_few(train.class_names)}.")
    if recipe.class_names and train.class_names != recipe.class_names:
        raise ModelError(
            f"{recipe.name} trains on the classes {_few(recipe.class_names)}; "
            f"these data have {_few(train.class_names)}."
        )


def _few(names: tuple[str, ...]) -> str:
    return ", ".join(names[:5]) + (f" ... ({len(names)})" if len(names) > 5 else "")
