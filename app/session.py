"""What a user has chosen on the Explain page, and the address that says it.

The choice is one frozen value; how it lives in the session and in the address bar is app/address.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import cast, get_args

from analysis.types import Ask, Fusion, Request
from app.address import Address

MOST = 64  # of anything, from an address


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    pictures: tuple[str, ...] = ()  # digests
    classifiers: tuple[str, ...] = ()
    methods: tuple[Ask, ...] = ()
    taps: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()
    fusion: Fusion = "none"
    augment: bool = False
    eigen_smooth: bool = False

    def request(self, methods: Iterable[Ask]) -> Request:
        """These methods, everything else as chosen."""
        taps, targets = self.taps or ("auto",), self.targets or ("predicted",)
        return Request(tuple(methods), taps, targets, self.fusion, self.augment, self.eigen_smooth)

    def to_query(self) -> dict[str, list[str]]:
        """The address: what differs from the default."""
        query = {
            "picture": list(self.pictures),
            "classifier": list(self.classifiers),
            "method": [_written(ask) for ask in self.methods],
            "tap": list(self.taps),
            "target": list(self.targets),
            "fusion": [] if self.fusion == "none" else [self.fusion],
            "augment": ["1"] if self.augment else [],
            "eigen": ["1"] if self.eigen_smooth else [],
        }
        return {name: values for name, values in query.items() if values}

    @classmethod
    def from_query(cls, query: Mapping[str, list[str]]) -> Choice:
        """What an address asks for; what it cannot mean falls back to the default."""
        fusion = (query.get("fusion") or ["none"])[0]
        query = {name: list(dict.fromkeys(values))[:MOST] for name, values in query.items()}
        return cls(
            pictures=tuple(query.get("picture", [])),
            classifiers=tuple(query.get("classifier", [])),
            methods=tuple(_read(text) for text in query.get("method", [])),
            taps=tuple(query.get("tap", [])),
            targets=tuple(query.get("target", [])),
            fusion=cast("Fusion", fusion if fusion in get_args(Fusion) else "none"),
            augment=query.get("augment") == ["1"],
            eigen_smooth=query.get("eigen") == ["1"],
        )


def _written(ask: Ask) -> str:
    """`gradcam`, or `occlusion;window=16;stride=8`."""
    return ";".join([ask.method, *(f"{name}={value}" for name, value in ask.params)])


def _read(text: str) -> Ask:
    method, *params = text.split(";")
    pairs = (param.partition("=") for param in params)
    return Ask(method, tuple((name, value) for name, _, value in pairs))


PAGE = Address("explain", Choice.from_query, Choice.to_query)
