"""Which methods gave one and the same map, so that it is shown once."""

from collections.abc import Sequence

import numpy as np

from analysis.arrays import display, signed_display
from analysis.attribution import METHODS
from analysis.types import AttributionMap
from models.classifier import Classifier

TOLERANCE = 3e-6


def identical_methods(classifier: Classifier, maps: Sequence[AttributionMap]) -> tuple[tuple[str, ...], ...]:
    """Groups of methods that are equal by theory for a pooled linear head and were found equal up to scale.

    They are one map where the mean over space of the tap is what the linear head reads.
    """
    head = classifier.head
    if head is None or head.pooled_tap is None:
        return ()
    at_head = [m for m in maps if m.taps == (head.pooled_tap,) and METHODS[m.method].same_on_pooled_head]
    names = list(dict.fromkeys(m.method for m in at_head))
    first = names[0] if names else None
    reference = {m.target: m for m in at_head if m.method == first}
    same = [n for n in names if all(_equal(m, reference.get(m.target)) for m in at_head if m.method == n)]
    return (tuple(same),) if len(same) > 1 else ()


def _equal(one: AttributionMap, other: AttributionMap | None) -> bool:
    if other is None or one.raw.shape != other.raw.shape:
        return False
    pairs = ((display(one.raw), display(other.raw)), (signed_display(one.raw), signed_display(other.raw)))
    return all(np.allclose(a, b, rtol=0, atol=TOLERANCE) for a, b in pairs)
