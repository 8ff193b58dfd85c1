"""The family tree: a lane for each line of variants, a point for each model where its weights left it."""

from app.figures.family_tree import UNKNOWN, Node, family_tree

NODES = [
    Node("base", "", "", 0.0, 0.9),
    Node("lamp-90", "base", "LAMP", 0.9, 0.5),
    Node("lamp-50", "base", "LAMP", 0.5, 0.8),
    Node("random-50", "base", "Random", 0.5, None),
    Node("again", "lamp-50", "SNIP", 0.7, 0.6),
]


def points(figure) -> dict:
    trace = figure.data[-1]
    return {name: (x, y) for (name,), x, y in zip(trace.customdata, trace.x, trace.y, strict=True)}


def test_every_model_stands_at_what_is_gone() -> None:
    found = points(family_tree(NODES))
    assert {name: x for name, (x, _) in found.items()} == {
        "base": 0, "lamp-90": 90, "lamp-50": 50, "random-50": 50, "again": 70,
    }  # fmt: skip


def test_lines_have_lanes_of_their_own_variants_of_variants_right_below() -> None:
    found = {name: y for name, (_, y) in points(family_tree(NODES)).items()}
    assert found["base"] == 0
    assert found["lamp-50"] == found["lamp-90"] == 1
    assert found["again"] == 2
    assert found["random-50"] == 3
    assert list(family_tree(NODES).layout.yaxis.ticktext) == ["", "LAMP", "SNIP", "Random"]


def test_a_branch_goes_down_from_its_parent_and_on_in_order() -> None:
    branches = [list(zip(t.x, t.y, strict=True)) for t in family_tree(NODES).data[:-3]]
    assert [(0, 0), (0, 1), (50, 1), (90, 1)] in branches
    assert [(50, 1), (50, 2), (70, 2)] in branches
    assert len(branches) == 3


def test_the_best_and_the_worst_differ_in_colour_and_the_unknown_is_grey() -> None:
    trace = family_tree(NODES).data[-1]
    colours = dict(zip((n for (n,) in trace.customdata), trace.marker.color, strict=True))
    assert colours["random-50"] == UNKNOWN
    assert len({colours["base"], colours["lamp-90"], UNKNOWN}) == 3
    assert list(family_tree(NODES).data[-3].text) == ["90.0", "50.0", "80.0", "", "60.0"]


def test_those_on_show_are_ringed_in_their_colours() -> None:
    rings = family_tree(NODES, {"lamp-50": "#123456", "not here": "#000000"}).data[-2]
    assert (list(rings.x), list(rings.y), list(rings.marker.color)) == ([50], [1], ["#123456"])


def test_a_model_alone_and_equal_scores_are_drawn() -> None:
    assert points(family_tree(NODES[:1])) == {"base": (0, 0)}
    assert len(points(family_tree([NODES[0], Node("b", "base", "x", 0.1, 0.9)]))) == 2


def test_names_are_no_markup() -> None:
    figure = family_tree([Node("<b>", "", "", 0, None), Node("c", "<b>", "<i>", 0.1, None)])
    assert "&lt;b&gt;" in figure.data[-1].hovertext[0]
    assert figure.layout.yaxis.ticktext[1] == "&lt;i&gt;"
