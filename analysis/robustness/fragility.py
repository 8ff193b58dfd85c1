"""Which samples all networks keep right under corruption, and which many of them lose."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True, eq=False)
class Fragility:
    """For each sample (S,) what the networks (M) made of it under the chosen conditions."""

    samples: np.ndarray  # places in the dataset
    wrong: np.ndarray  # (M, S) share of the conditions under which it is wrong; nan where nothing is known
    clean: np.ndarray  # (M, S) int8: whether it is right without corruption, -1 unknown
    conditions: int  # that were chosen

    @property
    def networks(self) -> np.ndarray:
        """(S,) how many networks are wrong under at least half of the conditions."""
        return (self.wrong >= 0.5).sum(axis=0)

    @property
    def ever(self) -> np.ndarray:
        """(S,) how many networks are wrong under at least one of the conditions."""
        return (self.wrong > 0).sum(axis=0)

    @property
    def robust(self) -> np.ndarray:
        """The samples that every network has right under every condition."""
        return self.samples[self._known & (self.ever == 0)]

    @property
    def everywhere(self) -> np.ndarray:
        """The samples that every network has wrong under at least half of the conditions."""
        return self.samples[self._known & (self.networks == len(self.wrong))] if len(self.wrong) else self.samples[:0]

    @property
    def lost(self) -> np.ndarray:
        """Of `everywhere`, those that at least one network has right without corruption."""
        ok = self.samples[(self.clean == 1).any(axis=0)]
        return np.intersect1d(self.everywhere, ok)

    def fragile(self, networks: int) -> np.ndarray:
        """The samples that exactly so many networks have wrong under at least half of the conditions."""
        return self.samples[self._known & (self.networks == networks)]

    @property
    def counts(self) -> np.ndarray:
        """(M + 1,) how many samples are fragile in 0, 1, ... networks."""
        return np.bincount(self.networks[self._known], minlength=len(self.wrong) + 1)

    @property
    def _known(self) -> np.ndarray:
        return np.all(np.isfinite(self.wrong), axis=0) & (len(self.wrong) > 0)


def fragility(samples: np.ndarray, correct: np.ndarray, clean: np.ndarray) -> Fragility:
    """samples (S,), correct (M, C, S) int8 with -1 unknown under the chosen conditions, clean (M, S) alike."""
    known = correct >= 0
    with np.errstate(invalid="ignore"):
        wrong = (known & (correct == 0)).sum(axis=1) / known.sum(axis=1)
    return Fragility(samples, wrong, clean, correct.shape[1])
