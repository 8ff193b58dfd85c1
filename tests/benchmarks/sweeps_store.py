"""Questions to a sweep of ten million rows: what views of the Robustness page ask when a selection changes.

python -m tests.benchmarks.sweeps_store [--samples 10500] [--members 10] [--rounds 3]

Promised is 1 s each ("!" marks what takes longer): median wall clock of this machine, and in brackets the processor
time of all threads, which other work on the machine does not lengthen as much. Without a selection, and with one of
500 samples. All questions are asked once in each round, so that none finds what it needs still warm from itself.
"""

import argparse
import os
import statistics
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from analysis.pipelines import sweep_summary as summary
from analysis.store import Store
from analysis.sweeps import GEOMETRY, VALUES, Cell, SweepRecord
from tests import sweeps

SELECTED = 500
PROMISED_S = 1.0


def filled(store: Store, folder: Path, sweep: SweepRecord) -> float:
    """Take a made-up sweep of any size as a bundled one is taken; the seconds that it took."""
    import pyarrow as pa
    from pyarrow import parquet

    truth = sweeps.rows(sweep, 0, 0)["truth"]
    parquet.write_table(pa.table({"sample": np.arange(sweep.samples), "truth": truth}), folder / "samples.parquet")
    writer, cells = None, []
    for condition in range(len(sweep.conditions)):
        for member in range(len(sweep.members)):
            found = sweeps.rows(sweep, member, condition)
            table = pa.table(
                {n: np.full(sweep.samples, at, np.int16) for n, at in (("member", member), ("condition", condition))}
                | {n: found[n] for n in ("sample", "prediction", "correct", *VALUES)}
            )
            writer = writer or parquet.ParquetWriter(folder / "rows.parquet", table.schema)
            writer.write_table(table)
            cells.append(Cell(member, condition, "done", "", sweep.samples))
    assert writer is not None
    writer.close()
    began = time.perf_counter()
    store.sweeps.take(sweep, cells, folder / "samples.parquet", folder / "rows.parquet")
    return time.perf_counter() - began


def questions(store: Store, sweep: SweepRecord) -> dict[str, Callable[[np.ndarray | None], object]]:
    last = len(sweep.conditions) - 1
    short = {"members": [0, 1], "conditions": [0, last]}
    every = {"members": range(len(sweep.members)), "conditions": range(len(sweep.conditions))}
    edges = np.linspace(-5, 5, 15).tolist()
    mid = sweep.sweep_id
    return {
        "table: accuracies": lambda s: summary.accuracies(store, sweep, samples=s),
        "table: histograms": lambda s: store.sweeps.histograms(mid, "margin", edges, **every, samples=s),
        "table: a kept or selected score (ECE)": lambda s: summary.scores(store, sweep, "ece", samples=s),
        "table: mean angle": lambda s: summary.scores(store, sweep, "mean_angle", samples=s),
        "mCE and the rest, with intervals": lambda s: summary.aggregated(store, sweep, samples=s),
        "curves, with intervals": lambda s: summary.curves(store, sweep, samples=s),
        "similarity of pairs at severity 3": lambda s: summary.similarity(store, sweep, None, 3, s),
        "similarity of pairs, mean of severities": lambda s: summary.similarity(store, sweep, None, 0, s),
        "similarity of members": lambda s: summary.similarity(store, sweep, None, 3, s, by="member"),
        "redundancy": lambda s: summary.redundancy(store, sweep, samples=s),
        "fragility": lambda s: summary.fragility(store, sweep, samples=s),
        "local geometry: two representations": lambda s: store.sweeps.values(mid, GEOMETRY, **short, samples=s),
        "per class": lambda s: summary.per_class(store, sweep, [0, last], samples=s),
    }


def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="questions to a sweep")
    parser.add_argument("--samples", type=int, default=10_500)
    parser.add_argument("--members", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=3)
    options = parser.parse_args(arguments)
    sweep = sweeps.record(options.members, samples=options.samples)
    selected = np.sort(np.random.default_rng(0).choice(options.samples, min(SELECTED, options.samples), replace=False))
    with tempfile.TemporaryDirectory() as place, Store.open(Path(place, "workspace")) as store:
        seconds = filled(store, Path(place), sweep)
        asked = questions(store, sweep)
        wall: dict[tuple[str, bool], list[float]] = {(n, few): [] for few in (False, True) for n in asked}
        own: dict[tuple[str, bool], list[float]] = {key: [] for key in wall}
        for _ in range(options.rounds):
            for name, few in wall:
                began, worked = time.perf_counter(), time.process_time()
                asked[name](selected if few else None)
                wall[name, few].append(time.perf_counter() - began)
                own[name, few].append(time.process_time() - worked)
        began = time.perf_counter()
        summary.findings(store, sweep)
        claims = time.perf_counter() - began
        size_mb = store.size_bytes() / 1e6
    rows = options.samples * len(sweep.members) * len(sweep.conditions)
    print(f"\nA sweep of {rows:,} rows, {size_mb:.0f} MB; taken in {seconds:.1f} s; all findings {claims:.2f} s")
    print(f"  median of {options.rounds} in s (processor): all samples, then {len(selected)} selected; ", end="")
    print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
    for name in asked:
        told = "  ".join(_told(wall[name, few], own[name, few]) for few in (False, True))
        print(f"  {told}  {name}")


def _told(wall: list[float], own: list[float]) -> str:
    middle = statistics.median(wall)
    return f"{middle:6.3f} ({statistics.median(own):5.2f}){'!' if middle > PROMISED_S else ' '}"


if __name__ == "__main__":
    main()
