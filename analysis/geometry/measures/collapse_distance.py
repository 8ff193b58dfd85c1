"""How far features are from the nearest features that are collapsed.

Collapsed are those where every sample of class c is mu_G + s R e_c: e_c the corners of a simplex, R any rotation, s any
size. With H' the features less mu_G (the mean of class means), the nearest such to them is orthogonal Procrustes, and

    d = sqrt(1 - (||T||_* / (||H'||_F ||E||_F))^2),   T = sum over classes of n_c (mu_c - mu_G) e_c'

where ||E||_F^2 = sum n_c ||e_c||^2. Its square has two parts that add up: samples that are not their class's mean, and
means that are no simplex.
"""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import Rest, without_groups
from analysis.geometry.intervals import SHARE
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "classes",
    "collapse_distance",
    label="Distance to collapse",
    group="neural collapse",
    tells="spread within classes",
    paper="Schönemann 1966, Psychometrika 31; read as in Tirer, Huang & Niles-Weed 2023, arXiv 2210.16658",
    convention="min over rotation and size of ||H' - C||_F / ||H'||_F, C the collapsed features; H' less the mean of "
    "class means; every sample counts once.",
    reads="0: NC1 and NC2 hold exactly; 1: nothing of the features is collapsed. Squared: a share of their variance.",
    fails="It is one number for two things: see its parts, spread within classes and shape of the means.",
    differs="The paper bounds such a distance near collapse; the closed form over all rotations and sizes is ours.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def collapse_distance(features: Features) -> Measured:
    """features of K classes -> 0 to 1; arrays: parts (2,) shares of variance: within classes, shape of means."""
    if features.no_spread:
        return undefined(features.no_spread, features.labelled)
    counts, count = features.counts.astype(np.float64), len(features.classes)
    weighted = features.centred_means * counts[:, None]
    of_means = float((weighted * features.centred_means).sum())
    within = float(np.nansum(features.apart))
    overlap = float(np.linalg.svd(weighted - weighted.mean(axis=0), compute_uv=False).sum())  # e_c: rows of I - 1/C
    fits = overlap**2 / (features.labelled * (1 - 1 / count))
    total = of_means + within
    parts = np.array([within / total, max(of_means - fits, 0.0) / total])
    caveats = features.missing
    if features.width < count - 1:
        caveats = (*caveats, f"{features.width:,} features cannot hold a simplex of {count:,} classes.")
    value = float(np.sqrt(parts.sum()))
    spread = without_groups(features, value, _of_rest, SHARE)
    return Measured(value, features.labelled, *spread, caveats=caveats, arrays={"parts": parts})


def _of_rest(rest: Rest) -> float:
    weighted = rest.centred * rest.counts[:, None]
    total = float((weighted * rest.centred).sum() + rest.within.sum())
    apart, count = weighted - weighted.mean(axis=0), len(rest.counts)
    gram = apart @ apart.T if count < apart.shape[1] else apart.T @ apart
    overlap = float(np.sqrt(np.maximum(np.linalg.eigvalsh(gram), 0)).sum())
    return float(np.sqrt(max(1 - overlap**2 / (rest.samples * (1 - 1 / count)) / total, 0.0)))
