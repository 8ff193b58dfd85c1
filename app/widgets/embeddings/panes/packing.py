"""From arrays to what a browser fetches: places in 16 bits an axis, colours as codes, a byte for how each is lit.

Each is a file under the digest of its bytes, so that what did not change is not sent again. The 50,000 samples of two
flat panes are 0.5 MB: 200 KB a pane, 50 or 100 KB for the colours, 50 KB for who is lit.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from app import serving
from app.widgets.embeddings.panes.drawn import NONE, Colouring, Drawn, UploadMark, palette

STEPS = 65_534
"""The highest place on an axis; one more means that there is none."""

RAMP = ("#440154", "#482475", "#414487", "#355f8d", "#2a788e", "#21918c", "#22a884", "#44bf70", "#7ad151", "#bddf26")
LONG = 200  # letters of a name


def document(
    drawn: Sequence[Drawn], colouring: Colouring, lit: np.ndarray | None, uploads: Sequence[UploadMark], count: int
) -> dict[str, Any]:
    """Everything that changes what is drawn, as JSON with addresses. count: samples."""
    rows = shown_rows(drawn, count)
    taken = slice(None) if rows is None else rows
    size = count if rows is None else len(rows)
    return {
        "size": size,
        "samples": count,
        "rows": "" if rows is None else serving.publish(rows.astype("<u4").tobytes()),
        "panes": [_pane(d, rows, count) for d in drawn],
        "colour": _colour(colouring, taken, size),
        "lit": "" if lit is None else serving.publish(np.asarray(lit, np.uint8)[taken].tobytes()),
        "uploads": [
            {"pane": u.pane, "point": [float(v) for v in u.point], "name": u.name[:LONG], "src": u.src} for u in uploads
        ],
    }


def shown_rows(drawn: Sequence[Drawn], count: int) -> np.ndarray | None:
    """The samples that any pane draws, ascending; None: all."""
    there = [d for d in drawn if d.points is not None]
    if not there or any(d.rows is None for d in there):
        return None
    rows = np.unique(np.concatenate([np.asarray(d.rows, np.int64) for d in there if d.rows is not None]))
    return rows[(rows >= 0) & (rows < count)]


def _pane(d: Drawn, rows: np.ndarray | None, count: int) -> dict[str, Any]:
    said = {"title": d.title[:LONG], "subtitle": d.subtitle[:LONG], "why": d.why, "progress": d.progress}
    if d.points is None:
        return said | {"points": "", "dims": 2}
    low, high = bounds(d.points)
    places = quantised(d.points, low, high)
    if d.rows is not None:
        others = np.ones(count, bool)
        others[np.asarray(d.rows)] = False
        places[others[: len(places)]] = STEPS + 1
    return said | {
        "points": serving.publish((places if rows is None else places[rows]).tobytes()),
        "dims": int(d.points.shape[1]),
        "low": low.tolist(),
        "high": high.tolist(),
        "axes": [str(axis)[:LONG] for axis in d.axes],
        "contours": [[_short(c.level), _line(c.x, c.y)] for c in d.contours or ()],
        "raster": None
        if d.raster is None
        else {"src": serving.publish(d.raster.png, "image/png"), "bounds": [float(v) for v in d.raster.bounds]},
    }


def bounds(points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Least and most of each axis over the points that have a place; never equal."""
    usable = np.asarray(points[np.isfinite(points).all(axis=1)], np.float64)
    if not len(usable):
        return np.full(points.shape[1], -1.0), np.full(points.shape[1], 1.0)
    low, high = usable.min(axis=0), usable.max(axis=0)
    spans = high - low
    flat = spans <= 1e-9 * np.maximum(np.abs(low), np.abs(high))
    room = np.where(flat, max(0.5 * spans.max(), 0.5), 0.0)
    return low - room, high + room


def quantised(points: np.ndarray, low: np.ndarray, high: np.ndarray) -> np.ndarray:
    """(N, dims) little-endian uint16, 0 .. STEPS from low to high; STEPS + 1 in all axes where there is no place."""
    usable = np.atleast_1d(np.isfinite(points).all(axis=1))
    shares = (np.where(usable[:, None], points, 0).astype(np.float64) - low) / (high - low)
    places = np.clip(np.rint(shares * STEPS), 0, STEPS).astype("<u2")
    places[~usable] = STEPS + 1
    return places


def _colour(colouring: Colouring, taken: Any, size: int) -> dict[str, Any]:
    said = {"kind": colouring.kind, "title": colouring.title, "unit": colouring.unit}
    if colouring.kind == "number":
        values = np.full(size, np.nan) if colouring.values is None else np.asarray(colouring.values)[taken]
        shades = list(colouring.palette) or list(RAMP)
        codes = levels(values, colouring.low, colouring.high)
        span = {"low": float(colouring.low), "high": float(colouring.high)}
        return said | span | {"codes": serving.publish(codes.tobytes()), "wide": 2, "palette": shades}
    names = [str(name)[:LONG] for name in colouring.names]
    shades = list(colouring.palette) or list(palette(len(names)))
    given = np.full(size, NONE) if colouring.codes is None else np.asarray(colouring.codes, np.int64)[taken]
    known = (given >= 0) & (given < len(names))
    small = len(names) < 255
    codes = np.where(known, given, 255 if small else NONE).astype(np.uint8 if small else "<u2")
    counts = np.bincount(given[known], minlength=len(names)).tolist()
    return said | {
        "codes": serving.publish(codes.tobytes()),
        "wide": 1 if small else 2,
        "names": names,
        "counts": counts,
        "none": int((~known).sum()),
        "palette": [shades[i % len(shades)] for i in range(len(names))] if shades else [],
    }


def levels(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """(N,) little-endian uint16 from low to high, what is beyond at the ends; NONE for nan."""
    span = high - low if high > low else 1.0
    finite = ~np.isnan(values)
    shares = np.clip((np.where(finite, values, low).astype(np.float64) - low) / span, 0, 1)
    return np.where(finite, np.rint(shares * STEPS), NONE).astype("<u2")


def _line(x: np.ndarray, y: np.ndarray) -> list[float]:
    return [_short(v) for v in np.column_stack([x, y]).ravel().tolist()]


def _short(value: float) -> float:
    return float(f"{value:.5g}")
