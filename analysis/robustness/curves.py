"""How a number goes with severity."""

from dataclasses import dataclass

import numpy as np

from analysis.robustness.bootstrap import interval


@dataclass(frozen=True, slots=True, eq=False)
class Curves:
    """A line for each network and corruption, from clean (severity 0) on; nan where a cell is not there."""

    severities: tuple[int, ...]  # 0 first
    values: np.ndarray  # (M, K, V)
    low: np.ndarray
    high: np.ndarray

    @property
    def rises(self) -> np.ndarray:
        """(M, K): whether the number is somewhere higher than at the severity before, by more than both intervals."""
        return np.any(self.low[..., 1:] > self.high[..., :-1], axis=-1)


def curves(replicates: np.ndarray, places: np.ndarray, severities: tuple[int, ...], clean: int = 0) -> Curves:
    """replicates (M, C, R), places (K, V) of the corruptions' severities in C, -1 where there is none."""
    every = np.concatenate([np.full((len(places), 1), clean), places], axis=1)
    taken = np.where((every >= 0)[None, :, :, None], replicates[:, every], np.nan)
    return Curves((0, *severities), *interval(taken))


def laid(conditions: list[tuple[str, int]], corruptions: tuple[str, ...], severities: tuple[int, ...]) -> np.ndarray:
    """Where each corruption's severities are: (corruption, severity) of each condition -> (K, V), -1 where not."""
    at = {what: place for place, what in enumerate(conditions)}
    return np.array([[at.get((c, s), -1) for s in severities] for c in corruptions], np.int64).reshape(
        len(corruptions), len(severities)
    )
