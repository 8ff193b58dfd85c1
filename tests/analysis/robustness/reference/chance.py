"""Where the reference takes its chance from: the numbers that ours would draw, or its own."""

import numpy as np

from analysis.robustness.draws import Draws


class Fed:
    """The draws of one image, as float64."""

    def __init__(self, seed: int, name: str, place: int) -> None:
        self.draws = Draws(seed, name, np.array([place]))

    def uniform(self, *shape: int) -> np.ndarray:
        return self.draws.uniform(*shape)[0].double().numpy()

    def normal(self, *shape: int) -> np.ndarray:
        return self.draws.normal(*shape)[0].double().numpy()

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        return self.draws.integers(low, high, *shape)[0].numpy()


class Free:
    """Numbers of numpy's own generator."""

    def __init__(self, seed: int) -> None:
        self.generator = np.random.default_rng(seed)

    def uniform(self, *shape: int) -> np.ndarray:
        return self.generator.uniform(size=shape)

    def normal(self, *shape: int) -> np.ndarray:
        return self.generator.normal(size=shape)

    def integers(self, low: int, high: int, *shape: int) -> np.ndarray:
        return self.generator.integers(low, high, size=shape)


Chance = Fed | Free
