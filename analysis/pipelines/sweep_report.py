"""A sweep on one page of HTML that needs nothing else: no server, no script, no network."""

from __future__ import annotations

import platform
from collections.abc import Iterator
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import NotApplicable
from analysis.pipelines import sweep_summary as summary
from analysis.pipelines.sweep_drawing import curve, legend, number, ranged, shaded, signed, table, words
from analysis.pipelines.sweep_likeness import Redundancy
from analysis.pipelines.sweep_reading import Interval, grid_of, intervals, replicates
from analysis.pipelines.sweep_summary import Aggregates
from analysis.robustness import aggregates, published
from analysis.robustness.findings import Finding
from analysis.sweeps import SweepRecord

if TYPE_CHECKING:
    from analysis.store.store import Store

_STYLE = """
:root{color-scheme:light dark;--ink:#1D2A2B;--paper:#FBFAF7;--quiet:#6B7374;--line:#D8D6CF}
@media(prefers-color-scheme:dark){:root{--ink:#E6EAE8;--paper:#141A1B;--quiet:#9AA5A6;--line:#334041}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1280px;margin:2rem auto;
padding:0 1.2rem}
h1{font-size:1.7rem;margin-bottom:0}h2{font-size:1.2rem;margin-top:2.4rem;border-bottom:1px solid var(--line)}
p,li{max-width:75ch}.quiet,small,caption{color:var(--quiet)}caption{text-align:left;padding-bottom:.4rem}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:12.5px;font-variant-numeric:tabular-nums}
th,td{padding:3px 7px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th[scope=row]{text-align:left;font-weight:500}thead th{font-weight:500;color:var(--quiet);vertical-align:bottom}
.slim thead th+th{writing-mode:vertical-rl;transform:rotate(180deg);text-align:left;padding:4px 2px}
.none{color:var(--quiet)}dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 1rem}dt{color:var(--quiet)}
dd{margin:0}.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(190px,1fr));gap:6px}
svg text{font-size:8.5px;fill:var(--quiet)}svg .title{font-size:10px;fill:var(--ink)}svg .grid{stroke:var(--line)}
.legend{font-size:12px;max-width:none}.legend span{margin-right:1em;white-space:nowrap}
.legend i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin-right:5px}
.finding{border-left:3px solid var(--line);padding:.1rem 0 .1rem 1rem;margin:1rem 0}
.found{border-color:#0B7A75}.finding b{display:block}.finding p{margin:.2rem 0}
"""


def html(store: Store, sweep: SweepRecord) -> str:
    """The whole report; what is not computed yet is a dash in it."""
    resampled = replicates(store, sweep)
    whole = summary.aggregated(store, sweep, resampled=resampled)
    redundant = summary.redundancy(store, sweep, resampled=resampled)
    parts = [
        _asked(store, sweep),
        _evaluation(sweep, whole, resampled),
        _curves(store, sweep),
        _mce(sweep, whole),
        _redundancy(sweep, redundant),
        _findings(store, sweep),
        _notes(store, sweep),
    ]
    title = escape(sweep.name)
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f'<meta name=viewport content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1><p class=quiet>Variants under corruption, a report by Cutaway</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _asked(store: Store, sweep: SweepRecord) -> str:
    cells = store.sweeps.cells(sweep.sweep_id)
    done, total = sum(c.state == "done" for c in cells), len(sweep.members) * len(sweep.conditions)
    failed = sum(c.state == "failed" for c in cells)
    rows, columns = sweep.image_size
    facts = {
        "Images": f"{sweep.samples:,} of {sweep.dataset_name}, {len(sweep.class_names):,} classes",
        "Corrupted at": f"{rows} x {columns} pixels, with the levels of the table '{sweep.table}'",
        "Members": f"{len(sweep.members):,}; the others are compared with {sweep.reference}",
        "Conditions": f"{len(sweep.conditions):,}: clean, and {len(sweep.corruptions)} corruptions",
        "Cells": f"{done:,} of {total:,}" + (f", {failed:,} failed" if failed else ""),
        "Seed": str(sweep.seed),
        "Settings": ", ".join(f"{name} {value}" for name, value in sweep.params.items()),
        "Computed": " ".join(
            p for p in (f"{sweep.computed_at:%Y-%m-%d %H:%M}" if sweep.computed_at else "", sweep.device) if p
        ),
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(said)}</dd>" for name, said in facts.items() if said)
    return f"<h2>What was asked</h2><dl>{listed}</dl>"


