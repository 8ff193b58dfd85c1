"""Colours of families: the same in every sweep, and told apart within one."""

from app.figures.variant_colours import BASE, USUAL, families


def test_a_usual_family_has_one_colour_in_every_sweep() -> None:
    one = families(["", "random", "fisher", "deck"])
    other = families(["", "fisher", "lrr", "random"])
    assert one["fisher"] == other["fisher"]
    assert one["random"] == other["random"]
    assert one[""] == other[""] == BASE


def test_families_of_one_sweep_are_told_apart() -> None:
    found = families(["", *USUAL[:8], "svd", "int8", "codebook"])
    assert len(set(found.values())) == len(found) == 12
    assert set(families([*USUAL, "svd"])) == {"", *USUAL, "svd"}  # more than there are colours
