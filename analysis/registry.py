"""Methods as data: a function, what a user may turn, and what to say about it.

A method's positional arguments are data; its keyword-only arguments with a default are parameters.
One reading of the signature gives the controls of a page, the options of the command line, the
cache key and the contract test.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from types import ModuleType
from typing import Annotated, Any, Generic, Literal, TypeVar, get_args, get_origin, get_type_hints

from analysis.errors import BadParameter
from models.errors import UnknownName

Scalar = bool | int | float | str


@dataclass(frozen=True, slots=True)
class Range:
    """Bounds of a number, both included, as in `Annotated[int, Range(1, 64)]`."""

    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Parameter:
    """One thing a user may turn."""

    name: str
    type: type  # bool, int, float or str
    default: Scalar
    range: Range | None = None
    choices: tuple[str, ...] = ()

    def checked(self, value: Any, method: str) -> Scalar:
        """The value in its type, or BadParameter with what was expected."""
        if isinstance(value, str) and self.type is not str:
            value = _parsed(value, self.type)
        if not self._accepts(value):
            raise BadParameter(f"{method}: '{self.name}' takes {self.expected}, got {value!r}.")
        return self.type(value)

    def _accepts(self, value: Any) -> bool:
        if isinstance(value, bool) != (self.type is bool):  # True is an int to Python, not to a user
            return False
        fits = isinstance(value, int | float) if self.type is float else isinstance(value, self.type)
        if not fits or (self.choices and value not in self.choices):
            return False
        return self.range is None or self.range.low <= value <= self.range.high  # NaN fails too

    @property
    def expected(self) -> str:
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {bool: "true or false", int: "a whole number", float: "a number", str: "a text"}[self.type]
        return f"{words} from {_plain(self.range.low)} to {_plain(self.range.high)}" if self.range else words


def _plain(bound: float) -> str:
    """1.0 and 1 are one bound, and `Annotated` takes the one for the other."""
    return f"{int(bound):,}" if float(bound).is_integer() else f"{bound:,}"


def _parsed(text: str, kind: type) -> Any:
    if kind is bool:
        return {"true": True, "1": True, "yes": True, "false": False, "0": False, "no": False}.get(text.lower(), text)
    try:
        return kind(text)
    except ValueError:
        return text


@dataclass(frozen=True, slots=True)
class Note:
    """What a page says of a method."""

    reads: str  # how to read the result, one sentence
    fails: str  # the known failure, one sentence
    paper: str  # authors, year, equation
    differs: str = ""  # deviations from the paper or from peers that are choices


@dataclass(frozen=True, slots=True)
class Method:
    """One registered function."""

    name: str
    label: str
    function: Callable[..., Any]
    note: Note
    kind: str
    version: int = 1
    parameters: tuple[Parameter, ...] = field(default=())

    def bound(self, given: Mapping[str, Any] | None = None) -> dict[str, Scalar]:
        """All parameters with their values: those given, checked, and the defaults of the rest."""
        given = dict(given or {})
        known = {p.name: p for p in self.parameters}
        if unknown := set(given) - set(known):
            listed = ", ".join(known) or "none"
            raise BadParameter(f"{self.name} has no parameter '{min(unknown)}'; it has: {listed}.")
        return {n: p.checked(given.get(n, p.default), self.name) for n, p in known.items()}


M = TypeVar("M", bound=Method)


class Registry(Generic[M]):
    """Names to methods, each name taken once."""

    def __init__(self, noun: str) -> None:
        self.noun = noun
        self._methods: dict[str, M] = {}

    def add(self, method: M) -> None:
        if method.name in self._methods:
            raise ValueError(f"{self.noun} '{method.name}' is registered twice")
        self._methods[method.name] = method

    def __getitem__(self, name: str) -> M:
        if name not in self._methods:
            raise UnknownName(self.noun, name, self._methods)
        return self._methods[name]

    def __iter__(self) -> Iterator[M]:
        return iter(self._methods.values())

    def __len__(self) -> int:
        return len(self._methods)

    def __contains__(self, name: object) -> bool:
        return name in self._methods


def scan(package: ModuleType) -> None:
    """Import every module of a package, so that each registers itself."""
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")


def parameters_of(function: Callable[..., Any]) -> tuple[Parameter, ...]:
    """The keyword-only arguments with a default, in order. `report` and `seed`-like names are no exception."""
    hints = get_type_hints(function, include_extras=True)
    signature = inspect.signature(function)
    keyword_only = (p for p in signature.parameters.values() if p.kind is p.KEYWORD_ONLY)
    return tuple(_parameter(p.name, hints[p.name], p.default) for p in keyword_only)


def _parameter(name: str, hint: Any, default: Any) -> Parameter:
    bounds = None
    if get_origin(hint) is Annotated:
        hint, *extras = get_args(hint)
        bounds = next((e for e in extras if isinstance(e, Range)), None)
    if get_origin(hint) is Literal:
        return Parameter(name, str, default, choices=get_args(hint))
    if hint not in (bool, int, float, str):
        raise TypeError(
            f"parameter '{name}' has type {hint}; a method's parameters are bool, int, float, str or Literal"
        )
    return Parameter(name, hint, default, bounds)
