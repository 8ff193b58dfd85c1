"""What is typed after an option, read: methods, targets, numbers. A mistake in the form is a usage error."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import typer

from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.types import Ask
    from models.preprocessing import Preprocessing

N = TypeVar("N", int, float)


def listed(text: str) -> tuple[str, ...]:
    """`a, b,a` -> a, b."""
    return tuple(dict.fromkeys(part.strip() for part in text.split(",") if part.strip()))


def asks(methods: str, params: Sequence[str]) -> "tuple[Ask, ...]":
    """`M1,M2` and `METHOD.NAME=VALUE` as what is asked; values stay texts, the registry reads them."""
    from analysis.types import Ask

    names = listed(methods)
    if not names:
        raise typer.BadParameter("name at least one method.", param_hint="--method")
    given = turned(params, "METHOD")
    for method in given:
        if method not in names:
            said = f"'{method}.{next(iter(given[method]))}' turns {method}, which --method does not ask for."
            raise typer.BadParameter(said, param_hint="--param")
    return tuple(Ask(name, tuple(given.get(name, {}).items())) for name in names)


def turned(params: Sequence[str], noun: str) -> dict[str, dict[str, str]]:
    """`METHOD.NAME=VALUE`, several, by method; values stay texts, the registry reads them."""
    found: dict[str, dict[str, str]] = {}
    for text in params:
        name, equals, value = text.partition("=")
        method, dot, parameter = name.strip().partition(".")
        if not (equals and dot and parameter):
            raise typer.BadParameter(f"'{text}' is not {noun}.NAME=VALUE.", param_hint="--param")
        found.setdefault(method, {})[parameter.strip()] = value.strip()
    return found


def file_kind(out: Path | None, kinds: Sequence[str] = (".csv", ".parquet")) -> str:
    """The ending of a file to be written, before anything is done: one of these, which say what is written."""
    if out is None:
        return ""
    kind = out.suffix.lower()
    if kind not in kinds:
        said = " or ".join([", ".join(kinds[:-1]), kinds[-1]] if len(kinds) > 1 else kinds)
        raise typer.BadParameter(f"'{out.name}' does not end in {said}.", param_hint="--out")
    return kind


def pairs(given: Sequence[str], option: str) -> dict[str, str]:
    """`NAME=VALUE`, several; values stay texts, the registry reads them."""
    found = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise typer.BadParameter(f"'{text}' is not NAME=VALUE.", param_hint=option)
        found[name.strip()] = value.strip()
    return found


def targets(given: Sequence[str], class_names: Sequence[str]) -> tuple[str, ...]:
    """Split at commas, unless the whole is a class: 'great white shark, white shark' is one."""
    from analysis.attribution.targets import parse

    found: list[str] = []
    for text in given:
        try:
            parse(text, class_names)
        except CutawayError:
            found += listed(text) or [text]  # each is read, and refused, where it is explained
        else:
            found.append(text)
    return tuple(dict.fromkeys(found))


def numbers(text: str | None, kind: Callable[[str], N], option: str) -> tuple[N, ...] | None:
    """`0.5,0.5,0.5` -> three numbers."""
    if text is None:
        return None
    try:
        return tuple(kind(part) for part in text.split(","))
    except ValueError:
        raise typer.BadParameter(f"'{text}' is not a list of numbers joined by commas.", param_hint=option) from None


def input_size(text: str | None) -> tuple[int, int] | None:
    """`224` or `224,160` -> rows, columns."""
    sides = numbers(text, int, "--size")
    if sides is not None and len(sides) not in (1, 2):
        raise typer.BadParameter(f"'{text}' is not ROWS,COLUMNS.", param_hint="--size")
    return None if sides is None else (sides[0], sides[-1])


def preprocessing(default: "Preprocessing", changes: dict[str, Any]) -> "Preprocessing":
    """The default with what is given; where only the size is, the crop takes as much of the picture as before."""
    given = {name: value for name, value in changes.items() if value is not None}
    if "size" in given and "resize" not in given and default.resize is not None:
        given["resize"] = round(default.resize * min(given["size"]) / min(default.size))
    return replace(default, **given)