def _evaluation(sweep: SweepRecord, whole: Aggregates, resampled: np.ndarray) -> str:
    """Accuracy, mean over severities; published rows below, where there are some of the same images."""
    found = intervals(1 - aggregates.corruption_errors(resampled, grid_of(sweep)))
    spread = found.value[np.isfinite(found.value)]
    limits = (float(spread.min()), float(spread.max())) if spread.size else (0.0, 1.0)
    rows = []
    for place, member in enumerate(sweep.members):
        cells = [number(float(whole.clean.value[place]), 1, 100)]
        for k, corruption in enumerate(sweep.corruptions):
            value, low, high = (float(a[place, k]) for a in (found.value, found.low, found.high))
            title = f"{member.name}, {words(corruption)}: {number(low, 1, 100)} to {number(high, 1, 100)}"
            cells.append(shaded(value, *limits, number(value, 1, 100), title))
        cells.append(number(float(whole.corrupted.value[place]), 1, 100))
        rows.append([escape(member.name), *cells])
    rows += _published(sweep)
    which = (
        "the fifteen of mCE" if whole.standard else "those of mCE" if whole.corruptions != sweep.corruptions else "all"
    )
    told = f"Accuracy in percent, mean over severities; the mean is over {which}. The cursor shows 95 % intervals."
    head = ["", "clean", *(words(c) for c in sweep.corruptions), "mean"]
    return f"<h2>Evaluation</h2><div class=slim>{table(head, rows, told)}</div>"


def _published(sweep: SweepRecord) -> list[list[str]]:
    """Rows of the same benchmark; they are of its whole test set, and of other networks."""
    benchmark = published.benchmark_of(sweep.table, sweep.class_names)
    made = []
    for row in published.rows(benchmark) if benchmark else ():
        errors = [row.errors.get(c, float("nan")) for c in sweep.corruptions]
        clean = float("nan") if row.clean is None else row.clean
        name = f"{escape(row.name)} <small>published {row.year}, {escape(row.source)}</small>"
        made.append(
            [name, number(clean, 1, 100), *(number(1 - e, 1, 100) for e in errors), number(1 - row.mean_error, 1, 100)]
        )
    return made


def _curves(store: Store, sweep: SweepRecord) -> str:
    order = [sweep.member(sweep.reference) or 0]
    order += [i for i in range(len(sweep.members)) if i not in order]
    found = summary.curves(store, sweep, order)
    names = [sweep.members[i].name for i in order]
    panels = [
        curve(words(corruption), found.severities, found.values[:, k], found.low[:, k], found.high[:, k], names)
        for k, corruption in enumerate(sweep.corruptions)
    ]
    told = "Accuracy in percent by severity; intervals are drawn for the first."
    return f"<h2>Curves</h2><p class=quiet>{told}</p>{legend(names)}<div class=panels>{''.join(panels)}</div>"


def _mce(sweep: SweepRecord, whole: Aggregates) -> str:
    columns = (
        ("mCE, %", whole.mce, 1, 1.0),
        ("relative mCE, %", whole.relative_mce, 1, 1.0),
        ("mean error, %", whole.mean_error, 2, 100.0),
        ("clean accuracy, %", whole.clean, 2, 100.0),
        ("robust gap, points", whole.robust_gap, 2, 100.0),
        ("effective robustness, points", whole.effective, 2, 100.0),
    )
    rows = [
        [escape(sweep.members[member].name), *(_told(c, i, digits, by) for _, c, digits, by in columns)]
        for i, member in enumerate(whole.members)
    ]
    which = "the fifteen corruptions" if whole.standard else f"these {len(whole.corruptions)} corruptions"
    told = (
        f"Over {which}. mCE and relative mCE are errors as a percentage of those of {escape(whole.reference)}. "
        "Effective robustness is accuracy above a line through these members, in logits. In brackets 95 % intervals."
    )
    return f"<h2>mCE</h2>{table(['', *(c[0] for c in columns)], rows, told)}"


