"""The numbers of the Geometry page to take away: a table of all, and a page of HTML that needs nothing else."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from html import escape
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.measurements import Measurement
from app import geometry_words as words
from app.figures.variant_colours import COLOURS
from app.geometry_choice import Network, Subject

if TYPE_CHECKING:
    import pyarrow as pa

WIDE, HIGH = 250, 150
LEFT, TOP, RIGHT, BOTTOM = 40, 22, 8, 18

_STYLE = """
:root{color-scheme:light dark;--ink:#1D2A2B;--paper:#FBFAF7;--quiet:#6B7374;--line:#D8D6CF}
@media(prefers-color-scheme:dark){:root{--ink:#E6EAE8;--paper:#141A1B;--quiet:#9AA5A6;--line:#334041}}
body{font:15px/1.5 system-ui,sans-serif;color:var(--ink);background:var(--paper);max-width:1180px;margin:2rem auto;
padding:0 1.2rem}
h1{font-size:1.7rem;margin-bottom:0}h2{font-size:1.2rem;margin-top:2.4rem;border-bottom:1px solid var(--line)}
h3{font-size:1rem;margin:1.6rem 0 .3rem}p,li{max-width:80ch}.quiet,small{color:var(--quiet)}
.wide{overflow-x:auto}table{border-collapse:collapse;font-size:12.5px;font-variant-numeric:tabular-nums}
th,td{padding:3px 8px;text-align:right;border-bottom:1px solid var(--line);white-space:nowrap}
th[scope=row]{text-align:left;font-weight:500}thead th{font-weight:500;color:var(--quiet)}
dl{display:grid;grid-template-columns:max-content 1fr;gap:2px 1rem}dt{color:var(--quiet)}dd{margin:0}
.panels{display:grid;grid-template-columns:repeat(auto-fill,minmax(250px,1fr));gap:8px}
svg text{font-size:8.5px;fill:var(--quiet)}svg .title{font-size:10.5px;fill:var(--ink)}
svg .grid{stroke:var(--line)}.legend span{margin-right:1em;white-space:nowrap}
.legend i{display:inline-block;width:14px;height:3px;vertical-align:middle;margin-right:5px}
"""


def numbers(subject: Subject) -> pa.Table:
    """A row a model, layer and measure; NULL where a number is not defined, and why."""
    import pyarrow as pa

    from analysis.geometry import MEASURES

    names = {n.record.pass_id: n.name for n in subject.networks if n.record is not None}
    known = set(words.in_order(n.measure for network in subject.networks for n in network.numbers))
    rows = [
        {
            "model": network.name,
            "dataset": subject.dataset.name,
            "condition": subject.choice.condition,
            "tap": n.tap,
            "place": n.place,
            "group": MEASURES[n.measure].group if n.measure in known else "",
            "measure": n.measure,
            "label": MEASURES[n.measure].label if n.measure in known else "",
            "value": n.value,
            "unit": MEASURES[n.measure].unit if n.measure in known else "",
            "low": n.low,
            "high": n.high,
            "interval": n.interval,
            "samples": n.samples,
            "convention": MEASURES[n.measure].convention if n.measure in known else "",
            "params": ", ".join(f"{name} {value}" for name, value in n.params.items()),
            "why": n.why,
            "caveats": " ".join(n.caveats),
            "other_model": names.get(n.other_pass, n.other_pass),
            "other_tap": n.other_tap,
            "version": n.version,
            "seconds": n.seconds,
            "computed_at": n.computed_at,
        }
        for network in subject.networks
        for n in network.numbers
    ]
    columns: dict[str, list[Any]] = {key: [row[key] for row in rows] for key in rows[0]} if rows else {}
    return pa.table({key: pa.array(values, from_pandas=True) for key, values in columns.items()})


def html(subject: Subject, stands_out: Sequence[str], seen: Sequence[str] = ()) -> str:
    """The whole report; what is not measured is a dash in it. seen: what the images are to the networks."""
    title = escape(f"Geometry of {subject.dataset.name}")
    parts = [_asked(subject, seen), _found(stands_out), *_groups(subject)]
    return (
        f"<!doctype html><html lang=en><head><meta charset=utf-8><title>{title}</title>"
        f'<meta name=viewport content="width=device-width"><style>{_STYLE}</style></head><body>'
        f"<h1>{title}</h1><p class=quiet>How classes lie in what networks read, a report by Cutaway</p>"
        f"{''.join(parts)}</body></html>\n"
    )


def _asked(subject: Subject, seen: Sequence[str]) -> str:
    networks = [n for n in subject.networks if n.numbers]
    latest = max((m.computed_at for n in networks for m in n.numbers), default=None)
    facts = {
        "Images": f"{subject.dataset.size:,} of {subject.dataset.name}, {len(subject.dataset.class_names):,} classes",
        "Condition": subject.choice.condition,
        "Training": " ".join(seen),
        "Classes": subject.other_classes,
        "Models": ", ".join(n.name for n in subject.networks),
        "Accuracy": ", ".join(
            f"{n.name} {100 * n.record.accuracy:.1f} %" for n in networks if n.record and n.record.accuracy is not None
        ),
        "Layers": ", ".join(dict.fromkeys(words.tap(t) for n in networks for t in n.taps)),
        "Not measured": " ".join(n.why for n in subject.networks if n.why),
        "Measured": f"{latest:%Y-%m-%d %H:%M} with Cutaway {version('cutaway')}" if latest else "",
    }
    listed = "".join(f"<dt>{name}</dt><dd>{escape(said)}</dd>" for name, said in facts.items() if said)
    return f"<h2>What was asked</h2><dl>{listed}</dl>"


def _found(texts: Sequence[str]) -> str:
    if not texts:
        return ""
    return f"<h2>What stands out</h2><ul>{''.join(f'<li>{escape(text)}</li>' for text in texts)}</ul>"


def _groups(subject: Subject) -> Iterator[str]:
    """A table of the chosen layer, curves by depth, and how each measure is taken, for each group."""
    from analysis.geometry import MEASURES

    tap = subject.choice.tap
    axis = list(dict.fromkeys(t for network in subject.networks for t in network.taps))
    known = {n.measure for network in subject.networks for n in network.numbers if not n.other_pass}
    for group in words.GROUPS:
        names = [name for name in words.in_order(known) if MEASURES[name].group == group]
        if not names:
            continue
        yield f"<h2>{escape(group.capitalize())}</h2>{_table(subject.networks, tap, names)}"
        if len(axis) > 1:
            panels = "".join(_curve(subject.networks, name, axis) for name in names)
            yield f"<h3>From the input to the head</h3>{_legend(subject.networks)}<div class=panels>{panels}</div>"
        yield f"<h3>How they are taken</h3><ul>{''.join(map(_note, names))}</ul>"


def _table(networks: Sequence[Network], tap: str, names: Sequence[str]) -> str:
    from analysis.geometry import MEASURES

    found = [{n.measure: n for n in network.numbers if n.tap == tap and not n.other_pass} for network in networks]
    head = "".join(f"<th scope=col>{escape(n.name)}</th>" for n in networks)
    rows = "".join(
        f"<tr><th scope=row>{escape(MEASURES[name].label)}</th>{''.join(_cell(name, f) for f in found)}</tr>"
        for name in names
    )
    caption = f"<p class=quiet>At the {escape(words.tap(tap))}; 95 % intervals in small, then n.</p>"
    return f"{caption}<div class=wide><table><thead><tr><th></th>{head}</tr></thead><tbody>{rows}</tbody></table></div>"


def _cell(name: str, found: Mapping[str, Measurement]) -> str:
    from analysis.geometry import MEASURES

    number = found.get(name)
    if number is None or number.why:
        return f'<td title="{escape(number.why if number else "not measured")}">{words.NONE}</td>'
    small = " ".join(part for part in (words.within(number), words.of(number)) if part)
    value = words.short(number.value) + words.unit(MEASURES[name])
    return f'<td title="{escape(words.told(number))}">{value} <small>{escape(small)}</small></td>'


def _note(name: str) -> str:
    from analysis.geometry import MEASURES

    m = MEASURES[name]
    said = f"{words.explained(m)} {m.note.fails} Taken as: {m.convention} {m.note.paper}"
    return f"<li><b>{escape(m.label)}</b>: {escape(said)}</li>"


def _legend(networks: Sequence[Network]) -> str:
    shown = (
        f'<span><i style="background:{COLOURS[i % len(COLOURS)]}"></i>{escape(n.name)}</span>'
        for i, n in enumerate(networks)
    )
    return f"<p class=legend>{''.join(shown)}</p>"


def _curve(networks: Sequence[Network], name: str, axis: Sequence[str]) -> str:
    """A small panel of SVG: a line a model over the layers, with its intervals as bands."""
    from analysis.geometry import MEASURES

    lines = [
        {n.tap: n for n in network.numbers if n.measure == name and not n.other_pass and np.isfinite(n.value)}
        for network in networks
    ]
    every = [v for line in lines for n in line.values() for v in (n.value, n.low, n.high) if np.isfinite(v)]
    if not every:
        return ""
    low, high = min(every), max(every)
    span = (high - low) or abs(high) or 1.0

    def at(tap: str, value: float) -> str:
        x = LEFT + (WIDE - LEFT - RIGHT) * axis.index(tap) / max(len(axis) - 1, 1)
        y = TOP + (HIGH - TOP - BOTTOM) * (1 - (value - low) / span)
        return f"{x:.1f},{y:.1f}"

    made = [f'<svg viewBox="0 0 {WIDE} {HIGH}" role=img aria-label="{escape(MEASURES[name].label)}">']
    for value, y in ((high, TOP), (low, HIGH - BOTTOM)):
        made.append(f"<line class=grid x1={LEFT} x2={WIDE - RIGHT} y1={y} y2={y} />")
        made.append(f"<text x={LEFT - 4} y={y + 3} text-anchor=end>{words.short(value)}</text>")
    for i, (network, line) in enumerate(zip(networks, lines, strict=True)):
        colour, taps = COLOURS[i % len(COLOURS)], [t for t in axis if t in line]
        sure = [t for t in taps if np.isfinite(line[t].low)]
        if len(sure) > 1:
            ends = [at(t, line[t].low) for t in sure] + [at(t, line[t].high) for t in reversed(sure)]
            made.append(f'<polygon points="{" ".join(ends)}" fill="{colour}" opacity="0.15" />')
        points = " ".join(at(t, line[t].value) for t in taps)
        made.append(f'<g fill=none stroke="{colour}" stroke-width=1.6><title>{escape(network.name)}</title>')
        made.append(f'<polyline points="{points}" /></g>')
    first, last = (escape(words.tap_short(axis[i])) for i in (0, -1))
    made.append(f"<text x={LEFT} y={HIGH - 5}>{first}</text>")
    made.append(f"<text x={WIDE - RIGHT} y={HIGH - 5} text-anchor=end>{last}</text>")
    return f"{''.join(made)}<text class=title x={LEFT} y=12>{escape(MEASURES[name].label)}</text></svg>"
