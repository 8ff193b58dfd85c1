"""scikit-learn's handwritten digits as they are: 1,797 grey images of 8 x 8, ten classes.

They are the test set of the UCI "Optical Recognition of Handwritten Digits" (Alpaydin and Kaynak 1998):
counts 0-16 of inked pixels in cells of 4 x 4. Here a count is scaled to 0-255 (16 is 255, rounded).
The seed deals the images into 1,437 for training and 360 for testing; both keep scikit-learn's order.
"""

from functools import cache
from typing import Annotated, Any

import numpy as np

from analysis.datasets.generated import knobs
from analysis.datasets.generated.registry import GENERATORS, Blocks, Generated
from analysis.registry import Range

CLASSES = tuple(str(digit) for digit in range(10))
TESTED = 360  # of 1,797


@cache
def source() -> tuple[np.ndarray, np.ndarray]:
    """All images (1797, 8, 8) uint8 and their digits (1797,) int64, not to be written to."""
    from sklearn.datasets import load_digits

    loaded: Any = load_digits()
    images, labels = np.rint(loaded.images * (255 / 16)).astype(np.uint8), loaded.target.astype(np.int64)
    images.setflags(write=False)
    labels.setflags(write=False)
    return images, labels


def dealt(split: knobs.Split, seed: int) -> np.ndarray:
    """The places in `source` of one split, rising."""
    order = np.random.default_rng(seed).permutation(len(source()[0]))
    return np.sort(order[:TESTED] if split == "test" else order[TESTED:])


@GENERATORS.register(
    "digits",
    label="Digits",
    reads="scikit-learn's handwritten digits, 8 x 8 grey, as they are.",
    fails="So small and so easy that nearly every method does well.",
    paper="Alpaydin and Kaynak (1998), Optical Recognition of Handwritten Digits, UCI repository",
    sized=False,
)
def digits(*, seed: Annotated[int, Range(0, 2**31 - 1)] = 0, split: knobs.Split = "train") -> Blocks:
    """One block of images (N, 8, 8, 1) uint8; the column `source` is the place in scikit-learn's set."""
    images, labels = source()
    chosen = dealt(split, seed)
    yield Generated(images[chosen, :, :, None], labels[chosen], CLASSES, columns={"source": chosen})