def _told(found: Interval, place: int, digits: int, factor: float) -> str:
    value, low, high = (float(a[place]) for a in (found.value, found.low, found.high))
    return ranged(value, low, high, digits, factor)


def _redundancy(sweep: SweepRecord, found: Redundancy) -> str:
    if not found.steps:
        return (
            "<h2>Redundancy</h2><p>It takes three members with all their cells, and an order among them; "
            f"there are {len(found.members)}.</p>"
        )
    rows = [
        [words(c), *(signed(float(v), f"{words(c)}, {words(d)}") for d, v in zip(found.corruptions, line, strict=True))]
        for c, line in zip(found.corruptions, found.correlation.value, strict=True)
    ]
    steps = [
        [
            str(len(step.corruptions)),
            escape(", ".join(map(words, step.corruptions))),
            ranged(step.tau.value, step.tau.low, step.tau.high, 3),
            "all tried" if step.exact else "best found by adding",
        ]
        for step in found.steps
    ]
    told = f"The best subset of each size, up to Kendall's tau {found.threshold:g} with the ranking by all."
    steady = (
        f"The ranking by all corruptions agrees with itself in resamples of the images with tau "
        f"{number(found.steadiness.value, 3)}: no subset needs more."
    )
    matrix = table(["", *map(words, found.corruptions)], rows, f"Correlation over {len(found.members)} members.")
    listed = table(["corruptions", "which", "tau", ""], steps, told)
    return f"<h2>Redundancy</h2>{listed}<p>{steady}</p><div class=slim>{matrix}</div>"


def _findings(store: Store, sweep: SweepRecord) -> str:
    try:
        found = summary.findings(store, sweep)
    except NotApplicable as error:
        return f"<h2>Findings</h2><p>{escape(str(error))}</p>"
    return f"<h2>Findings</h2>{''.join(map(_finding, found))}<p class=quiet>{escape(found[0].seeds.capitalize())}.</p>"


def _finding(found: Finding) -> str:
    kind = "finding found" if found.verdict == "found" else "finding"
    rows = [
        [
            escape(bar.label),
            ranged(bar.score.value, bar.score.low, bar.score.high, 3 if abs(bar.score.value) < 10 else 1),
        ]
        for bar in found.values
    ]
    details = table(["", escape(found.unit)], rows) if rows else ""
    folded = f"<details><summary>numbers</summary>{details}</details>" if details else ""
    return (
        f'<div class="{kind}"><b>{escape(found.claim)}</b><p><em>{found.verdict}</em></p>'
        f"<p>{escape(found.sentence)}</p>{folded}</div>"
    )


def _notes(store: Store, sweep: SweepRecord) -> str:
    said = [escape(r) for r in (*sweep.remarks, str(summary.identities(store, sweep)))]
    said += [
        f"{escape(sweep.members[c.member].name)}, {escape(sweep.conditions[c.condition].name)}: {escape(text)}"
        for c in store.sweeps.cells(sweep.sweep_id)
        for text in (c.message, *c.remarks)
        if text
    ][:200]
    versions = " · ".join(_versions())
    return f"<h2>Remarks</h2><ul>{''.join(f'<li>{s}</li>' for s in said)}</ul><h2>Versions</h2><p>{versions}</p>"


def _versions() -> Iterator[str]:
    yield f"Python {platform.python_version()}"
    for name in ("cutaway", "torch", "numpy", "scipy", "scikit-learn", "duckdb"):
        yield f"{name} {version(name)}"
