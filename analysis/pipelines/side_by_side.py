"""Pictures before one classifier, for columns of several: what it says, one map each, and where its features lie."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from analysis.attribution.kept import KeptPasses
from analysis.passes.forward import PENULTIMATE, Forward
from analysis.passes.geometry import LinearHead, geometry
from analysis.pipelines.explain import explain
from analysis.store.store import Store
from analysis.types import Explanation, Picture, Report, Request, silent
from models.classifier import Classifier


@dataclass(frozen=True, slots=True, eq=False)
class Sight:
    """A picture and what is asked of it."""

    picture: Picture
    target: str = "predicted"  # the class that the map speaks of, as in a Request
    against: int | None = None  # the class that angle and margin are measured against; None: the predicted one


@dataclass(frozen=True, slots=True)
class Place:
    """Where the last features of a picture lie (see `passes.geometry`); nan where there is no such number."""

    against: int  # the classifier's class
    angle: float  # radians
    length: float
    margin: float


@dataclass(frozen=True, slots=True, eq=False)
class Look:
    """One picture as one classifier sees it."""

    explanation: Explanation
    place: Place | None  # None: the head is not one linear map


def look(
    classifier: Classifier,
    sights: Sequence[Sight],
    request: Request,
    *,
    store: Store | None = None,
    kept: KeptPasses | None = None,
    report: Report = silent,
) -> list[Look]:
    """Every sight, in the order given. `request`: the methods and taps; the targets are those of the sights.

    What the store has is read back. Raises what `explain` raises.
    """
    explained: dict[int, Explanation] = {}
    targets = list(dict.fromkeys(s.target for s in sights))
    for number, target in enumerate(targets):
        which = [i for i, s in enumerate(sights) if s.target == target]

        def part(fraction: float, message: str, number: int = number) -> None:
            report((number + fraction) / len(targets), message)

        asked = replace(request, targets=(target,))
        found = explain(classifier, [sights[i].picture for i in which], asked, store=store, kept=kept, report=part)
        explained |= dict(zip(which, found, strict=True))
    against = [explained[i].top[0].index if s.against is None else s.against for i, s in enumerate(sights)]
    places = positions(classifier, [s.picture for s in sights], against)
    return [Look(explained[i], places[i] if places else None) for i in range(len(sights))]


def positions(classifier: Classifier, pictures: Sequence[Picture], classes: Sequence[int]) -> list[Place]:
    """Angle, length and margin of each picture against its class; empty where the head is not one linear map."""
    head = classifier.head
    if head is None or not pictures:
        return []
    rows, columns = classifier.preprocessing.size
    cropped = [np.asarray(classifier.preprocessing.cropped(p.pixels)).reshape(rows, columns, -1) for p in pictures]
    features = Forward(classifier, (PENULTIMATE,), autocast=False)(torch.from_numpy(np.stack(cropped)))
    weight = head.weight.cpu().double().numpy()
    bias = np.zeros(len(weight)) if head.bias is None else head.bias.cpu().double().numpy()
    last = features.features[PENULTIMATE].cpu().numpy()
    found = geometry(last, LinearHead(weight, bias), np.asarray(classes))
    numbers = zip(found.angle, found.length, found.margin, strict=True)
    return [Place(int(c), *map(float, three)) for c, three in zip(classes, numbers, strict=True)]
