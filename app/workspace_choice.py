"""What a user has chosen on the Workspace page, and its address.

?tab=datasets&dataset=ab12cd34ef56
?tab=models&model=resnet20-cifar10
?tab=add&by=generate
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Literal, cast, get_args

from app.address import Address, Query

SHORT = 12  # letters of an id in the address

Tab = Literal["datasets", "add", "models", "jobs", "store"]
By = Literal["upload", "path", "name", "generate"]


@dataclass(frozen=True, slots=True)
class Choice:
    """Empty means: the page's default."""

    tab: Tab = "datasets"
    dataset: str = ""  # the first letters of an id
    model: str = ""  # a name
    by: By = "upload"  # how data comes in


def written(choice: Choice) -> dict[str, list[str]]:
    """The address: what differs from the default, and only what the tab shows."""
    shown = {"datasets": ("dataset",), "models": ("model",), "add": ("by",)}.get(choice.tab, ())
    values = {name: getattr(choice, name) for name in ("tab", *shown)}
    usual = {f.name: f.default for f in fields(Choice)}
    return {
        name: [value[:SHORT] if name == "dataset" else value] for name, value in values.items() if value != usual[name]
    }


def read(query: Query) -> Choice:
    """What an address asks for; what it cannot mean falls back to the default."""
    first = {name: values[0] for name, values in query.items() if values}
    tab, by = first.get("tab", ""), first.get("by", "")
    return Choice(
        tab=cast("Tab", tab if tab in get_args(Tab) else "datasets"),
        dataset=first.get("dataset", "")[:64],
        model=first.get("model", "")[:256],
        by=cast("By", by if by in get_args(By) else "upload"),
    )


PAGE: Address[Choice] = Address("workspace", read, written)
