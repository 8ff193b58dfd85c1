"""Pictures at hand: which samples are offered, and a click on a photograph places it."""

import numpy as np

from app.widgets.embeddings.at_hand import samples
from app.widgets.embeddings.place import away
from tests.app.beside import closed, drawn
from tests.app.geometry_beside import measured, opened


def test_one_of_each_class_or_the_first_of_the_selection():
    labels = np.array([2, 2, -1, 0, 1, 0, 1])
    assert samples(labels, None).tolist() == [0, 3, 4]
    assert samples(labels, None, most=2).tolist() == [0, 3]
    assert samples(labels, np.array([1, 5, 6]), most=2).tolist() == [1, 5]
    assert samples(np.full(5, -1), None, most=3).tolist() == [0, 1, 2]
    assert samples(np.zeros(5, int), None, most=3).tolist() == [0, 1, 2]
    assert samples(np.empty(0, int), None).tolist() == []


def test_rounding_is_no_distance():
    assert [away(d) for d in (6.2e-15, 0.00105, 2.0)] == ["0", "0.00105", "2.00"]


def test_a_photograph_is_placed_and_can_be_clicked_again(workspace, monkeypatch):
    monkeypatch.setattr("app.frame.link", lambda *_, **__: None)
    measured(workspace, 200, 4, 16, 1)
    try:
        page = drawn(opened("place"))
        pills = next(g for g in page.button_group if g.key == "geometry.place.hand.photograph")
        pills.set_value("Cat")
        drawn(page)
        assert [p.name for p in page.session_state["embeddings.uploads"].values()] == ["chelsea.png"]
        assert not next(g for g in page.button_group if g.key == "geometry.place.hand.photograph").value
    finally:
        closed()
