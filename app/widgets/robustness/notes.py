"""(to be written)"""

from __future__ import annotations

from typing import Any


def button(*_: Any) -> None:
    return


def section() -> None:
    return
