"""What an owner and its worker process say to each other: one JSON object a line, and errors that cross.

To the worker: {"function", "arguments"} or {"cancel"}. Back: {"begun"} once it has a call, {"progress": [fraction,
message]} any number of times, then {"result"} or {"error"}.
"""

import importlib
import json
import traceback
from collections.abc import Callable, Mapping
from typing import Any

from analysis.engine.job import JobFailed
from models.errors import CutawayError


class RaisedInWorker(Exception):
    """Something nobody foresaw was raised in the worker process; its text is the traceback there."""

    def __init__(self, raised: str, text: str) -> None:
        super().__init__(f"{raised} in the worker process\n\n{text}")
        self.raised = raised  # the class's name


def encoded(message: Mapping[str, Any]) -> bytes:
    """One line. TypeError or ValueError where a part is not JSON."""
    return json.dumps(message).encode("ascii") + b"\n"


def decoded(line: bytes) -> dict[str, Any]:
    """The message of a line; ValueError for half a line."""
    return json.loads(line)


def named(path: str) -> Callable[..., Any]:
    """The function "package.module:function", its module imported now."""
    module, _, function = path.partition(":")
    return getattr(importlib.import_module(module), function)


def described(error: BaseException) -> dict[str, Any]:
    """An error as JSON."""
    family = [c.__name__ for c in type(error).__mro__] if isinstance(error, CutawayError) else []
    text = str(error) if family else "".join(traceback.format_exception(error))
    return {"raised": type(error).__name__, "family": family, "text": text}


def rebuilt(description: Mapping[str, Any]) -> Exception:
    """The error of the same class and text: the nearest class that this process knows, else JobFailed."""
    if not description["family"]:
        return RaisedInWorker(description["raised"], description["text"])
    known = {c.__name__: c for c in _below(CutawayError)}
    nearest = next((known[name] for name in description["family"] if name in known), JobFailed)
    return nearest.__new__(nearest, description["text"])  # not its __init__, which may make a text of its own


def _below(kind: type[CutawayError]) -> list[type[CutawayError]]:
    return [c for child in kind.__subclasses__() for c in (child, *_below(child))]
