"""The evaluation table as the browser draws it: words, shares of a colour ramp, bins of histograms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.sweeps import CLEAN, Member, SweepRecord
from app.evaluation import SHARES, WORSE, Column, Evaluation, Summary
from app.evaluation_order import CLUSTER, MEAN, NAME, Order
from app.evaluation_published import published_rows
from app.evaluation_words import said, share, summary_said
from app.figures.variant_colours import families
from app.robustness_words import SCORES, brief, condition, corruption, family, family_label

if TYPE_CHECKING:
    from analysis.robustness.published import Published

LEAST_SPAN = {"share": 0.05, "number": 1e-6}
"""A ramp is never stretched over less: differences that are nothing must not look like something."""

LEAST_SUMMARY = 5.0
"""The same of a summary, in per cent or points."""

HEADS_PX = 132
"""What the heads of columns and the legend take of the height."""


@dataclass(frozen=True, slots=True, eq=False)
class Drawn:
    """What a table is drawn from."""

    sweep: SweepRecord
    found: Evaluation
    order: Order
    score: str
    severity: int
    number: str
    histograms: np.ndarray | None  # (M, C, B), of all members and conditions
    edges: np.ndarray | None  # (B + 1,)
    summaries: Sequence[Summary]  # beside the mean
    sort: str
    a: tuple[int, int]
    b: tuple[int, int]
    large: bool
    height: int
    published: Sequence[Published] = ()


def document(drawn: Drawn) -> dict[str, Any]:
    """For `widgets.robustness.evaltable`."""
    found, rows = drawn.found, drawn.order.rows
    low, high = _span(drawn)
    heads = _columns(drawn)
    tall = min(
        max((drawn.height - HEADS_PX) // max(len(rows) + len(drawn.published), 1), 14), 48 if drawn.large else 56
    )
    lines, kin = _rows(drawn), families([family(m) for m in drawn.sweep.members])
    others, cells = published_rows(drawn.published, drawn.score, drawn.severity, heads, (low, high))
    shown = dict.fromkeys(family(drawn.sweep.members[found.members[i]]) for i in rows)
    return {
        "score": SCORES.get(drawn.score, drawn.score),
        "number": drawn.number if drawn.edges is not None else "",
        "hue": "bad" if drawn.score in WORSE else "plain" if _neutral(drawn.score) else "good",
        "diverging": drawn.score == "gap",
        "range": [said(-high if drawn.score == "gap" else low, drawn.score), said(high, drawn.score)],
        "ends": [] if drawn.edges is None else [f"{drawn.edges[0]:.3g}", f"{drawn.edges[-1]:.3g}"],
        "split": _split(drawn),
        "corner": {"key": NAME, "label": "", "title": "The variants' names", "way": _way(drawn, NAME)},
        "columns": heads,
        "rows": [*lines, *others],
        "cells": [*([_cell(drawn, i, head, (low, high)) for head in heads] for i in rows), *cells],
        "families": [{"label": family_label(f), "colour": kin[f]} for f in shown],
        **_marks(drawn, heads, lines),
        "tall": tall,
        "wide": drawn.large and len(heads) <= 12,
        "names": 168 if drawn.large else 138,
        "strong": 50 if drawn.large else 36,
        "height": drawn.height,
    }  # fmt: skip


def _neutral(score: str) -> bool:
    """Whether more is neither better nor worse."""
    return score.startswith(("mean_angle", "mean_length", "var_", "auroc"))


def _span(drawn: Drawn) -> tuple[float, float]:
    values = drawn.found.values[np.isfinite(drawn.found.values)]
    if not len(values):
        return 0.0, 1.0
    low, high = float(values.min()), float(values.max())
    least = LEAST_SPAN["share" if drawn.score in SHARES else "number"]
    if drawn.score == "gap":
        return 0.0, max(-low, high, least)
    return (low, high) if high - low >= least else (high - least, high)


def _split(drawn: Drawn) -> float | None:
    """Where a margin of zero is on the axis of the histograms."""
    edges = drawn.edges
    if drawn.number != "margin" or edges is None or not edges[0] < 0 < edges[-1]:
        return None
    return float(-edges[0] / (edges[-1] - edges[0]))


def _way(drawn: Drawn, key: str) -> str:
    return ("▼" if drawn.sort.startswith("-") else "▲") if drawn.sort.removeprefix("-") == key else ""


def _columns(drawn: Drawn) -> list[dict[str, Any]]:
    mean = {
        "key": MEAN, "label": "mean",
        "title": f"Mean over {len(drawn.found.mean_of)} corruptions, without the extra ones",
        "group": "all", "still": True, "strong": True, "way": _way(drawn, MEAN), "place": -1,
    }  # fmt: skip
    others = [
        mean | {
            "key": one.key, "label": one.label, "title": one.title, "way": _way(drawn, one.key), "place": -2 - n,
            "hue": "bad" if one.worse else "good",
        }
        for n, one in enumerate(drawn.summaries)
    ]  # fmt: skip
    made: list[dict[str, Any]] = []
    for k in drawn.order.columns:
        made.append(_column(drawn, k))
        if drawn.found.columns[k].corruption == CLEAN:
            made += [mean, *others]
    return made


def _column(drawn: Drawn, k: int) -> dict[str, Any]:
    column = drawn.found.columns[k]
    clean = column.corruption == CLEAN
    return {
        "key": column.corruption, "label": "clean" if clean else _label(drawn, column),
        "title": _title(drawn.sweep, column), "group": "all" if clean else column.group,
        "way": _way(drawn, column.corruption), "place": k, "strong": clean,
    }  # fmt: skip


def _label(drawn: Drawn, column: Column) -> str:
    """Brief where its group is said above it, whole where columns are clustered or the group says nothing."""
    alone = column.group not in ("noise", "blur") or drawn.sort.removeprefix("-") == CLUSTER
    whole = corruption(column.corruption)
    return whole if alone and whole.endswith(("noise", "blur")) else brief(column.corruption)


def _title(sweep: SweepRecord, column: Column) -> str:
    if len(column.conditions) == 1:
        return condition(sweep.conditions[column.conditions[0]])
    severities = [sweep.conditions[c].severity for c in column.conditions]
    taken = sweep.conditions[column.shows].severity
    between = f"{min(severities)}–{max(severities)}"
    return f"{corruption(column.corruption)}, mean of severities {between}; a click takes {taken}"


def _rows(drawn: Drawn) -> list[dict[str, Any]]:
    sweep, own = drawn.sweep, families([family(m) for m in drawn.sweep.members])
    rows, before = [], None
    grouped = drawn.sort.removeprefix("-") in ("", "family")
    for i in drawn.order.rows:
        member = sweep.members[drawn.found.members[i]]
        rows.append(
            {
                "name": member.name, "label": _label_of(member),
                "title": f"{_about(member, sweep)}. Click: show it as a; with Shift: compare with it.",
                "colour": own[family(member)], "sparsity": _sparsity(member), "published": False,
                "reference": member.name == sweep.reference, "first": grouped and before not in (None, family(member)),
            }
        )  # fmt: skip
        before = family(member)
    return rows


def _label_of(member: Member) -> str:
    """The name without what stands beside it anyway: its parent, its sparsity."""
    name = member.name.removeprefix(f"{member.parent}-")
    return name if member.sparsity is None else name.removesuffix(f"-{100 * member.sparsity:.3g}")


def _sparsity(member: Member) -> str:
    return "" if member.sparsity is None else f"{100 * member.sparsity:.3g} %"


def _about(member: Member, sweep: SweepRecord) -> str:
    said = [member.name, "the reference" if member.name == sweep.reference else ""]
    if member.kind == "deck":
        said.append(f"a deck of {', '.join(member.of)}, {member.gate}")
    elif member.method:
        said.append(
            f"{family_label(member.method)}, {_sparsity(member)} zeros"
            if member.sparsity
            else family_label(member.method)
        )
    said.append("" if member.linear_head else "no single linear head: no angle, length or margin")
    return " · ".join(filter(None, said))


def _cell(drawn: Drawn, i: int, head: Mapping[str, Any], span: tuple[float, float]) -> dict[str, Any]:
    found, k = drawn.found, head["place"]
    if k < 0:
        return _summary(drawn, i, head)
    value, state = float(found.values[i, k]), found.states[i][k]
    low, high, samples = float(found.low[i, k]), float(found.high[i, k]), int(found.samples[i, k])
    made: dict[str, Any] = {
        "state": "" if state == "done" else state, "share": share(value, span),
        "text": said(value, drawn.score), "short": said(value, drawn.score, brief=True),
        "why": found.messages.get((i, k), ""), "count": f"{samples:,} samples" if samples else "",
        "interval": f"{said(low, drawn.score)} to {said(high, drawn.score)} (95 %)" if np.isfinite(low) else "",
        "counts": _counts(drawn, i, found.columns[k]),
    }  # fmt: skip
    made["levels"] = [share(float(v), span) for v in found.levels[i, k]]
    return made


def _summary(drawn: Drawn, i: int, head: Mapping[str, Any]) -> dict[str, Any]:
    """A cell of a column that is over all corruptions."""
    blank = {"why": "", "count": "", "interval": "", "counts": None, "levels": None}
    if head["key"] == MEAN:
        value = float(drawn.found.mean[i])
        text, short = said(value, drawn.score), said(value, drawn.score, brief=True)
        return blank | {
            "state": "" if text else "missing", "text": text, "short": short, "share": share(value, _span(drawn)),
        }  # fmt: skip
    one = drawn.summaries[-2 - head["place"]]
    value, there = float(one.values[i]), one.values[np.isfinite(one.values)]
    low, high = (float(there.min()), float(max(there.max(), there.min() + LEAST_SUMMARY))) if len(there) else (0.0, 1.0)
    text = summary_said(value, one)
    bounds = [summary_said(float(each[i]), one) for each in (one.low, one.high)]
    return blank | {
        "state": "" if text else "missing", "text": text, "short": summary_said(value, one, brief=True),
        "share": share(value, (low, high)), "interval": f"{bounds[0]} to {bounds[1]} (95 %)" if all(bounds) else "",
        "score": one.label,
    }  # fmt: skip


def _counts(drawn: Drawn, i: int, column: Column) -> list[int] | None:
    if drawn.histograms is None:
        return None
    counts = drawn.histograms[drawn.found.members[i]][list(column.conditions)].sum(axis=0)
    most = counts.max()
    return [int(n) for n in np.round(99 * counts / most)] if most else None


def _marks(drawn: Drawn, heads: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Where the two representations are in the table; None where they are not in it."""
    names, marks = [row["name"] for row in rows], {}
    for mark, (member, place) in (("a", drawn.a), ("b", drawn.b)):
        name = drawn.sweep.members[member].name
        columns = [
            n
            for n, head in enumerate(heads)
            if head["place"] >= 0 and place in drawn.found.columns[head["place"]].conditions
        ]
        marks[mark] = [names.index(name), columns[0]] if name in names and columns else None
    return marks
