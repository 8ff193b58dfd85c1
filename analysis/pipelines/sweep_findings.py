"""A sweep of the store as evidence for the claims of `robustness.findings`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import NotApplicable
from analysis.pipelines.sweep_reading import geometry, grid_of, spaced, values
from analysis.robustness import aggregates
from analysis.robustness.findings import Evidence, Finding, verdicts
from analysis.robustness.fragility import fragility
from analysis.robustness.similarity import standardised
from analysis.sweeps import SweepRecord

if TYPE_CHECKING:
    from analysis.store.store import Store


def findings(store: Store, sweep: SweepRecord, samples: np.ndarray | None = None) -> list[Finding]:
    """The claims, tested on the members that have all their cells. NotApplicable while there is none."""
    return verdicts(evidence(store, sweep, samples))


def evidence(store: Store, sweep: SweepRecord, samples: np.ndarray | None = None) -> Evidence:
    """NotApplicable where no network has all its cells, or nothing was corrupted."""
    cells = {(c.member, c.condition) for c in store.sweeps.cells(sweep.sweep_id) if c.state == "done"}
    total = len(sweep.conditions)
    whole = [i for i, m in enumerate(sweep.members) if m.kind == "model" and all((i, c) in cells for c in range(total))]
    if not whole or total < 2:
        raise NotApplicable(
            "The claims are tested on networks whose cells are all there, clean and under some corruption; "
            f"the sweep '{sweep.name}' has none yet."
        )
    correct = values(store, sweep, ["correct"], whole, range(total), samples)["correct"]
    accuracies = aggregates.accuracy_replicates(correct, seed=sweep.seed)
    judged = fragility(np.arange(correct.shape[2]), correct[:, 1:], correct[:, 0])
    places = spaced(store, sweep, len(whole), total, samples)
    numbers = geometry(store, sweep, whole, [(c,) for c in range(total)], places)
    return Evidence(
        members=tuple(sweep.members[i] for i in whole),
        classes=len(sweep.class_names),
        corruptions=sweep.corruptions,
        samples=correct.shape[2],
        seed=sweep.seed,
        clean=accuracies[:, 0],
        corrupted=1 - aggregates.corruption_errors(accuracies, grid_of(sweep)),
        wrong=judged.wrong,
        right=judged.clean,
        compared=len(places),
        vectors=standardised(numbers),
        angles=numbers["angle"],
    )
