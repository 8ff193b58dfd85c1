"""Numbers, sizes and times as people read them."""

from collections.abc import Mapping, Sequence
from datetime import datetime


def size(count: float) -> str:
    """Bytes: `612 B`, `4.2 MB`."""
    for unit in ("B", "kB", "MB", "GB"):
        if count < 999.5:
            return f"{count:.0f} {unit}" if unit == "B" or count >= 99.5 else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def number(count: float) -> str:
    """`812`, `270 k`, `11.7 M`, `1.81 G`."""
    for unit in ("", " k", " M"):
        if count < 999.5:
            return f"{count:.0f}" if unit == "" else f"{count:.3g}{unit}"
        count /= 1000
    return f"{count:.3g} G"


def plural(count: int, one: str, many: str = "") -> str:
    """`1 image`, `2,000 images`."""
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def seconds(count: float) -> str:
    """`0.4 s`, `12 s`, `3 min 5 s`, `2 h 10 min`."""
    if count < 60:
        return f"{count:.1f} s" if count < 10 else f"{count:.0f} s"
    minutes, rest = divmod(round(count), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"


def first(names: Sequence[str], most: int) -> str:
    """`cat, dog, bird and 997 more`."""
    rest = len(names) - most
    return ", ".join(names[:most]) + (f" and {rest:,} more" if rest > 0 else "")


def when(time: datetime | None) -> str:
    """In this machine's own zone."""
    return f"{time.astimezone():%Y-%m-%d %H:%M}" if time else ""


def most_of(counts: Mapping[str, int], most: int = 3) -> str:
    """The most frequent: `JPEG, quality 75 (9,000) · PNG (12) · 3 others`; the only one without its number."""
    if len(counts) == 1:
        return next(iter(counts))
    listed = [f"{what} ({count:,})" for what, count in list(counts.items())[:most]]
    rest = len(counts) - len(listed)
    return " · ".join(listed + ([plural(rest, "other")] if rest > 0 else []))
