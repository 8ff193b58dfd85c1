import pytest

from analysis.datasets.arrangement import arrangement, is_candidate, is_leftover
from analysis.records import UNLABELLED


def labels(*paths: str) -> list[str | int]:
    read_as = arrangement(paths)
    return [read_as.place(p).label for p in paths]


def test_the_first_folder_is_the_class():
    assert labels("cat/1.jpg", "dog/deep/er/1.jpg") == ["cat", "dog"]


def test_folders_around_everything_say_nothing():
    assert labels("a/b/cat/1.jpg", "a/b/dog/1.jpg") == ["cat", "dog"]
    assert labels("a/cat/1.jpg", "a/cat/2.jpg") == ["cat", "cat"]
    assert labels("cat/1.jpg", "cat/2.jpg") == ["cat", "cat"]


def test_images_outside_of_classes_are_unlabelled_with_a_remark():
    read_as = arrangement(["cat/1.jpg", "dog/1.jpg", "1.jpg"])
    assert read_as.place("1.jpg").label == UNLABELLED
    assert read_as.remarks == ("1 image lies outside the folders of classes and without a label.",)


def test_a_class_named_like_a_split_stays_a_class():
    assert labels("test/1.jpg", "blood/1.jpg") == ["test", "blood"]
    assert labels("train/1.jpg", "test/1.jpg") == ["train", "test"]  # no classes below: trains and tests, maybe


def test_numbered_classes_are_no_severities():
    assert labels("x/1/a/1.jpg", "y/2/b/1.jpg") == ["x", "y"]
    assert arrangement(["fog/1/a/1.jpg", "snow/2/b/1.jpg"]).place("snow/2/b/1.jpg").condition == "snow/2"
    assert arrangement(["mine/1/n01440764/1.jpg"]).place("mine/1/n01440764/1.jpg").condition == "mine/1"


@pytest.mark.parametrize("path", ["a/b.JPG", "x.jpeg", "q.webp", "photo.heic"])
def test_candidates(path):
    assert is_candidate(path)


@pytest.mark.parametrize("path", ["a/._b.jpg", "__MACOSX/a.jpg", ".git/a.png", "a.txt", "jpg", "a/.jpg"])
def test_no_candidates(path):
    assert not is_candidate(path)


def test_leftovers_are_not_mentioned():
    assert is_leftover("a/Thumbs.db")
    assert is_leftover("__MACOSX/a/b")
    assert not is_leftover("a/notes.txt")
