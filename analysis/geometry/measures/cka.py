"""Linear CKA of two places, with an interval: the sums are those of `similarity.cka` (Kornblith et al. 2019, eq. 4).

Over all samples at once, and as the mean over minibatches that papers print where all at once was too much for them.
"""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.pairs import Narrow, about, cross, matched, narrow
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.similarity import Estimator
from analysis.geometry.streaming import StreamedCka
from analysis.registry import Range

_ROUNDING = 1e-26


@MEASURES.register(
    "pair",
    "cka",
    label="Linear CKA",
    group="similarity",
    paper="Kornblith et al. 2019, arXiv 1905.00414, eq. 4; Song et al. 2012, JMLR 13, eq. 5",
    convention="Linear kernels, debiased (HSIC_1, the unbiased U-statistic) unless the biased form is asked for; "
    "over all samples at once, not over batches.",
    reads="1: the same features up to a rotation and a factor; 0: unrelated. Neighbouring layers are often above .9.",
    fails="The few directions of largest variance decide: what a network uses may lie in others.",
    better="high",
    unmoved=("permutation", "rotation", "scaling", "shift"),
)
def cka(one: Features, two: Features, *, estimator: Estimator = "debiased") -> Measured:
    """(N, D), (N, E) of the same samples -> at most 1; may be below 0 where nothing is common."""
    one, two, why = matched(one, two)
    least = 4 if estimator == "debiased" else 2
    if why or len(one) < least:
        return undefined(why or f"the {estimator} form takes {least} samples", len(one))
    own = [of.once(("hsic", estimator), lambda of=of: _pulls(narrow(of), narrow(of), estimator)) for of in (one, two)]
    sizes = [(_ROUNDING * len(of) * of.size) ** 2 for of in (one, two)]
    if not (own[0][0] > sizes[0] and own[1][0] > sizes[1]):
        return undefined("too few samples differ for the features to vary together with themselves", len(one))
    both, pulls = _pulls(narrow(one), narrow(two), estimator)
    scale = float(np.sqrt(own[0][0]) * np.sqrt(own[1][0]))
    value = both / scale
    relative = [mine - total / len(one) for total, mine in (*own, (both, pulls))]
    apart = 2 * relative[2] / scale - value * (relative[0] / own[0][0] + relative[1] / own[1][0])
    few = len(one) < max(one.width, two.width)
    said = ("Fewer samples than features: the biased form is too near 1.",) if few and estimator == "biased" else ()
    return about(value, len(one) * apart, said)


def _pulls(x: Narrow, y: Narrow, estimator: Estimator) -> tuple[float, np.ndarray]:
    """N^2 times HSIC, in the form asked for, and (N,) what each sample adds to it: x_i' X'Y y_i."""
    products, n = x.scatter if x is y else cross(x, y), len(x)
    each = np.concatenate([((first @ products) * second).sum(axis=1) for first, second in zip(x, y, strict=True)])
    total = float(np.square(products).sum())
    if estimator == "biased":
        return total, each
    own = x.lengths * y.lengths
    whole = float(x.lengths.sum() * y.lengths.sum()) / ((n - 1) * (n - 2))
    return total - n / (n - 2) * float(own.sum()) + whole, each - own


@MEASURES.register(
    "pair",
    "cka_minibatch",
    label="Linear CKA, over minibatches",
    group="similarity",
    paper="Nguyen, Raghu & Kornblith 2021, arXiv 2010.15327, eq. 3",
    convention="HSIC_1 (unbiased) averaged over batches of samples in a drawn order, then the ratio; a rest that does "
    "not fill a batch counts by its size.",
    reads="To compare with published minibatch curves; of many samples the same as the debiased CKA.",
    fails="Of few batches its numerator and denominators vary: use the form over all samples where it is there.",
    better="high",
    unmoved=("rotation", "scaling", "shift"),
    slow=True,
)
def cka_minibatch(one: Features, two: Features, *, batch: Annotated[int, Range(8, 4096)] = 256) -> Measured:
    """(N, D), (N, E) of the same samples -> about at most 1."""
    one, two, why = matched(one, two)
    if why or len(one) < 4:
        return undefined(why or "it takes four samples", len(one))
    order = np.random.default_rng(one.seed).permutation(len(one))
    stream = StreamedCka(("one",), ("two",), size=batch)
    for start in range(0, len(order), batch):
        rows = order[start : start + batch]
        centred = (np.asarray(of.values[rows], dtype=np.float64) - of.mean for of in (one, two))
        stream.add([next(centred)], [next(centred)])
    found = stream.matrix()
    if found.whys[0][0]:
        return undefined("the features do not vary within batches", len(one))
    low, high, used = float(found.lows[0, 0]), float(found.highs[0, 0]), int(found.samples[0, 0])
    return Measured(float(found.values[0, 0]), used, low, high, found.interval if np.isfinite(low) else "")
