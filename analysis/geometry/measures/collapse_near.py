"""What training a head and the features themselves would do, if features may not move far (Tirer et al. 2023).

    min over W and H of  1/(2N) ||W H - Y||_F^2 + l_W/(2C) ||W||_F^2 + l_H/(2N) ||H - H0||_F^2

for features H0 (D, N) of one tap, Y one-hot. At fixed W, H = A H0 + B Y with A = l_H (W'W + l_H I)^-1 and
B = (W'W + l_H I)^-1 W'; at fixed H, W = Y H' (H H' + (N/C) l_W I)^-1. Both see H0 only through its second moment and
its class sums, so the two steps are taken in turn on D x D matrices, whatever N is, until nothing moves. Each step
lowers the loss, slowly where a class is hardly learnt; Sw of H is A Sw A' and its class means are A mu_c + B e_c.
"""

from typing import Annotated

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.registry import Range

_MOST, _STILL = 300, 1e-7
_SETTLED = 0.01  # of the number: what the last half of all steps may move it by without a word


@MEASURES.register(
    "classes",
    "collapse_near",
    label="What is left of NC1 after collapse sets in",
    group="neural collapse",
    tells="spread within classes",
    paper="Tirer, Huang & Niles-Weed 2023, arXiv 2210.16658",
    convention="tr(Sw)/tr(Sb) of the H that minimises the near-collapse loss, over that of H0; H0 divided by its root "
    "mean squared length, about the origin. l_H holds features where they are, l_W decays the head. At most 300 steps. "
    "No interval: the steps would have to be taken for each draw.",
    reads="The smaller, the closer this tap is to collapse; at 1, features that may move a little stay as they are.",
    fails="The model has one linear layer above: how the layers in between would move these features it does not know.",
    differs="Minimised over both W and H by turns, from W of least squares; the paper analyses gradient flow.",
    better="low",
    unmoved=("permutation", "rotation", "scaling"),
    slow=True,
    of_means=True,
    version=2,
)
def collapse_near(
    features: Features,
    *,
    feature_decay: Annotated[float, Range(1e-4, 100)] = 0.1,
    weight_decay: Annotated[float, Range(1e-5, 1)] = 5e-3,
) -> Measured:
    """features of K classes -> 0 or more; arrays: ratios (steps,) tr(Sw)/tr(Sb) from H0 on, one a pair of steps."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    if features.counts.max() < 2:
        return undefined("every class has a single sample, and nothing varies within", features.labelled)
    shares = features.counts / features.labelled
    means = features.class_means
    size = float(np.trace(features.within)) + float(shares @ np.square(means).sum(axis=1))
    means, within = means / np.sqrt(size), features.within / size
    if not np.trace(within) > 1e-24:
        return undefined("nothing varies within classes: the features are collapsed already", features.labelled)
    ratios = _ratios(means, within, shares, feature_decay, weight_decay)
    caveats, half = features.missing, len(ratios) // 2
    late = float(abs(ratios[-1] - ratios[half]) / ratios[-1])
    if len(ratios) > _MOST and late > _SETTLED:
        caveats = (*caveats, f"After {_MOST:,} steps it is not settled: the last {half:,} moved it by {late:.0%}.")
    return Measured(float(ratios[-1] / ratios[0]), features.labelled, caveats=caveats, arrays={"ratios": ratios})


def _ratios(
    means: np.ndarray, within: np.ndarray, shares: np.ndarray, feature_decay: float, weight_decay: float
) -> np.ndarray:
    """means (K, D), within (D, D), shares (K,) of samples -> tr(Sw)/tr(Sb) of H0 and after each pair of steps."""
    count, eye = len(means), np.eye(means.shape[1])
    moved, spread = means, within
    ratios = [_ratio(moved, spread)]
    for _ in range(_MOST):
        second = spread + (moved.T * shares) @ moved + weight_decay / count * eye
        weight = np.linalg.solve(second, moved.T * shares).T  # (K, D)
        inverse = np.linalg.inv(weight.T @ weight + feature_decay * eye)
        pulled = feature_decay * inverse
        moved = means @ pulled + weight @ inverse
        spread = pulled @ within @ pulled
        ratios.append(_ratio(moved, spread))
        if abs(ratios[-1] - ratios[-2]) <= _STILL * ratios[0]:
            break
    return np.array(ratios)


def _ratio(means: np.ndarray, within: np.ndarray) -> float:
    return float(np.trace(within) / np.square(means - means.mean(axis=0)).sum(axis=1).mean())
