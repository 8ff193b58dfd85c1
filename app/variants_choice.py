"""What a user has chosen on the Variants page, and its address.

?tab=family&base=shapes-cnn&variant=shapes-cnn-lamp-80
?base=shapes-cnn&pruner=lamp&pruner=snip&level=0.5&level=0.8&option=data:ab12cd34ef56
"""

from __future__ import annotations

import math
from dataclasses import dataclass, fields
from typing import Literal, cast, get_args

from analysis.types import Ask
from app.address import Address, Query

SHORT = 12  # letters of a dataset's id in the address
MOST_CHOSEN = 6
MOST = 64  # of anything, from an address
LONG = 256  # letters of anything, from an address

Tab = Literal["build", "family", "tradeoff", "layers", "side"]
Show = Literal["density", "weights", "removed"]

LEVELS = (0.5, 0.8, 0.9)
PRUNERS = (Ask("random"), Ask("global_magnitude"))
"""What a new page offers to make: these sparsities by these methods."""

NONE = "none"  # in the address: what the page has a default for, emptied


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default. Models go by their names in the catalogue."""

    tab: Tab = "build"
    base: str = ""  # what is pruned, and what variants are compared with
    chosen: tuple[str, ...] = ()  # the variants on show, at most MOST_CHOSEN; the base may be one
    data: str = ""  # the first letters of a dataset's id; empty: what the cards say
    x: str = ""  # axes of the trade-off
    y: str = ""
    method: str = ""  # an attribution
    target: str = ""  # what maps speak of: "base" for the base's prediction, empty for each model's own
    pictures: tuple[str, ...] = ()  # digests
    selection: str = ""  # an id
    samples: tuple[int, ...] = ()
    pruners: tuple[Ask, ...] = (
        PRUNERS  # what is to be built: methods with the parameters that differ from their defaults
    )
    levels: tuple[float, ...] = LEVELS  # and sparsities, fractions between 0 and 1
    options: tuple[tuple[str, str], ...] = ()  # and the rest of the plan, as written in the address
    model: str = ""  # the one that Family tells all about
    layer: str = ""  # of the weight histogram
    show: Show = "density"  # of the layer profile


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default."""
    query = {
        "variant": list(choice.chosen),
        "picture": list(choice.pictures),
        "sample": [str(i) for i in choice.samples],
        "pruner": [] if choice.pruners == PRUNERS else [_asked(ask) for ask in choice.pruners] or [NONE],
        "level": [] if choice.levels == LEVELS else [f"{level:g}" for level in choice.levels] or [NONE],
        "option": [f"{name}:{value}" for name, value in choice.options],
        "data": [choice.data[:SHORT]] * bool(choice.data),
    }
    usual = {f.name: f.default for f in fields(Choice)}
    for name in ("tab", "base", "x", "y", "method", "target", "selection", "model", "layer", "show"):
        value = getattr(choice, name)
        query[name] = [] if value == usual[name] else [value]
    return {name: values for name, values in query.items() if values}


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    query = {name: [v[:LONG] for v in dict.fromkeys(values)][:MOST] for name, values in query.items()}
    first = {name: values[0] for name, values in query.items() if values}
    tab, show = first.get("tab", ""), first.get("show", "")
    levels = tuple(dict.fromkeys(v for text in query.get("level", []) if (v := _level(text)) is not None))
    pruners = tuple(_ask(text) for text in query.get("pruner", []) if text != NONE)
    return Choice(
        tab=cast("Tab", tab if tab in get_args(Tab) else "build"),
        chosen=tuple(query.get("variant", []))[:MOST_CHOSEN],
        pictures=tuple(query.get("picture", [])),
        samples=tuple(int(text) for text in query.get("sample", []) if text.isdecimal() and int(text) < 2**31),
        pruners=pruners if query.get("pruner") else PRUNERS,
        levels=levels if query.get("level") else LEVELS,
        options=tuple((name, value) for name, _, value in (text.partition(":") for text in query.get("option", []))),
        show=cast("Show", show if show in get_args(Show) else "density"),
        **{name: first.get(name, "") for name in TEXTS},
    )


def _asked(ask: Ask) -> str:
    """`lamp`, or `fpgm;distance=cosine`."""
    return ";".join([ask.method, *(f"{name}={value}" for name, value in ask.params)])


def _ask(text: str) -> Ask:
    method, *params = text.split(";")
    pairs = (param.partition("=") for param in params)
    return Ask(method, tuple((name, value) for name, _, value in pairs))


def _level(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and 0 < value < 1 else None


TEXTS = ("base", "data", "x", "y", "method", "target", "selection", "model", "layer")

PAGE: Address[Choice] = Address("variants", read, written)
