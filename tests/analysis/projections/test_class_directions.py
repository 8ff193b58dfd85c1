from dataclasses import replace

import numpy as np
import pytest

from analysis.errors import BadParameter, NotApplicable
from analysis.projections.checking import project
from analysis.projections.methods.class_directions import angles
from analysis.projections.registry import Given

PLANE = np.array([[1, 0], [0, 2], [-3, 0], [1, 1], [0, 0], [2, 0]], np.float32)
HEAD = Given(weight=np.array([[5.0, 0], [0, 1], [-1, 0]]), head_classes=("east", "north", "west"))


def test_angles_by_hand() -> None:
    found = project("class_directions", PLANE, HEAD, {"x": "east", "y": "north"})
    np.testing.assert_allclose(found.points, [[0, 90], [90, 0], [180, 90], [45, 45], [90, 90], [0, 90]], atol=1e-4)
    assert found.axes == ("angle to east (degrees)", "angle to north (degrees)")
    assert found.remarks == ("1 samples have features of length zero, which point nowhere: they are put at 90°.",)
    assert found.placer is not None
    np.testing.assert_allclose(angles(np.array([[0.0, -1]]), found.placer)[0], [[90, 180]], atol=1e-4)


def test_a_class_by_number_or_in_other_letters() -> None:
    by_name = project("class_directions", PLANE, HEAD, {"x": "WEST", "y": "north"}).points
    by_number = project("class_directions", PLANE, HEAD, {"x": "2", "y": " 1 "}).points
    np.testing.assert_array_equal(by_name, by_number)
    unnamed = project("class_directions", PLANE, replace(HEAD, head_classes=()), {"x": "2", "y": "1"})
    assert unnamed.axes[0] == "angle to class 2 (degrees)"


def test_without_a_choice_the_classes_that_most_point_to() -> None:
    assert project("class_directions", PLANE, HEAD).axes[0] == "angle to east (degrees)"
    filled = project("class_directions", PLANE, replace(HEAD, dims=3), {"y": "east"})
    assert [a.split()[2] for a in filled.axes] == ["north", "east", "west"]


def test_an_unknown_class_names_those_near_it(some: np.ndarray, known: Given) -> None:
    with pytest.raises(BadParameter, match=r"'y' takes one of the head's 10 classes.*got 'fiev'.*five"):
        project("class_directions", some, known, {"y": "fiev"})
    with pytest.raises(BadParameter, match="from 0 to 9, got '10'"):
        project("class_directions", some, known, {"x": "10"})
    with pytest.raises(BadParameter, match="one is named twice"):
        project("class_directions", some, known, {"x": "five", "y": "5"})


def test_what_it_needs(some: np.ndarray, known: Given) -> None:
    with pytest.raises(NotApplicable, match="last layer is linear"):
        project("class_directions", some, Given())
    with pytest.raises(NotApplicable, match="reads 64 numbers a sample, and the features have 40"):
        project("class_directions", some[:, :40], known)
    with pytest.raises(NotApplicable, match="3 axes take 3 classes, and the head has 2"):
        project("class_directions", some, replace(known, dims=3, weight=np.ones((2, 64))))
