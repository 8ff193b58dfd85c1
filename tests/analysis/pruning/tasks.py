"""Trainings that take a second: a network for 8 x 8 digits, 96 of them, two steps an epoch."""

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import torch
from sklearn.datasets import load_digits
from torch import Tensor, nn

from analysis.pruning.examples import Examples
from analysis.pruning.layers import prunable, weights_of
from analysis.pruning.training import TrainTask
from analysis.types import Report, silent
from models import catalogue
from models.classifier import Classifier
from models.variant import Tuning, VariantRecipe

STEPS = 3  # of an epoch


@cache
def base() -> Classifier:
    return catalogue.load("digits-cnn")


@cache
def examples() -> Examples:
    images, labels = load_digits(return_X_y=True)
    pixels = (images.reshape(-1, 8, 8, 1) * (255 / 16)).astype(np.uint8)
    return Examples(pixels[: 32 * STEPS], labels[: 32 * STEPS].astype(np.int64))


def task(*levels: float, epochs: int = 1, seed: int = 0, report: Report = silent, **more: Any) -> TrainTask:
    tuning = Tuning(
        epochs=epochs, learning_rate=more.pop("learning_rate", 0.05), batch=32, distil=more.pop("distil", False)
    )
    recipe = VariantRecipe(
        base().name, base().fingerprint, "any", levels[-1], levels=levels, tuning=tuning, seed=seed, **more
    )
    return TrainTask(base(), recipe, levels, examples(), report)


def weights(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.clone() for name, weight in weights_of(prunable(network)).items()}


def zeros(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight == 0 for name, weight in weights(network).items()}


def same(one: nn.Module, other: nn.Module) -> bool:
    """To the last bit, zeros' signs too."""
    return all(
        a.numpy().tobytes() == b.numpy().tobytes()
        for a, b in zip(one.state_dict().values(), other.state_dict().values(), strict=True)
    )


def positive_zeros(network: nn.Module) -> bool:
    return not any(torch.signbit(weight[weight == 0]).any() for weight in weights(network).values())


class Stopped(Exception):
    pass


def stop_after(calls: int) -> Callable[[float, str], None]:
    """A Report that stops the work at that call."""
    left = [calls]

    def report(_fraction: float, _message: str) -> None:
        left[0] -= 1
        if left[0] < 0:
            raise Stopped

    return report
