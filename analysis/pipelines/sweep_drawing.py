"""Tables and line drawings of a report, as text: HTML with colours in its cells, and SVG in the page itself."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

COLOURS = ("#0B7A75", "#A63A5B", "#4A5FA5", "#8A7A12", "#7C4F9C", "#B5651D", "#4E8FB5", "#5B7F3B")
GREY = "#8B9495"
_WIDE, _HIGH = 190, 120
_LEFT, _TOP, _RIGHT, _BOTTOM = 26, 18, 6, 16
NOTHING = "–"


def words(name: str) -> str:
    return name.replace("_", " ")


def number(value: float, digits: int = 1, factor: float = 1.0) -> str:
    """Rounded; a dash where there is none."""
    return f"{round(value * factor, digits) + 0.0:.{digits}f}" if np.isfinite(value) else NOTHING


def ranged(value: float, low: float, high: float, digits: int = 1, factor: float = 1.0) -> str:
    """`63.2 [60.1, 66.0]`, the interval in small."""
    said = number(value, digits, factor)
    if not (np.isfinite(low) and np.isfinite(high)):
        return said
    return f"{said} <small>[{number(low, digits, factor)}, {number(high, digits, factor)}]</small>"


def table(head: Sequence[str], rows: Iterable[Sequence[str]], caption: str = "") -> str:
    """Cells are HTML; one that begins with `<td` brings its own element. The first of a row names it."""
    made = [f"<caption>{caption}</caption>"] * bool(caption)
    made.append("<thead><tr>" + "".join(f"<th scope=col>{cell}</th>" for cell in head) + "</tr></thead><tbody>")
    for first, *rest in rows:
        cells = "".join(cell if cell.startswith("<td") else f"<td>{cell}</td>" for cell in rest)
        made.append(f"<tr><th scope=row>{first}</th>{cells}</tr>")
    return f"<div class=wide><table>{''.join(made)}</tbody></table></div>"


def shaded(value: float, low: float, high: float, text: str, title: str = "") -> str:
    """A cell that is the stronger coloured the nearer the value is to `high`; readable on light and dark."""
    if not np.isfinite(value):
        return f'<td class=none title="{escape(title)}">{NOTHING}</td>'
    strength = 0.55 * float(np.clip((value - low) / max(high - low, 1e-12), 0, 1))
    return f'<td style="background:rgba(11,122,117,{strength:.3f})" title="{escape(title)}">{text}</td>'


def signed(value: float, title: str = "") -> str:
    """A cell for a correlation: one colour above zero, another below."""
    if not np.isfinite(value):
        return f"<td class=none>{NOTHING}</td>"
    colour = "11,122,117" if value >= 0 else "166,58,91"
    return f'<td style="background:rgba({colour},{0.6 * abs(value):.3f})" title="{escape(title)}">{value:.2f}</td>'


def colour(place: int, count: int) -> str:
    """Of a line; with more lines than colours the rest are grey."""
    return COLOURS[place] if place < len(COLOURS) or count <= len(COLOURS) else GREY


def curve(
    title: str, severities: Sequence[int], values: np.ndarray, low: np.ndarray, high: np.ndarray, names: Sequence[str]
) -> str:
    """One small panel: (M, V) each in 0-1 against severity; the first lines lie on top, with their intervals."""
    inner = _WIDE - _LEFT - _RIGHT, _HIGH - _TOP - _BOTTOM
    across = [_LEFT + inner[0] * i / max(len(severities) - 1, 1) for i in range(len(severities))]

    def up(share: float) -> float:
        return _TOP + inner[1] * (1 - share)

    made = [f'<svg viewBox="0 0 {_WIDE} {_HIGH}" role=img aria-label="{escape(title)}"><title>{escape(title)}</title>']
    made += [
        f"<line class=grid x1={_LEFT} x2={_WIDE - _RIGHT} y1={up(s):.1f} y2={up(s):.1f} />"
        f"<text x={_LEFT - 4} y={up(s) + 3:.1f} text-anchor=end>{100 * s:.0f}</text>"
        for s in (0, 0.5, 1)
    ]
    made += [
        f"<text x={x:.1f} y={_HIGH - 4} text-anchor=middle>{s or 'clean'}</text>"
        for x, s in zip(across, severities, strict=True)
    ]
    for place in reversed(range(len(values))):
        made.append(_line(across, [up(v) for v in values[place]], place, len(values), names[place]))
        if place == 0:
            ends = [(x, up(a), up(b)) for x, a, b in zip(across, low[0], high[0], strict=True) if np.isfinite(a)]
            made += [f'<line x1={x:.1f} x2={x:.1f} y1={a:.1f} y2={b:.1f} stroke="{COLOURS[0]}" />' for x, a, b in ends]
    return f"{''.join(made)}<text class=title x={_LEFT} y=11>{escape(title)}</text></svg>"


def legend(names: Sequence[str]) -> str:
    """Names with the colour of their line."""
    shown = [
        f'<span><i style="background:{colour(i, len(names))}"></i>{escape(name)}</span>' for i, name in enumerate(names)
    ]
    return f"<p class=legend>{''.join(shown)}</p>"


def _line(across: Sequence[float], heights: Sequence[float], place: int, count: int, name: str) -> str:
    """Broken where a value is missing."""
    parts: list[list[str]] = [[]]
    for x, y in zip(across, heights, strict=True):
        if np.isfinite(y):
            parts[-1].append(f"{x:.1f},{y:.1f}")
        elif parts[-1]:
            parts.append([])
    drawn = "".join(f'<polyline points="{" ".join(part)}" />' for part in parts if part)
    width = 1.6 if place == 0 else 1
    return f'<g fill=none stroke="{colour(place, count)}" stroke-width={width}><title>{escape(name)}</title>{drawn}</g>'
