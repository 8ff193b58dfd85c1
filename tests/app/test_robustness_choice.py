"""What is chosen on the Robustness page goes into its address and comes back; bad addresses do no harm."""

from dataclasses import fields, replace

import pytest

from app.robustness_choice import MOST, Choice, Subject, read, written
from tests import sweeps

FULL = Choice(
    sweep="ab12cd34ef56",
    view="local",
    members=("net", "net-random-50"),
    severity=3,
    score="ece",
    number="angle",
    sort="-fog",
    published="1",
    a="net",
    at="clean",
    b="net-random-50",
    bt="fog/3",
    classes=(3, 5),
    colour="corruption",
    points="variants",
    projection="umap",
    shown="tree",
    drawn="change",
    curve="fog",
    selection="x7Kq2",
    sample=17,
    target="logit",
    order="margin",
)


def test_every_field_is_tried() -> None:
    usual = Choice()
    assert [f.name for f in fields(Choice) if getattr(FULL, f.name) == getattr(usual, f.name)] == []


def test_a_choice_is_read_back_from_its_address() -> None:
    assert read(written(FULL)) == FULL


def test_the_usual_choice_has_no_address() -> None:
    assert written(Choice()) == {}
    assert read({}) == Choice()


@pytest.mark.parametrize("field", [f.name for f in fields(Choice)])
def test_each_part_is_written_alone(field: str) -> None:
    part = replace(Choice(), **{field: getattr(FULL, field)})
    query = written(part)
    assert len(query) == 1
    assert read(query) == part


@pytest.mark.parametrize(
    "query",
    [
        {"view": ["nonsense"], "number": ["weight"], "severity": ["9"], "sample": ["-3"], "class": ["x", "99999999"]},
        {"severity": [""], "sample": ["1" * 40], "view": []},
    ],
)
def test_what_means_nothing_falls_back(query: dict[str, list[str]]) -> None:
    assert read(query) == Choice()


def test_long_addresses_are_cut() -> None:
    found = read({"member": [f"m{i}" for i in range(1000)], "score": ["x" * 10_000]})
    assert len(found.members) == MOST
    assert len(found.score) < 1000


def test_what_is_left_open_is_the_reference_clean_against_the_first_corruption() -> None:
    sweep = sweeps.record(4, 3)
    subject = Subject(sweep, Choice(), (0, 1, 2, 3))
    assert subject.a == (0, 0)
    assert subject.b == (0, sweep.condition("gaussian_noise/3"))
    named = replace(subject, choice=Choice(a="net-random-50", at="shot_noise/2", b="nobody", bt="nothing/9"))
    assert named.a == (1, sweep.condition("shot_noise/2"))
    assert named.b == (1, len(sweep.conditions) - 1)  # nobody by that name: the same member
