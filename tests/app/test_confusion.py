"""The confusion matrix: every cell can be clicked and says what it is; errors have a scale of their own."""

import numpy as np

from analysis.records import Confusion
from app.figures.confusion import confusion_matrix, row_shares

COUNTS = np.array([[90, 7, 0], [4, 950, 2]])
FOUND = Confusion(COUNTS, (4, 2), ("cat", "dog"), (0, 5, 1), ("cat", "dog", "<i>cow</i>"))


def drawn(**options):
    return confusion_matrix(FOUND, ("Label", "Model"), **options)


def test_a_point_in_each_cell_names_its_classes() -> None:
    points = drawn().data[2]
    places = {(int(y), int(x)): tuple(c) for x, y, c in zip(points.x, points.y, points.customdata, strict=True)}
    assert places == {(i, j): (FOUND.row_classes[i], FOUND.column_classes[j]) for i in range(2) for j in range(3)}


def test_the_many_that_are_right_do_not_drown_the_few_that_are_wrong() -> None:
    same, other = drawn().data[:2]
    assert same.zmax == 950
    assert other.zmax == 7
    assert np.array_equal(same.z, [[90, np.nan, np.nan], [np.nan, 950, np.nan]], equal_nan=True)
    assert np.array_equal(other.z, [[np.nan, 7, np.nan], [4, np.nan, 2]], equal_nan=True)


def test_shares_are_of_the_row_and_an_empty_row_has_none() -> None:
    assert row_shares(np.array([[1, 3], [0, 0]])).tolist() == [[25.0, 75.0], [0.0, 0.0]]
    assert np.nanmax(drawn(shares=True).data[1].z) == 100 * 7 / 97


def test_the_chosen_cell_is_framed_or_a_whole_row() -> None:
    (cell,) = drawn(chosen=(2, 5)).layout.shapes
    assert (cell.x0, cell.x1, cell.y0, cell.y1) == (0.5, 1.5, 0.5, 1.5)
    (row,) = drawn(chosen=(4, None)).layout.shapes
    assert (row.x0, row.x1, row.y0, row.y1) == (-0.5, 2.5, -0.5, 0.5)
    assert drawn(chosen=(7, None)).layout.shapes == ()


def test_names_are_not_read_as_markup_and_numbers_stand_in_small_matrices_only() -> None:
    figure = drawn()
    assert figure.layout.xaxis.ticktext[2] == "&lt;i&gt;cow&lt;/i&gt;"
    assert "<i>" not in "".join(figure.data[2].text)
    assert {a.text for a in figure.layout.annotations} == {"90", "7", "4", "950", "2"}
    many = tuple(range(30))
    big = Confusion(np.ones((30, 30), int), many, tuple(map(str, many)), many, tuple(map(str, many)))
    assert confusion_matrix(big, ("Label", "Model")).layout.annotations == ()


def test_no_classes_at_all_is_an_empty_figure() -> None:
    nothing = Confusion(np.zeros((0, 0), int), (), (), (), ())
    assert len(confusion_matrix(nothing, ("Label", "Model")).data[2].x) == 0
