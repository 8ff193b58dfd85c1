"""What variants cost and what they are worth: the axes, who stands where and why some do not, who is beaten by none."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from analysis.records import Measures, Speed
from app import words

if TYPE_CHECKING:
    from analysis.pipelines.variants import Member

Form = Literal["share", "count", "bytes", "milliseconds", "rate", "number"]
Source = Literal["profile", "speed", "measures", "compared"]


@dataclass(frozen=True, slots=True)
class Axis:
    """A number that variants are compared by."""

    label: str
    more: bool  # whether more of it is better
    form: Form
    source: Source
    value: Callable[[Any], float | None]
    itself: float | None = None  # what a base has, compared with itself


COSTS: dict[str, Axis] = {
    "sparsity": Axis("Sparsity", True, "share", "profile", lambda p: p.sparsity),
    "nonzeros": Axis("Non-zero parameters", False, "count", "profile", lambda p: p.nonzeros),
    "sparse": Axis("File, zeros left out", False, "bytes", "profile", lambda p: p.size_sparse),
    "dense": Axis("File, all weights", False, "bytes", "profile", lambda p: p.size_dense),
    "macs": Axis("MACs of one image", False, "count", "profile", lambda p: p.macs),
    "latency": Axis("Measured time of one image", False, "milliseconds", "speed", lambda s: s.latency_ms),
    "rate": Axis("Measured images a second", True, "rate", "speed", lambda s: s.images_per_second),
}
WORTH: dict[str, Axis] = {
    "accuracy": Axis("Accuracy", True, "share", "measures", lambda m: m.accuracy),
    "ece": Axis("Calibration error (ECE)", False, "share", "measures", lambda m: m.ece),
    "agreement": Axis("Agreement with the base", True, "share", "compared", lambda m: m.agreement, 1.0),
    "cka": Axis("Likeness of the last features (CKA)", True, "number", "compared", lambda m: m.cka, 1.0),
    "logits": Axis("Mean change of a logit", False, "number", "compared", lambda m: m.delta_logit, 0.0),
}


@dataclass(frozen=True, slots=True)
class Standing:
    """One model with what is known of it, where it was asked."""

    member: Member
    base: bool
    measures: Measures | None  # on the test set in question
    compared: Measures | None  # those of them that compare it with the base
    speed: Speed | None

    def value(self, axis: Axis) -> float | None:
        if axis.itself is not None and self.base:
            return axis.itself
        found = self.member.profile if axis.source == "profile" else getattr(self, axis.source)
        return None if found is None else axis.value(found)

    @property
    def sparsity(self) -> float:
        """For the order of points: as counted, else as asked for."""
        if self.member.profile is not None:
            return self.member.profile.sparsity
        return self.member.recipe.sparsity if self.member.recipe else 0.0


def standings(family: Sequence[Member], base: str, where: str, device: str) -> list[Standing]:
    """Where each model stands: on a dataset (its id) or, where `where` is no id, on the test set that cards call so."""
    base_id = next((m.model_id for m in family if m.name == base), "")
    found = []
    for member in family:
        here = [m for m in member.measures if where and where == (m.dataset_id or m.dataset_name)]
        compared = next((m for m in here if m.base_id and m.base_id == base_id), None)
        measured = compared or next((m for m in here if m.accuracy is not None), None) or (here[0] if here else None)
        speed = next((s for s in member.speeds if s.device == device), None)
        found.append(Standing(member, member.name == base, measured, compared, speed))
    return found


def card_test_set(family: Sequence[Member]) -> str:
    """What most cards call the images that their accuracy is of; empty where none says one."""
    told = Counter(
        m.dataset_name
        for member in family
        for m in member.measures
        if not m.dataset_id and m.accuracy is not None  # the first name of a card is its test set
    )
    return max(told, key=lambda name: told[name]) if told else ""


def usual_device(family: Sequence[Member]) -> str:
    """The device that most models were timed on; empty where none was."""
    timed = Counter(device for member in family for device in {s.device for s in member.speeds})
    return max(timed, key=lambda name: timed[name]) if timed else ""


def reason(standing: Standing, axis: Axis, base: str, where: str) -> str:
    """Why a model has no value on an axis, in a few words. `where`: the dataset as people call it; empty: cards."""
    member, measures = standing.member, standing.measures
    if not member.architecture:
        return member.summary.rstrip(".")
    if axis.source == "profile":
        return "Weights not counted yet"
    if axis.source == "speed":
        return f"Timed on {member.speeds[0].device} only" if member.speeds else "Not timed on this device yet"
    if not where:
        return f"The card does not say: {axis.label}"
    if measures is None:
        return f"Not measured on {where} yet"
    if axis.source == "compared" and standing.compared is None:
        return f"Not compared with {base} on {where} yet"
    if measures.accuracy is None and axis.source == "measures":
        return f"No image of {where} has a label that it knows"
    return f"Measured on {where}, but without this number"


def front(points: Sequence[tuple[float, float]], more: tuple[bool, bool]) -> list[int]:
    """The points that no other beats, by their places, in the order of x.

    One beats another by being at least as good on both axes and better on one. `more`: whether more is better, for
    each axis. Points that are the same beat each other no more than themselves.
    """
    signs = [1 if wanted else -1 for wanted in more]
    good = [(signs[0] * x, signs[1] * y) for x, y in points]
    kept: list[int] = []
    for place in sorted(range(len(good)), key=lambda i: good[i], reverse=True):
        if not kept or good[place][1] > good[kept[-1]][1] or good[place] == good[kept[-1]]:
            kept.append(place)
    return sorted(kept, key=lambda i: (points[i][0], i))


def group(member: Member, labels: Mapping[str, Any]) -> str:
    """What a line of the plot is of: the method and what else was done, in words. `labels`: the pruning methods."""
    recipe = member.recipe
    if recipe is None:
        return "Other checkpoints"
    method = labels.get(recipe.method)
    name = [method.label if method else recipe.method.replace("_", " ").capitalize()]
    if method and recipe.scope != method.scope:
        name.append({"global": "one threshold", "layer": "by layer"}.get(recipe.scope, recipe.scope.replace("_", " ")))
    if method and recipe.granularity != method.granularities[0]:
        name.append(recipe.granularity)
    if recipe.tuning.epochs and not (method and method.trains):
        name.append("fine-tuned")
    if recipe.recalibrate:
        name.append("recalibrated")
    return ", ".join(name)


def said(value: float | None, form: Form) -> str:
    """A value as people read it."""
    if value is None:
        return "–"
    texts: dict[Form, Callable[[float], str]] = {
        "share": lambda v: f"{100 * v:.1f} %",
        "count": words.number,
        "bytes": words.size,
        "milliseconds": lambda v: f"{v:.3g} ms",
        "rate": lambda v: f"{words.number(v)} images/s",
        "number": lambda v: f"{v:.3g}",
    }
    return texts[form](value)
