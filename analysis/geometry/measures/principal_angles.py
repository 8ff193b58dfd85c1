"""Principal angles between class subspaces (Jordan 1875; Björck & Golub 1973)."""

from typing import Annotated

import numpy as np

from analysis.geometry.angles import pairs
from analysis.geometry.features import Features
from analysis.geometry.registry import MEASURES, Measured, undefined
from analysis.geometry.subspaces import MOST
from analysis.registry import Range

NO_INTERVAL = "No interval: directions of nearly equal strength turn with every draw, and resampling overstates it."


@MEASURES.register(
    "classes",
    "principal_angles",
    label="Angle between class subspaces (smallest, mean over pairs)",
    group="subspaces",
    tells="class subspaces",
    paper="Björck & Golub 1973, Mathematics of Computation 27(123); Wang, Li & Zhang 2023, arXiv 2308.01547",
    convention="Mean over pairs of classes of the smallest principal angle between their k leading directions (about "
    f"the origin, not centred), k = 4. {NO_INTERVAL}",
    reads="90 degrees: no direction of one class is in another; 0: two classes share a direction.",
    fails="Features that all point one way share that direction, so the smallest angles are near 0: see the others.",
    unit="degrees",
    better="high",
    unmoved=("permutation", "rotation", "scaling"),
)
def principal_angles(features: Features, *, k: Annotated[int, Range(1, MOST)] = 4) -> Measured:
    """features of K classes -> degrees; arrays: smallest, largest, mean (P, P), classes (P,), by_order (k,) means."""
    classes, angles = features.subspaces.angles(k)
    if len(classes) < 2:
        return undefined(f"fewer than two classes span {k} directions", features.labelled)
    degrees = np.degrees(angles)
    arrays = {
        "smallest": degrees[..., 0].astype(np.float32),
        "largest": degrees[..., -1].astype(np.float32),
        "mean": degrees.mean(axis=-1).astype(np.float32),
        "classes": features.classes[classes],
        "by_order": np.array([pairs(degrees[..., i]).mean() for i in range(k)]),
    }
    return Measured(
        float(arrays["by_order"][0]),
        int(features.counts[classes].sum()),
        arrays=arrays,
        caveats=features.missing + left_out(features, len(classes), k),
    )


def left_out(features: Features, there: int, k: int) -> tuple[str, ...]:
    """What must be said of subspaces of k directions of so many classes."""
    said = ()
    if there < len(features.classes):
        said = (f"{len(features.classes) - there:,} classes do not span {k} directions and are left out.",)
    if 2 * k > features.width:
        said = (*said, f"Two subspaces of {k} of {features.width} directions always meet.")
    return said
