"""Features that projections are tried on."""

import numpy as np
import pytest

from analysis.projections.registry import Given


@pytest.fixture(scope="session")
def digits() -> tuple[np.ndarray, np.ndarray]:
    """scikit-learn's handwritten digits: features (1797, 64) float32, classes (1797,) int64. Not to be written to."""
    from sklearn.datasets import load_digits

    features, labels = load_digits(return_X_y=True)
    features, labels = features.astype(np.float32), labels.astype(np.int64)
    features.flags.writeable = labels.flags.writeable = False
    return features, labels


@pytest.fixture(scope="session")
def some(digits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """120 of them, (120, 64)."""
    return digits[0][:120]


@pytest.fixture(scope="session")
def known(digits: tuple[np.ndarray, np.ndarray]) -> Given:
    """What is known of `some`: classes, and a head of 10 classes that reads 64 numbers."""
    names = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
    means = np.stack([digits[0][digits[1] == i].mean(axis=0) for i in range(10)])
    return Given(labels=digits[1][:120], class_names=names, weight=means, head_classes=names)
