"""Who was made from whom: founders, lines, dependants, and what a new page shows of a family."""

from dataclasses import replace

from analysis.pipelines.variants import Member
from app import families
from models.profiles import Profile
from models.variant import VariantRecipe

PROFILE = Profile(100, 100, 100, 0, 400, 400, 100, ())


def member(name: str, parent: str = "", method: str = "", sparsity: float = 0.0) -> Member:
    recipe = VariantRecipe(parent, f"id of {parent}", method, sparsity) if method else None
    parent_id = f"id of {parent}" if parent else ""
    return Member(name, f"id of {name}", "net", "imported", "", parent, parent_id, recipe, ("a", "b"), None, (), ())


FOUND = [
    member("alone"),
    member("base"),
    member("lamp-50", "base", "lamp", 0.5),
    member("lamp-80", "base", "lamp", 0.8),
    member("random-90", "base", "random", 0.9),
    member("again", "lamp-80", "snip", 0.95),
    member("orphan", "gone"),
]


def test_founders_are_variants_of_none_and_those_with_variants_come_first() -> None:
    found = families.founders(FOUND)
    assert found[0] == "base"
    assert set(found) == {"base", "alone", "gone"}


def test_the_founder_of_a_variant_of_a_variant() -> None:
    assert [families.founder(n, FOUND) for n in ("again", "lamp-50", "base", "alone")] == ["base"] * 3 + ["alone"]
    assert families.founder("timm/resnet18", FOUND) == "timm/resnet18"


def test_a_circle_of_parents_ends() -> None:
    circle = [member("a", "b"), member("b", "a")]
    assert families.founder("a", circle) in ("a", "b")
    assert {m.name for m in families.line("a", circle)} == {"a", "b"}


def test_a_line_has_parents_before_their_variants() -> None:
    names = [m.name for m in families.line("base", FOUND)]
    assert set(names) == {"base", "lamp-50", "lamp-80", "random-90", "again"}
    assert names.index("lamp-80") < names.index("again")
    assert names[0] == "base"


def test_dependants_are_all_below() -> None:
    assert families.dependants("lamp-80", FOUND) == ["again"]
    assert families.dependants("again", FOUND) == []


def test_a_new_page_shows_one_of_each_method_in_the_middle_first() -> None:
    assert families.first_choice("base", FOUND, 6) == ("lamp-80", "random-90", "again")
    assert families.first_choice("base", FOUND, 1) == ("lamp-80",)
    assert families.first_choice("alone", FOUND, 6) == ()


def test_the_counted_sparsity_goes_before_the_one_that_was_asked_for() -> None:
    asked = FOUND[2]
    assert families.sparsity(asked) == 0.5
    assert families.sparsity(replace(asked, profile=replace(PROFILE, zeros=30))) == 0.3
    assert families.sparsity(FOUND[0]) == 0.0
