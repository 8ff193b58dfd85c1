"""CKA of many layers with many layers from one pass over the samples (Nguyen, Raghu & Kornblith 2021, eq. 3).

    CKA = sum over batches of HSIC_1(K_b, L_b) / sqrt(sum of HSIC_1(K_b, K_b)  sum of HSIC_1(L_b, L_b))

HSIC_1 is unbiased whatever the batch (Song et al. 2012, eq. 5), so that the sums tend to those of all samples. Of each
layer one kernel of a batch is held, 256 x 256 numbers: 20 x 20 layers take some 50 MB, however wide they are. The
samples of a batch must be a random part: shuffle those that come class by class.
"""

from collections.abc import Sequence

import numpy as np
from scipy.stats import t

from analysis.errors import BadParameter
from analysis.geometry.matrices import Matrix

_LEAST = 4  # samples that HSIC_1 takes
_BATCHES = 5  # that an interval takes
_ROUNDING = 1e-13  # of the features themselves: what varies by no more does not vary


class StreamedCka:
    """Linear CKA of each of the rows (layers) with each of the columns, of samples as they come.

    Without columns, of the rows with each other. size: samples of a batch, whatever parts they come in.
    """

    def __init__(self, rows: Sequence[str], columns: Sequence[str] | None = None, *, size: int = 256) -> None:
        if size < _LEAST:
            raise BadParameter(f"A batch of CKA has at least {_LEAST} samples; got {size}.")
        self.rows, self.columns, self.size = tuple(rows), None if columns is None else tuple(columns), size
        self.left_out = 0  # samples with a feature that is not finite
        self._waiting: list[list[np.ndarray]] = []
        self._count = 0
        self._found: list[tuple[int, np.ndarray, np.ndarray, np.ndarray]] = []
        self._nothing = np.zeros(len(self.rows) + len(self.columns or ()))

    def add(self, rows: Sequence[np.ndarray], columns: Sequence[np.ndarray] = ()) -> None:
        """The next n samples: of every layer (n, D), of the same samples in the same order."""
        given = [*rows, *columns]
        if len(rows) != len(self.rows) or len(columns) != len(self.columns or ()):
            expected = f"{len(self.rows)} and {len(self.columns or ())}"
            raise BadParameter(f"Features of {expected} layers are expected; got {len(rows)} and {len(columns)}.")
        if not given or any(layer.ndim != 2 or len(layer) != len(given[0]) for layer in given):
            raise BadParameter("Every layer gives a matrix with a row for each sample, the same samples in all.")
        finite = np.all([np.isfinite(layer).all(axis=1) for layer in given], axis=0)
        self.left_out += int(np.count_nonzero(~finite))
        given = [layer[finite] for layer in given]  # a copy: whoever gave it may write the next batch over it
        start, count = 0, len(given[0])
        while start < count:
            taken = min(self.size - self._count, count - start)
            self._waiting.append([layer[start : start + taken] for layer in given])
            self._count, start = self._count + taken, start + taken
            if self._count == self.size:
                self._batch()

    def join(self, later: "StreamedCka") -> None:
        """Take over the whole batches of another of the same layers, as if its samples had come after these."""
        if (self.rows, self.columns, self.size, 0) != (later.rows, later.columns, later.size, self._count):
            raise BadParameter("Only CKA of the same layers can be joined, where the first has whole batches.")
        self._found += later._found
        self._waiting, self._count = later._waiting, later._count
        self.left_out += later.left_out
        self._nothing = np.maximum(self._nothing, later._nothing)

    def matrix(self) -> Matrix:
        """Of all samples so far: a rest that fills no batch counts by its size, and is left out below four."""
        if self._count >= _LEAST:
            waiting, count, found = self._waiting, self._count, self._found
            self._found = [*found]
            self._batch()
            parts, self._waiting, self._count, self._found = self._found, waiting, count, found
        else:
            parts = self._found
        names = self.rows, self.rows if self.columns is None else self.columns
        shape = len(names[0]), len(names[1])
        samples = np.full(shape, sum(n for n, *_ in parts))
        values = lows = highs = np.full(shape, np.nan)
        interval = ""
        if parts:
            weights = np.array([n for n, *_ in parts], dtype=np.float64)
            sums = [np.stack([of[i] for of in parts]) for i in (1, 2, 3)]
            values = _ratio([np.tensordot(weights, of, 1) / weights.sum() for of in sums], self._limits(shape))
            if len(parts) >= _BATCHES:
                lows, highs = self._interval(weights, sums, values)
                interval = f"jackknife over {len(parts)} batches"
        why = "not defined here because " + ("the features do not vary" if parts else "it takes four samples")
        whys = tuple(tuple("" if np.isfinite(value) else why for value in row) for row in values)
        said = (f"{self.left_out:,} samples with features that are not finite are left out.",) if self.left_out else ()
        return Matrix("cka_minibatch", *names, values, lows, highs, samples, whys, interval, said)

    def _batch(self) -> None:
        layers = [np.concatenate(parts) for parts in zip(*self._waiting, strict=True)]
        self._waiting, n = [], self._count
        self._count = 0
        kernels = np.empty((len(layers), n * n))
        for i, layer in enumerate(layers):
            kernels[i], size = _kernel(layer.astype(np.float64))
            self._nothing[i] = max(self._nothing[i], (_ROUNDING**2 * size) ** 2)
        first = kernels[: len(self.rows)]
        second = first if self.columns is None else kernels[len(self.rows) :]
        scale = n * (n - 3)
        own = [np.einsum("ij,ij->i", of, of) / scale for of in (first, second)]
        both = first @ second.T / scale
        if self.columns is None:
            np.fill_diagonal(both, own[0])  # exactly
        self._found.append((n, both, own[0], own[1]))

    def _limits(self, shape: tuple[int, int]) -> tuple[np.ndarray, np.ndarray]:
        first = self._nothing[: shape[0]]
        return first, first if self.columns is None else self._nothing[shape[0] :]

    def _interval(
        self, weights: np.ndarray, sums: list[np.ndarray], values: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray]:
        """What the value would be without each batch; as far as they are apart, so is the truth."""
        total, limits = [np.tensordot(weights, of, 1) for of in sums], self._limits(values.shape)
        without = [
            _ratio([(whole - w * of[i]) / (weights.sum() - w) for whole, of in zip(total, sums, strict=True)], limits)
            for i, w in enumerate(weights)
        ]
        count = len(weights)
        half = t.ppf(0.975, count - 1) * np.sqrt((count - 1) / count * np.square(without - np.mean(without, 0)).sum(0))
        return values - half, np.minimum(values + half, np.maximum(values, 1))


def _kernel(layer: np.ndarray) -> tuple[np.ndarray, float]:
    """(n, D) -> (n * n,) its U-centred linear kernel, and the mean squared length."""
    size, n = float(np.square(layer).sum()), len(layer)
    layer = layer - layer.mean(axis=0)
    kernel = layer @ layer.T
    np.fill_diagonal(kernel, 0)
    means = kernel.sum(axis=0) / (n - 2)
    means -= means.sum() / (2 * (n - 1))
    kernel -= means[:, None] + means
    np.fill_diagonal(kernel, 0)
    return kernel.ravel(), size / n


def _ratio(sums: Sequence[np.ndarray], limits: tuple[np.ndarray, np.ndarray]) -> np.ndarray:
    """HSIC of rows with columns (R, C), of rows (R,), of columns (C,) -> (R, C); NaN where a layer does not vary."""
    both, *own = sums
    first, second = (np.sqrt(np.where(one > limit, one, np.nan)) for one, limit in zip(own, limits, strict=True))
    return both / (first[:, None] * second)
