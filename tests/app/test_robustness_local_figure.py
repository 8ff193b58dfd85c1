"""Local geometry drawn: which points carry samples, which arrows are drawn, what the marginals count."""

import numpy as np
import pytest

from app.figures.robustness_local import ARROWS, VECTOR, Cloud, Titles, arrows, changes, drawn_arrows

TITLES = Titles("Angle", "Length", "°")


def clouds(count: int, seed: int = 0) -> tuple[Cloud, Cloud]:
    chance = np.random.default_rng(seed)
    x, y = chance.uniform(10, 80, count), chance.uniform(1, 9, count)
    right = chance.integers(0, 2, (2, count)).astype(np.int8)
    return Cloud("a", x, y, right[0]), Cloud("b", x + 5, y - 1, right[1])


def drawn(count: int, function=arrows, **changed):
    a, b = clouds(count)
    return function(a, b, np.arange(count) + 100, [f"sample {i + 100}" for i in range(count)], TITLES, **changed)


def carrying(figure) -> dict[int, tuple]:
    """By sample: x, y, opacity, colour, symbol, kind of trace."""
    return {
        s: (x, y, o, t.marker.color, t.marker.symbol, t.type)
        for t in figure.data
        if t.customdata is not None
        for s, x, y, o in zip(t.customdata, t.x, t.y, t.marker.opacity, strict=True)
    }


@pytest.mark.parametrize("function", [arrows, changes])
@pytest.mark.parametrize(("count", "kind"), [(5, "scatter"), (VECTOR, "scatter"), (VECTOR + 1, "scattergl")])
def test_every_sample_is_carried_once(function, count: int, kind: str) -> None:
    figure = drawn(count, function)
    assert sorted(s for t in figure.data if t.customdata is not None for s in t.customdata) == [
        *range(100, 100 + count)
    ]
    assert {point[5] for point in carrying(figure).values()} == {kind}


def test_points_lie_where_their_sample_does() -> None:
    a, b = clouds(7)
    assert {s: p[:2] for s, p in carrying(drawn(7)).items()} == {100 + i: (a.x[i], a.y[i]) for i in range(7)}
    for s, (x, y, *_) in carrying(drawn(7, changes)).items():
        assert (x, y) == (pytest.approx(b.x[s - 100] - a.x[s - 100]), pytest.approx(-1))


def test_right_and_wrong_differ_in_colour_and_in_shape() -> None:
    a, _ = clouds(40)
    looks = {(int(a.correct[s - 100]), *point[3:5]) for s, point in carrying(drawn(40)).items()}
    assert len(looks) == 2
    (_, one, first), (_, other, second) = sorted(looks)
    assert one != other
    assert first != second


def test_arrows_go_from_a_to_b() -> None:
    a, b = clouds(6)
    found = {}
    for trace in (t for t in drawn(6).data if t.name == "arrows"):
        x, y = np.reshape(trace.x, (-1, 3)), np.reshape(trace.y, (-1, 3))
        assert np.isnan(x[:, 2]).all()
        found |= {(p[0], q[0]): (p[1], q[1]) for p, q in zip(x, y, strict=True)}
    assert found == {(a.x[i], a.y[i]): (b.x[i], b.y[i]) for i in range(6)}


def test_of_many_arrows_the_same_part_of_the_chosen_is_drawn_each_time() -> None:
    chosen = np.arange(5000) % 3 == 0
    places = drawn_arrows(chosen)
    assert len(places) == ARROWS == len(set(places.tolist()))
    assert chosen[places].all()
    assert places.tolist() == drawn_arrows(chosen).tolist() != drawn_arrows(chosen, seed=1).tolist()
    assert drawn_arrows(np.arange(10) < 4).tolist() == [0, 1, 2, 3]


def test_an_arrow_without_an_end_is_left_out() -> None:
    a, b = clouds(3)
    b.x[1] = np.nan
    figure = arrows(a, b, np.arange(3), ["", "", ""], TITLES)
    starts = [x for t in figure.data if t.name == "arrows" for x in t.x[::3]]
    assert sorted(starts) == sorted([a.x[0], a.x[2]])


def test_those_not_chosen_are_faded_and_not_counted() -> None:
    a, b = clouds(50)
    chosen = np.arange(50) < 8
    figure = arrows(a, b, np.arange(50), [""] * 50, TITLES, chosen=chosen)
    faded = {s: point[2] for s, point in carrying(figure).items()}
    assert max(faded[s] for s in range(8, 50)) < min(faded[s] for s in range(8))
    above, _, after, _ = [t for t in figure.data if t.name == "histogram"]
    assert sum(above.y) == sum(after.y) == 8
    edges = np.asarray(above.x)
    assert list(above.y[:-1]) == np.histogram(a.x[:8], edges)[0].tolist()


def test_no_numbers_at_all_is_a_figure_too() -> None:
    nothing = Cloud("a", np.full(3, np.nan), np.full(3, np.nan), np.full(3, -1, np.int8))
    figure = arrows(nothing, nothing, np.arange(3), [""] * 3, TITLES)
    assert {t.name for t in figure.data if t.showlegend is None} == {"a, truth unknown", "b, truth unknown"}


def test_names_are_text() -> None:
    figure = arrows(*clouds(3), np.arange(3), ["<b>x</b>"] * 3, Titles("<i>", "y"))
    assert figure.layout.xaxis.title.text == "&lt;i&gt;"
