"""To come."""

from __future__ import annotations

from app.variants_choice import Choice


def section(choice: Choice) -> Choice:
    return choice
