"""One colour for each variant on show, the same in all figures."""

from collections.abc import Sequence

BASE = "#7C8688"
"""Of the dense base."""

COLOURS = ("#0B6E69", "#C2571A", "#4A5FA5", "#A63A5B", "#8A7A12", "#4E8FB5")
"""Of the others in their order; each at least 3:1 against both backgrounds."""


def colours(chosen: Sequence[str], base: str) -> dict[str, str]:
    """Name -> colour, for the variants on show and their base."""
    others = [name for name in chosen if name != base]
    return {base: BASE} | {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(others)}
