"""The trade-off plot: one trace of points that say who they are, a line a method in its order, the front's steps."""

from app.figures.tradeoff import COLOURS, SYMBOLS, Point, tradeoff
from app.tradeoffs import COSTS, WORTH

AXES = (COSTS["sparsity"], WORTH["accuracy"])


def points() -> list[Point]:
    made = [Point("base", "", 0.0, 0.95, 0.0, ("dense",), base=True)]
    for method, accuracies in (("Random", (0.5, 0.2, 0.1)), ("Magnitude", (0.9, 0.8, 0.4))):
        levels = zip((0.9, 0.5, 0.8), (accuracies[2], accuracies[0], accuracies[1]), strict=True)
        made += [Point(f"{method} {x}", method, x, y, x, (method,)) for x, y in levels]
    return made


def drawn(**changes):
    return tradeoff(points(), AXES, ("Sparsity", "Accuracy"), **changes)


def trace(figure, name: str):
    return next(t for t in figure.data if t.name == name)


def test_all_points_are_one_trace_that_names_its_models() -> None:
    figure = drawn()
    models = trace(figure, "models")
    assert [c[0] for c in models.customdata] == [p.name for p in points()]
    assert [t for t in figure.data if t.customdata is not None] == [models]
    assert models.marker.symbol[0] == "star"
    assert len({(c, s) for c, s in zip(models.marker.color[1:], models.marker.symbol[1:], strict=True)}) == 2


def test_a_line_joins_a_method_in_the_order_of_sparsity() -> None:
    lines = [t for t in drawn().data if t.mode == "lines" and t.name is None]
    assert [list(t.x) for t in lines] == [[0.5, 0.8, 0.9]] * 2
    assert [list(t.y) for t in lines] == [[0.5, 0.2, 0.1], [0.9, 0.8, 0.4]]


def test_the_front_steps_towards_what_is_had_at_each_cost() -> None:
    front = trace(drawn(), "Pareto front: beaten by none")
    assert list(front.x) == [0.0, 0.5, 0.8, 0.9]
    assert list(front.y) == [0.95, 0.9, 0.8, 0.4]
    assert front.line.shape == "vh"  # at a sparsity between two points, the next sparser one is the best there is
    sized = tradeoff(points(), (COSTS["sparse"], AXES[1]), ("", ""))
    assert trace(sized, "Pareto front: beaten by none").line.shape == "hv"  # within a budget, the next smaller one


def test_those_on_show_are_ringed() -> None:
    rings = trace(drawn(chosen=("base", "Random 0.8")), "On show")
    assert list(zip(rings.x, rings.y, strict=True)) == [(0.0, 0.95), (0.8, 0.2)]
    assert not [t for t in drawn().data if t.name == "On show"]


def test_sizes_far_apart_are_on_a_logarithmic_axis_and_shares_are_not() -> None:
    far = [Point(str(x), "m", x, 0.5, 0.5, ()) for x in (1e5, 1e6)]
    near = [Point(str(x), "m", x, 0.5, 0.5, ()) for x in (1e6, 2e6)]
    axes = [tradeoff(some, (COSTS["sparse"], AXES[1]), ("", "")).layout.xaxis for some in (far, near)]
    assert [axis.type for axis in axes] == ["log", "linear"]
    assert list(axes[0].ticktext) == ["50.0 kB", "100 kB", "200 kB", "500 kB", "1.0 MB", "2.0 MB"]
    assert drawn().layout.xaxis.type == "linear"
    assert drawn().layout.yaxis.tickformat == ".0%"


def test_names_are_never_markup() -> None:
    figure = tradeoff([Point("<b>x</b>", "<i>", 0, 0, 0, ("<u>",))], AXES, ("", ""))
    told = trace(figure, "models").text[0]
    assert told == "<b>&lt;b&gt;x&lt;/b&gt;</b><br>&lt;u&gt;"


def test_many_methods_look_different() -> None:
    many = [Point(str(i), f"method {i}", i, i, 0, ()) for i in range(len(COLOURS) * len(SYMBOLS))]
    models = trace(tradeoff(many, AXES, ("", "")), "models")
    assert len(set(zip(models.marker.color, models.marker.symbol, strict=True))) == len(many)


def test_no_points_are_no_error() -> None:
    assert not list(trace(tradeoff([], AXES, ("", "")), "models").x)
