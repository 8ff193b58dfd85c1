"""The measures of geometry and what each is given.

| kind | a measure is called with |
|---|---|
| features | features (`Features`): what a network reads of N samples at one place |
| classes | features whose `labels` are known for some samples |
| head | features that are the input of a linear head, with its weights |
| pair | two `Features` of the same samples, in the same order |

All return a `Measured`. Keyword-only arguments are what a user may turn. A measure says of itself how it is defined
where the field has several forms (`convention`), and what changes nothing (`unmoved`): the contract tests hold it to
that. Forms of one thing share a word (`tells`): of these one is told where they stand out. Where it is not defined
for what it was given, it returns NaN and says why; it never raises for data. What is said of too few samples, of copies
and of rows that are not finite is added to what a registered function returns (`caveats`).

With other parameters than the usual it is a measure of its own, under a name that says so: `MEASURES["mle(k=5)"]`. So
its numbers never stand in the place of the usual ones.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from functools import partial, wraps
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from analysis.geometry.caveats import with_caveats
from analysis.registry import Method, Note, Registry, Scalar, parameters_of

if TYPE_CHECKING:
    from analysis.geometry.features import Features

Kind = Literal["features", "classes", "head", "pair"]
Group = Literal["last layer", "neural collapse", "dimension", "subspaces", "similarity", "separability"]
Unmoved = Literal["permutation", "rotation", "scaling", "shift"]
"""What may be done to the features (and the head with them) without changing the value."""
_DRAWN = ("samples", "most")  # parameters: how many samples are asked at most


@dataclass(frozen=True, slots=True, eq=False)
class Measured:
    """What one measure says. NaN where it is not defined here; `why` says why."""

    value: float
    samples: int  # that it was taken over; 0 where it is of the head's weights alone
    low: float = float("nan")  # of a 95 % interval, where there is one
    high: float = float("nan")
    interval: str = ""  # how it was made: "200 bootstrap resamples", "10 subsamples of 1,000"
    why: str = ""  # "not defined here because ..."
    caveats: tuple[str, ...] = ()  # what must be said beside the number
    arrays: Mapping[str, np.ndarray] = field(default_factory=dict)  # what is drawn: spectrum (D,), cosines (L, L) ...


def undefined(why: str, samples: int = 0) -> Measured:
    """NaN, and in words why: "fewer than two of the network's classes have samples here"."""
    return Measured(float("nan"), samples, why=f"not defined here because {why}")


@dataclass(frozen=True, slots=True)
class Measure(Method):
    """One number of features, and what is drawn beside it."""

    group: Group = "dimension"
    convention: str = ""  # which form of the definition
    unit: str = ""
    better: Literal["", "low", "high"] = ""  # where the field reads it as better
    unmoved: tuple[Unmoved, ...] = ()
    slow: bool = False  # not among those that are taken at every depth without being asked
    tells: str = ""  # what it tells, where others tell the same in another form; empty: it is alone
    of_means: bool = False  # of class means, or of what lies about them: not of classes that are one sample each
    asks_others: bool = False  # each sample is told by others: its copies among them know the answer
    drawn: int = 0  # of more samples it asks a drawn part; 0: it asks all

    @property
    def unmoved_by(self) -> str:
        """In words; empty where anything moves it."""
        part = f" where all samples are asked (up to {self.drawn:,})" if self.drawn else ""
        return ", ".join(how + part * (how == "permutation") for how in self.unmoved)

    @property
    def thing(self) -> str:
        """What it tells: the same for all forms of one thing."""
        return self.tells or self.name

    @property
    def comparable(self) -> bool:
        """Whether two networks' numbers can be set beside each other: lengths and distances are in units of each."""
        return "scaling" in self.unmoved

    @property
    def distance(self) -> bool:
        """Of a measure of two: whether it is 0 of equals and grows as they differ; a likeness is 1 of equals."""
        return self.better == "low"

    def turned(self, params: Mapping[str, Any]) -> "Measure":
        """The same with these parameters: another measure, unless they are the usual. BadParameter for wrong ones."""
        bound = self.bound(params)
        other = {p.name: bound[p.name] for p in self.parameters if bound[p.name] != p.default}
        if not other:
            return self
        listed = ", ".join(f"{name}={_written(value)}" for name, value in other.items())
        said = ", ".join(_in_words(name.replace("_", " "), value) for name, value in other.items())
        return replace(
            self,
            name=f"{self.name}({listed})",
            label=f"{self.label} ({said})",
            function=partial(self.function, **other),
            convention=f"{self.convention} Here with {said}.",
            parameters=tuple(replace(p, default=bound[p.name]) for p in self.parameters),
            drawn=self.drawn and next((int(bound[name]) for name in _DRAWN if name in bound), self.drawn),
        )


class MeasureRegistry(Registry[Measure]):
    def __getitem__(self, name: str) -> Measure:
        """Also one that was `turned`, by its name."""
        plain, bracket, listed = name.removesuffix(")").partition("(")
        if not (bracket and name.endswith(")")):
            return super().__getitem__(name)
        given = (part.partition("=") for part in listed.split(","))
        return super().__getitem__(plain).turned({key.strip(): value.strip() for key, _, value in given})

    def register(
        self,
        kind: Kind,
        name: str,
        *,
        label: str,
        group: Group,
        paper: str,
        convention: str,
        reads: str,
        fails: str,
        unit: str = "",
        better: Literal["", "low", "high"] = "",
        unmoved: tuple[Unmoved, ...] = (),
        slow: bool = False,
        tells: str = "",
        of_means: bool = False,
        asks_others: bool = False,
        drawn: int = 0,
        differs: str = "",
        version: int = 1,
    ) -> Callable[[Callable[..., Measured]], Callable[..., Measured]]:
        """A decorator that adds the function, with caveats, and returns it unchanged.

        drawn: the parameter `samples` or `most` says it where there is one.
        """

        def add(function: Callable[..., Measured]) -> Callable[..., Measured]:
            @wraps(function)
            def told(*given: "Features", **params: object) -> Measured:
                found = function(*given, **params)
                return with_caveats(found, given, of_means=of_means, asks_others=asks_others)

            parameters = parameters_of(function)
            most = next((int(p.default) for p in parameters if p.name in _DRAWN), drawn)
            measure = Measure(
                name=name,
                label=label,
                function=told,
                note=Note(reads=reads, fails=fails, paper=paper, differs=differs),
                kind=kind,
                version=version,
                parameters=parameters,
                group=group,
                convention=convention,
                unit=unit,
                better=better,
                unmoved=unmoved,
                slow=slow,
                tells=tells,
                of_means=of_means,
                asks_others=asks_others,
                drawn=most,
            )
            self.add(measure)
            return function

        return add


def _in_words(name: str, value: Scalar) -> str:
    """`k 5`, `centred`, `not centred`."""
    if isinstance(value, bool):
        return name if value else f"not {name}"
    return f"{name} {_written(value)}"


def _written(value: Scalar) -> str:
    """1 for 1.0, and true for True, as they are typed."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value).removesuffix(".0")


MEASURES = MeasureRegistry("geometry measure")
