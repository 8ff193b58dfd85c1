"""About how long a job of measuring takes, before it is begun.

What was measured of these models before tells best: the fit below is scaled by it. The fit is of all measures that are
not slow, on one core of an AMD EPYC, over 1,000 to 50,000 samples of 16 to 2,048 features and 10 to 1,000 classes;
it was within a third of what was measured.
"""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from analysis.engine.side_by_side import MOST
from analysis.pipelines.geometry_asking import comparisons, wanted_pairs

if TYPE_CHECKING:
    from analysis.measurements import Measurement
    from analysis.store.store import Store

IMAGES = 1.0  # to read the images that dimensions are set beside, of one model
START = 1.0  # to open the networks
PAIR, PRODUCT = 5e-4, 4e-11  # of two layers, and of a multiplication of CKA


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is to be done, and about how long it takes."""

    runs: int  # of models over the images
    layers: int  # to be measured, of all models
    comparisons: int  # matrices of layers, or of two models
    seconds: float
    untimed: tuple[str, ...]  # what of it was never timed, in words; it is not in `seconds`

    @property
    def nothing(self) -> bool:
        return not (self.runs or self.layers or self.comparisons)


def outlook(store: Store, arguments: Mapping[str, Any]) -> Outlook:
    """Of what `asked` gave."""
    from analysis.geometry import MEASURES

    dataset = store.dataset(arguments["dataset"])
    size, classes = dataset.size, len(dataset.class_names)
    runs = [s for s in arguments["subjects"] if s["run"]]
    lacking = [(s, tap) for s in arguments["subjects"] for tap in s["taps"] if tap not in s["measured"]]
    left = [pair for pair in comparisons(arguments) if pair not in arguments["compared"]]
    forward = _forward(store, arguments)
    known = [s["model_id"] in forward for s in runs]
    slow = [name for name in arguments["measures"] if MEASURES[name].slow]
    timed = _timed(store, arguments)
    work = sum(usual(size, _width(s, tap), classes) for s, tap in lacking) * _scale(timed, arguments, size, classes)
    work += sum(_mean(timed, name) * len(lacking) for name in slow)
    seconds = work / max(1, min(len(lacking), os.cpu_count() or 1, MOST))
    seconds += IMAGES * len({s["pass_id"] for s, _ in lacking})
    seconds += sum(forward[s["model_id"]] for s, there in zip(runs, known, strict=True) if there)
    if left:
        seconds += PAIR * sum(len(wanted_pairs(arguments, one, two)) for _, one, two in left)
        seconds += sum(3 * PRODUCT * size * sum(s["widths"]) ** 2 for s in arguments["subjects"])
    if runs or lacking or left:
        seconds += START
    untimed = ["the run" if len(runs) == 1 else "runs"] * (not all(known))
    untimed += ["slow measures"] * any(lacking and not _mean(timed, name) for name in slow)
    return Outlook(len(runs), len(lacking), len(left), seconds, tuple(untimed))


def usual(samples: int, width: int, classes: int) -> float:
    """Seconds of all measures that are not slow, at one layer."""
    n, d, k = float(samples), float(width), float(classes)
    of_features = 1.4e-7 * n * d + 1e-10 * n * d**2 + 1.6e-9 * d**3
    of_classes = 1.6e-7 * n * k + 6e-10 * n * k * d + 8e-7 * k**2
    return 0.04 + of_features + of_classes


def _timed(store: Store, arguments: Mapping[str, Any]) -> list[Measurement]:
    """What these models have at layers that are measured already; measures beside the images left out."""
    from analysis.geometry import MEASURES

    taps = {s["pass_id"]: set(s["measured"]) for s in arguments["subjects"]}
    single = [name for name in arguments["measures"] if MEASURES[name].kind != "pair"]
    return [n for n in store.geometry.numbers(list(taps), single) if n.tap in taps[n.pass_id]]


def _scale(timed: Sequence[Measurement], arguments: Mapping[str, Any], size: int, classes: int) -> float:
    """How much longer than usual it took here; 1 where nothing tells."""
    from analysis.geometry import MEASURES

    took = sum(n.seconds for n in timed if not MEASURES[n.measure].slow)
    measured = [(s, tap) for s in arguments["subjects"] for tap in s["measured"]]
    expected = sum(usual(size, _width(s, tap), classes) for s, tap in measured)
    return took / expected if took and expected else 1.0


def _mean(timed: Sequence[Measurement], name: str) -> float:
    """Seconds of one measure at a layer; 0 where nothing tells."""
    found = [n.seconds for n in timed if n.measure == name]
    return sum(found) / len(found) if found else 0.0


def _width(subject: Mapping[str, Any], tap: str) -> int:
    return subject["widths"][subject["taps"].index(tap)]


def _forward(store: Store, arguments: Mapping[str, Any]) -> dict[str, float]:
    """Fingerprint -> seconds that a model took over these images before."""
    found = store.passes(arguments["dataset"])
    return {p.model_id: p.seconds for p in reversed(found) if p.seconds > 0}
