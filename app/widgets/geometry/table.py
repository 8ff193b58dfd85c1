"""Numbers of one layer as a table: a row a measure, a column a model, what must be said of each under the cursor."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from html import escape

import streamlit as st

from analysis.measurements import Measurement
from app import geometry_words as words
from app.geometry_choice import Network, Subject

STYLE = """<style>
.geometry-table { width: 100%; border-collapse: collapse; font-size: 0.82rem; font-variant-numeric: tabular-nums }
.geometry-table :is(th, td) { padding: 2px 6px; text-align: right; font-weight: 400; white-space: nowrap;
  border: 0; border-bottom: 1px solid rgba(128,128,128,0.16) }
.geometry-key { font-size: 0.8rem; opacity: 0.62; padding-top: 4px }
.geometry-table th[scope=row] { text-align: left; white-space: normal; min-width: 9rem }
.geometry-table thead th { opacity: 0.7; max-width: 11rem; overflow: hidden; text-overflow: ellipsis }
.geometry-table tr.group th { opacity: 0.65; font-size: 0.74rem; padding-top: 7px; text-transform: uppercase;
  letter-spacing: 0.04em; text-align: left }
.geometry-table small { opacity: 0.62; font-size: 0.72rem; white-space: nowrap }
.geometry-table td.apart b { font-weight: 650 }
.geometry-table .none { opacity: 0.5 }
.geometry-table td.n { opacity: 0.62; font-size: 0.74rem }
.geometry-table [title] { cursor: help }
.geometry-wide { overflow: auto; container-type: inline-size }
@container (max-width: 60rem) {
  .geometry-table.many small { display: block }
  .geometry-table.many thead th { max-width: 8.5rem; white-space: normal }
}
</style>"""

FEW = 2  # models whose intervals stand beside their numbers in a narrow table; of more they stand below
MISSING = "·"


def at(network: Network, tap: str) -> dict[str, Measurement]:
    """Measure -> its number at a layer; of one with other parameters than the usual under a name that says so."""
    return {n.measure: n for n in network.numbers if n.tap == tap and not n.other_pass}


def measured(networks: Sequence[Network], tap: str) -> list[str]:
    """What any of them has there, by group, in the registry's order."""
    from analysis.geometry import MEASURES

    there = words.in_order(name for network in networks for name in at(network, tap))
    place = {group: i for i, group in enumerate(words.GROUPS)}
    return sorted(there, key=lambda name: place.get(MEASURES[name].group, len(place)))


def section(subject: Subject, names: Sequence[str], height: int | None = None) -> None:
    """Draw these measures at the layer of the choice, and below what its marks mean."""
    networks, tap = subject.networks, subject.choice.tap
    said = f'<div class="geometry-key">{escape(key(networks, tap, names))}</div>'
    st.html(STYLE + html(networks, tap, names, height) + said)


def key(networks: Sequence[Network], tap: str, names: Sequence[str]) -> str:
    """The meaning of the marks that are in the table."""
    columns = [at(network, tap) for network in networks]
    rows = [[found.get(name) for found in columns] for name in names]
    there = [number for row in rows for number in row if number is not None]
    explained = {
        f"{words.NONE} not defined here": any(n.why for n in there),
        "* with a caveat": any(n.caveats and not n.why for n in there),
    }
    marks = explained | {
        f"{MISSING} not measured": any(number is None for row in rows for number in row),
        "bold: its interval does not touch the first model's": any(words.apart(r[0], n) for r in rows for n in r[1:]),
    }
    said = "; ".join(mark for mark, there in marks.items() if there)
    return (
        said[:1].upper()
        + said[1:]
        + ("." if said else "")
        + (" The cursor says why." if any(explained.values()) else "")
    )


def html(networks: Sequence[Network], tap: str, names: Sequence[str], height: int | None = None) -> str:
    """Bold: its interval does not touch that of the first model."""
    from analysis.geometry import MEASURES

    columns = [at(network, tap) for network in networks]
    head = "".join(f'<th scope=col title="{escape(n.name)}">{_named(n.name)}</th>' for n in networks)
    head += '<th scope=col title="Samples that it was taken over">n</th>'
    groups = {MEASURES[name].group for name in names}
    rows, group = [], ""
    for name in names:
        measure = MEASURES[name]
        if measure.group != group:
            group = measure.group
            if len(groups) > 1:
                rows.append(f'<tr class=group><th colspan="{len(columns) + 2}">{escape(group)}</th></tr>')
        form, note = f"Taken as: {measure.convention}", measure.note
        said = "\n\n".join([words.explained(measure), form, note.fails, note.paper])
        cells = "".join(_cell(name, found, columns[0] if i else {}) for i, found in enumerate(columns))
        cells += f"<td class=n>{words.samples([found.get(name) for found in columns])}</td>"
        rows.append(f'<tr><th scope=row title="{escape(said)}">{escape(measure.label)}</th>{cells}</tr>')
    many = " many" if len(networks) > FEW else ""
    style = f' style="max-height:{height}px"' if height else ""
    return (
        f'<div class="geometry-wide"{style}><table class="geometry-table{many}"><thead><tr><th></th>{head}</tr></thead>'
        f"<tbody>{''.join(rows)}</tbody></table></div>"
    )


def _named(name: str) -> str:
    """A name that may be broken behind its hyphens."""
    return escape(name).replace("-", "-<wbr>")


def _cell(name: str, found: Mapping[str, Measurement], first: Mapping[str, Measurement]) -> str:
    from analysis.geometry import MEASURES

    number = found.get(name)
    if number is None:
        return f'<td class=none title="not measured here">{MISSING}</td>'
    title = escape(words.told(number))
    if number.why:
        return f'<td class=none title="{title}">{words.NONE}</td>'
    interval = f" <small>{words.within(number)}</small>" if words.within(number) else ""
    mark = "*" if number.caveats else ""
    kind = " class=apart" if words.apart(first.get(name), number) else ""
    value = (
        f"<b{'' if kind else ' style=font-weight:400'}>{words.short(number.resolved)}</b>{words.unit(MEASURES[name])}"
    )
    return f'<td{kind} title="{title}">{value}{mark}{interval}</td>'
