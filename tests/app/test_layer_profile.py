"""The layer profile: what is left of each layer of the base's, and collapsed layers in words."""

from app.figures.layer_profile import collapses, layer_profile, matched, ordered
from models.profiles import LayerProfile, Profile


def profile(*layers: LayerProfile) -> Profile:
    weights, zeros = sum(e.weights for e in layers), sum(e.zeros for e in layers)
    return Profile(weights, weights - zeros, weights, zeros, 0, 4 * weights, 4 * weights, layers)


def layer(name: str, weights: int, zeros: int = 0) -> LayerProfile:
    return LayerProfile(name, "Conv2d", (weights, 1, 1, 1), weights, zeros, weights)


DENSE = profile(layer("conv1", 100), layer("conv2", 1000), layer("fc", 50))
SPARSE = profile(layer("conv1", 100, 25), layer("conv2", 1000, 1000), layer("fc", 50, 0))
CUT = profile(layer("conv1", 50), layer("conv2", 250, 245), layer("fc", 25))
COLOURS = {"sparse": "#111111", "cut": "#222222"}


def drawn(show: str) -> dict[str, list[float]]:
    figure = layer_profile({"sparse": SPARSE, "cut": CUT}, DENSE, COLOURS, show=show)  # pyright: ignore[reportArgumentType]
    return {trace.name: [round(y, 6) for y in trace.y] for trace in figure.data}


def test_shares_are_of_the_base_also_where_channels_went() -> None:
    assert drawn("density") == {"sparse": [75, 0, 100], "cut": [50, 0.5, 50]}


def test_counts_of_what_is_left_and_gone() -> None:
    assert drawn("weights") == {"sparse": [75, 0, 50], "cut": [50, 5, 25]}
    assert drawn("removed") == {"sparse": [25, 1000, 0], "cut": [50, 995, 25]}


def test_points_carry_their_layer_and_the_chosen_one_is_marked() -> None:
    figure = layer_profile({"sparse": SPARSE}, DENSE, COLOURS, chosen="fc")
    assert [name for (name,) in figure.data[0].customdata] == ["conv1", "conv2", "fc"]
    assert [(s.x0, s.x1) for s in figure.layout.shapes] == [(1.5, 2.5)]
    assert list(figure.layout.xaxis.ticktext) == ["conv1", "conv2", "fc"]


def test_layers_that_only_one_has_keep_their_place() -> None:
    other = profile(layer("stem", 10), layer("fc", 50))
    assert ordered([DENSE, other]) == ["conv1", "conv2", "fc", "stem"]
    figure = layer_profile({"sparse": other}, DENSE, COLOURS)
    assert list(figure.data[0].x) == [3, 2]
    assert [round(y) for y in figure.data[0].y] == [100, 100]


def test_a_layer_that_was_split_stands_at_its_own_place() -> None:
    """Low rank: 100 weights became 20 and 15, of which 5 are zero."""
    low = profile(layer("conv1.0", 20), layer("conv1.1", 15, 5), layer("conv2", 1000), layer("fc", 50))
    figure = layer_profile({"sparse": low}, DENSE, COLOURS)
    assert list(figure.data[0].x) == [0, 1, 2]
    assert [round(y, 6) for y in figure.data[0].y] == [30, 100, 100]
    assert "Conv2d in 2 parts" in figure.data[0].text[0]
    assert matched(SPARSE, DENSE).layers == SPARSE.layers
    assert matched(low, None).layers == low.layers


def test_many_layers_have_some_names() -> None:
    deep = profile(*(layer(f"l{i}", 10) for i in range(100)))
    shown = layer_profile({"sparse": deep}, deep, COLOURS).layout.xaxis.ticktext
    assert 20 < len(shown) <= 36


def test_collapsed_layers_are_said() -> None:
    assert collapses(DENSE, DENSE) == []
    (empty,) = collapses(SPARSE, DENSE)
    assert empty.startswith("conv2 has no weights left")
    (nearly,) = collapses(CUT, DENSE)
    assert nearly == "conv2 is nearly empty: 5 weights left, 0.5 %"
    assert collapses(CUT, None) == []  # 2 % of its own weights
