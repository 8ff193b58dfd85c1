"""Numbers as people read them."""

import pytest

from app import words


@pytest.mark.parametrize(
    ("count", "said"),
    [(0, "0 B"), (999, "999 B"), (1000, "1.0 kB"), (99_400, "99.4 kB"), (612_000, "612 kB"), (999_600, "1.0 MB"),
     (4_210_000, "4.2 MB"), (3.2e12, "3.2 TB")],
)  # fmt: skip
def test_sizes(count: float, said: str) -> None:
    assert words.size(count) == said


@pytest.mark.parametrize(
    ("count", "said"),
    [(812, "812"), (269_722, "270 k"), (40_551_040, "40.6 M"), (1_814_073_344, "1.81 G"), (1e6, "1 M")],
)
def test_numbers(count: float, said: str) -> None:
    assert words.number(count) == said


@pytest.mark.parametrize(
    ("count", "said"), [(0.42, "0.4 s"), (12.4, "12 s"), (185, "3 min 5 s"), (7800, "2 h 10 min"), (59.6, "60 s")]
)
def test_times(count: float, said: str) -> None:
    assert words.seconds(count) == said


def test_the_most_frequent_come_first_and_the_rest_is_counted() -> None:
    assert words.most_of({}) == ""
    assert words.most_of({"PNG": 12}) == "PNG"
    assert words.most_of({"JPEG": 9000, "PNG": 12}) == "JPEG (9,000) · PNG (12)"
    assert words.most_of({"a": 4, "b": 3, "c": 2, "d": 1}, most=2) == "a (4) · b (3) · 2 others"
    assert words.first(["a", "b", "c"], 2) == "a, b and 1 more"
    assert words.first(["a", "b"], 2) == "a, b"
    assert words.plural(1, "class", "classes") == "1 class"
    assert words.plural(2000, "class", "classes") == "2,000 classes"
