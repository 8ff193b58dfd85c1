"""What is done to the images before a network sees them."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

Change = Callable[[np.ndarray, np.ndarray], np.ndarray]
"""((n, H, W, C) uint8, their places in the dataset (n,)) -> the same shape and type.

Each image by itself, with a seed made of its place, so that nothing depends on how images are batched. The
images are as they are stored, before the network's resizing.
"""


@dataclass(frozen=True, slots=True, eq=False)
class Condition:
    """A name, and a function where the images are not left as they are."""

    name: str
    change: Change | None = None


CLEAN = Condition("clean")
