"""One colour for each variant on show, the same in all figures."""

from collections.abc import Sequence

BASE = "#7C8688"
"""Of the dense base."""

COLOURS = ("#0B6E69", "#C2571A", "#4A5FA5", "#A63A5B", "#8A7A12", "#4E8FB5")
"""Of the others in their order; each at least 3:1 against both backgrounds."""

FAMILIES = (*COLOURS, "#7C4F9C", "#4F8A5B", "#B5742E", "#B0609A", "#6E7FD0", "#9A6A4F", "#D96B6B")
"""Of families of variants. The last are closer to each other than the first: more than eight cannot be told apart."""

USUAL = (
    *("random", "global_magnitude", "layer_magnitude", "snip", "fisher", "magnitude_tuned", "lrr", "gmp", "lth"),
    *("edge_popup", "biprop", "structured", "deck"),
)
"""The families that have a colour of their own, in the order of FAMILIES: the same in every sweep."""


def colours(chosen: Sequence[str], base: str) -> dict[str, str]:
    """Name -> colour, for the variants on show and their base."""
    others = [name for name in chosen if name != base]
    return {base: BASE} | {name: COLOURS[i % len(COLOURS)] for i, name in enumerate(others)}


def families(groups: Sequence[str]) -> dict[str, str]:
    """Family -> colour; "" is the base's. Give all of a sweep's, not those on show.

    The usual families have their own; others take, in the order in which they come, those that are left.
    """
    own = dict(zip(USUAL, FAMILIES, strict=True))
    present = [group for group in dict.fromkeys(groups) if group]
    left = [colour for group, colour in own.items() if group not in present] or list(FAMILIES)
    others = [group for group in present if group not in own]
    free = {group: left[i % len(left)] for i, group in enumerate(others)}
    return {"": BASE} | {group: own.get(group) or free[group] for group in present}
