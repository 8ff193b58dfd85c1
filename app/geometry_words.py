"""Measures, layers and numbers of geometry as people read them."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from app.geometry_choice import View

if TYPE_CHECKING:
    from analysis.geometry.registry import Measure
    from analysis.measurements import Measurement

PENULTIMATE = "penultimate"
TAPS = {PENULTIMATE: "head's input", "logits": "logits"}
NONE = "–"
SHORT = 18  # letters of a layer's name under an axis

VIEWS: Mapping[View, tuple[str, str]] = {
    "overview": ("Overview", "what stands out?"),
    "depth": ("By depth", "how does a measure go from the input to the head?"),
    "classes": ("Classes", "how do classes lie to each other and to the head?"),
    "spectrum": ("Spectrum", "how many directions do features use?"),
    "subspaces": ("Subspaces", "do classes share their directions?"),
    "similarity": ("Similarity", "which layers, which models read the same?"),
    "separability": ("Separability", "where do classes come apart, and what is unknown?"),
    "place": ("Place", "where would an image of mine lie?"),
}
"""A view's name, and what it answers."""

TELLING = ("knn_purity", "probe_linear", "nc1_trace", "participation_ratio", "twonn", "anisotropy")
"""What a newcomer sees over depth: separation, collapse, dimension, direction."""

KEY = (
    *("knn_purity", "probe_linear", "nearest_mean_accuracy", "silhouette"),
    *("nc1_trace", "nc2_mean_simplex", "nc3", "nc4", "collapse_distance"),
    *("twonn", "participation_ratio", "effective_rank", "spectrum", "anisotropy", "coding_rate_reduction"),
    *("class_mean_angles", "weight_angles", "angle_to_weight", "margin_distance", "length"),
    *("principal_angles", "subspace_classifier"),
)
"""The rows of the short table, of those that were measured."""

GROUPS = ("separability", "neural collapse", "dimension", "last layer", "subspaces")


def tap(name: str) -> str:
    """`penultimate` -> `head's input`; layers keep the names that their network gives them."""
    return TAPS.get(name, name)


def tap_short(name: str) -> str:
    """The same for an axis: of a long name the end, which tells layers apart."""
    said = tap(name)
    return said if len(said) <= SHORT else "…" + said[-SHORT + 1 :]


def in_order(names: Iterable[str]) -> list[str]:
    """Measures as the registry has them, each with other parameters behind its usual ones; strange ones left out."""
    from analysis.geometry import MEASURES

    place = {m.name: i for i, m in enumerate(MEASURES)}
    known = [name for name in dict.fromkeys(names) if name.partition("(")[0] in place]
    return sorted(known, key=lambda name: (place[name.partition("(")[0]], name))


def short(value: float) -> str:
    """Three digits: `0.0213`, `14.2`, `1,204`; a dash where there is none."""
    if not math.isfinite(value):
        return NONE if math.isnan(value) else "∞" if value > 0 else "-∞"
    size = abs(value)
    if size >= 1000:
        return f"{value:,.0f}" if size < 1e6 else f"{value:.2e}"
    return f"{value:.3g}" if size >= 1e-3 or value == 0 else f"{value:.1e}"


def unit(measure: Measure) -> str:
    """Behind a number: ` °`, ` nats`; nothing where the measure's name says it."""
    return {"degrees": "°", "dimensions": "", "directions": "", "features": ""}.get(
        measure.unit, f" {measure.unit}" if measure.unit else ""
    )


def within(number: Measurement) -> str:
    """`0.91 to 0.94`; empty where there is no interval."""
    return f"{short(number.low)} to {short(number.high)}" if math.isfinite(number.low) else ""


def of(number: Measurement) -> str:
    """What a number was taken over."""
    of_weights = not number.samples and math.isfinite(number.value)
    return "of the head's weights alone" if of_weights else f"n = {number.samples:,}"


def samples(numbers: Sequence[Measurement | None]) -> str:
    """What several numbers of one measure were taken over: `300`, `280 to 300` where they differ; empty of none."""
    counts = sorted({n.samples for n in numbers if n is not None and not n.why})
    return " to ".join(f"{count:,}" for count in dict.fromkeys((counts[0], counts[-1]))) if counts else ""


def told(number: Measurement) -> str:
    """All that must be said beside a number, in lines of plain text."""
    lines = [number.why] if math.isnan(number.value) else []
    if interval := within(number):
        lines.append(f"95 %: {interval}" + (f" ({number.interval})" if number.interval else ""))
    return "\n".join([*lines, of(number), *number.caveats])


def apart(one: Measurement | None, two: Measurement | None) -> bool:
    """Whether two networks differ by more than their intervals, in what can be compared between networks."""
    from analysis.geometry import MEASURES

    return one is not None and two is not None and MEASURES[two.measure].comparable and one.apart(two)


def explained(measure: Measure) -> str:
    """In one or two sentences what it is and how it is read."""
    better = {"low": " Lower is read as better.", "high": " Higher is read as better."}.get(measure.better, "")
    return f"{measure.note.reads}{better}"
