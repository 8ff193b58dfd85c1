"""From a request to single maps wanted, each with its key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from analysis.attribution import METHODS
from analysis.attribution.registry import AttributionMethod
from analysis.attribution.runner import can_smooth, reason_against
from analysis.attribution.targets import Target, parse
from analysis.registry import Scalar
from analysis.store.keys import digest
from analysis.types import Fusion, Request
from models.classifier import Classifier, Tap


@dataclass(frozen=True, slots=True, eq=False)
class Wanted:
    """One map an image: a method with its parameters, where it reads, for which target."""

    method: AttributionMethod
    params: Mapping[str, Scalar]
    taps: tuple[Tap, ...]  # empty for methods that read the input
    target: Target | None  # None where the method does not ask for a class
    fusion: Fusion
    augment: bool
    eigen: bool

    @property
    def fuses(self) -> bool:
        return len(self.taps) > 1 and self.method.kind != "joint"

    def run_id(self, fingerprint: str, image: str) -> str:
        """The key of this map for one classifier and image."""
        return digest(
            family="attribution",
            method=self.method.name,
            version=self.method.version,
            params=dict(self.params),
            taps=[t.name for t in self.taps],
            target=self.target.key if self.target else None,
            fusion=self.fusion if self.fuses else None,
            augment=self.augment,
            eigen=self.eigen,
            classifier=fingerprint,
            image=image,
        )


def plan(classifier: Classifier, request: Request) -> tuple[list[Wanted], dict[str, str]]:
    """Every map wanted of each image, and per method that cannot serve the reason why.

    Raises UnknownName, BadParameter, UnknownTap or MethodError where the request itself is wrong.
    """
    targets = list(dict.fromkeys(parse(text, classifier.class_names) for text in request.targets))
    asked = [(METHODS[a.method], METHODS[a.method].bound(dict(a.params))) for a in request.methods]
    names = request.taps if classifier.default_tap or set(request.taps) != {"auto"} else ()
    taps = list(dict.fromkeys(classifier.tap(name) for name in names))
    wanted: list[Wanted] = []
    refused: dict[str, str] = {}
    for method, params in asked:
        for some in _readings(method, taps, request.fusion):
            reasons = (reason_against(method, classifier, tap) for tap in some or (None,))
            if reason := next((r for r in reasons if r), None):
                refused.setdefault(method.name, reason)
                continue
            eigen = request.eigen_smooth and method.kind not in ("input", "attention")
            augment = request.augment and can_smooth(method)
            named = [None] if method.class_agnostic else targets
            wanted += [Wanted(method, params, some, t, request.fusion, augment, eigen) for t in named]
    served = {w.method.name for w in wanted}
    return wanted, {name: why for name, why in refused.items() if name not in served}


def _readings(method: AttributionMethod, taps: Sequence[Tap], fusion: Fusion) -> list[tuple[Tap, ...]]:
    """The groups of taps that a method makes one map of."""
    if not method.reads_tap:
        return [()]
    if not taps:
        return [()]
    if method.kind == "joint" or fusion != "none":
        return [tuple(taps)]
    return [(tap,) for tap in taps]
