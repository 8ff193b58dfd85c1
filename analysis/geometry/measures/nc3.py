"""NC3: whether the head's weights lie along the class means (Papyan et al. 2020)."""

import numpy as np

from analysis.geometry.features import Features
from analysis.geometry.groups import Rest, without_groups
from analysis.geometry.registry import MEASURES, Measured, undefined


@MEASURES.register(
    "head",
    "nc3",
    label="NC3: weights against means",
    group="neural collapse",
    paper="Papyan, Han & Donoho 2020, PNAS 117(40), figure 5",
    convention="|| W/||W||_F - M/||M||_F ||_F^2, M the centred class means; squared, as the authors' public notebook.",
    reads="0: every class's weights are its mean up to one factor for all; 2: they have nothing in common.",
    fails="Weights are not centred: a part that all classes share changes no answer, but it counts here.",
    better="low",
    unmoved=("permutation", "rotation", "scaling", "shift"),
    of_means=True,
    version=2,
)
def nc3(features: Features) -> Measured:
    """features with a head -> 0 to 4; arrays: cosines (K,) of each class's weights and mean, classes (K,)."""
    if features.no_truth or features.sound_head is None:
        return undefined(features.no_truth)
    weight, means = features.sound_head[0][features.known], features.centred_means[: len(features.known)]
    if features.no_spread or len(weight) < 2:
        return undefined(features.no_spread or "fewer than two of the head's classes have samples", features.labelled)
    sizes = float(np.linalg.norm(weight)), float(np.linalg.norm(means))
    if not min(sizes) > 0:
        return undefined("all weights are zero", features.labelled)
    value = float(np.square(weight / sizes[0] - means / sizes[1]).sum())
    lengths = np.sqrt(np.square(weight).sum(axis=1) * np.square(means).sum(axis=1))
    along = np.divide((weight * means).sum(axis=1), lengths, out=np.full(len(lengths), np.nan), where=lengths > 0)
    arrays = {"cosines": along, "classes": features.known}

    def of_rest(rest: Rest) -> float:
        moved = rest.centred[: len(weight)]
        return float(np.square(weight / sizes[0] - moved / np.linalg.norm(moved)).sum())

    spread = without_groups(features, value, of_rest, (0.0, 4.0))
    return Measured(value, features.judgeable, *spread, caveats=features.missing, arrays=arrays)
