import json
import zipfile

import pytest

from analysis.datasets.class_mapping import in_published_order, match
from analysis.datasets.wordnet import imagenet, titled, wordnet_id, words_of
from analysis.errors import DataError
from analysis.records import UNLABELLED

ANIMALS = ("cat", "dog", "great white shark", "T-shirt/top")


def test_exact_and_spelling():
    found = match(("dog", "Great_White-Shark", "t shirt top", "lynx"), ANIMALS)
    assert found.class_map == (1, 2, 3, UNLABELLED)
    assert found.how == ("exact", "spelling", "spelling", "unmatched")
    assert found.unmatched == (3,)


def test_a_spelling_that_fits_two_classes_decides_nothing():
    assert match(("A b",), ("a_b", "ab", "c")).class_map == (UNLABELLED,)
    assert match(("a_b",), ("a_b", "ab")).how == ("exact",)


def test_by_hand_wins_and_may_say_none():
    found = match(("cat", "puppy", "dog"), ANIMALS, {"puppy": "dog", "cat": UNLABELLED, "dog": 0})
    assert found.class_map == (UNLABELLED, 1, 0)
    assert found.how == ("by hand",) * 3


@pytest.mark.parametrize("said", [{"bird": "dog"}, {"cat": "bird"}, {"cat": 4}, {"cat": -2}])
def test_by_hand_must_name_what_exists(said):
    with pytest.raises(DataError, match="class"):
        match(("cat",), ANIMALS, said)


def test_numbers_against_names():
    assert match(("class 1", "class 0"), ("a", "b")).class_map == (1, 0)
    assert match(("0", "1"), ("a", "b")).how == ("index", "index")
    assert match(("cat", "dog"), ("class 0", "class 1")).class_map == (0, 1)
    assert match(("class 0", "class 1"), ("a", "b", "c")).class_map == (UNLABELLED, UNLABELLED)  # whose order?
    assert match(("7", "3"), ("3", "7", "x")).class_map == (1, 0)  # names, not places


def test_no_classes():
    assert match((), ANIMALS).class_map == ()


# -------------------------------------------------------------------------------------------------------- ImageNet


@pytest.fixture(scope="module")
def published() -> tuple[str, ...]:
    from torchvision.models import ResNet18_Weights

    return tuple(ResNet18_Weights.DEFAULT.meta["categories"])


def test_wordnet_ids_in_names():
    assert wordnet_id("n01440764") == wordnet_id("tench (n01440764)") == wordnet_id("N01440764_tench") == "n01440764"
    assert wordnet_id("n0144076") is wordnet_id("an01440764") is wordnet_id("n014407641") is None


def test_words_of_a_wordnet_id():
    assert words_of("n01440764") == ("tench", "Tinca tinca")
    assert words_of("n00000000") is None
    assert titled(None, "x")(["n01440764", "n01443537"]) == ["tench (n01440764)", "goldfish (n01443537)"]


def test_timm_and_the_list_of_ids_agree(shared):
    listed = json.loads((shared / "imagenet-classes.json").read_text(encoding="utf-8"))
    assert [wnid for wnid, _ in imagenet()] == [each["wnid"] for each in listed]


def test_all_thousand_ids_go_to_their_class(published, shared):
    """Against torchvision's names, timm's, and the list beside the public weights, in which "crane" occurs twice."""
    from timm.data.imagenet_info import ImageNetInfo

    ids = [wnid for wnid, _ in imagenet()]
    listed = [e["name"] for e in json.loads((shared / "imagenet-classes.json").read_text(encoding="utf-8"))]
    for names in (published, listed, ImageNetInfo().label_descriptions(), ids):
        assert match(ids, names).class_map == tuple(range(1000))
        assert in_published_order(names)
    assert match(listed, published).class_map == tuple(range(1000))  # "crane" the bird is "crane bird" there
    assert match(published, listed).class_map == tuple(range(1000))


def test_the_sample_images_go_to_their_classes(published, shared):
    """Folders named by WordNet id, and the class names they get at import."""
    with zipfile.ZipFile(shared / "imagenet-samples-100.zip") as archive:
        folders = sorted({name.split("/")[0] for name in archive.namelist()})
    listed = json.loads((shared / "imagenet-classes.json").read_text(encoding="utf-8"))
    expected = tuple(next(e["index"] for e in listed if e["wnid"] == f) for f in folders)
    for names in (folders, titled(None, "x")(folders)):
        assert match(names, published).class_map == expected


def test_words_of_imagenet(published):
    found = match(("Carassius auratus", "tiger cat", "crane", "unicorn"), published)
    assert found.class_map == (1, 282, 517, UNLABELLED)
    assert found.how == ("words", "exact", "exact", "unmatched")


def test_a_part_of_imagenet_with_names_of_its_own():
    """A classifier of three classes: ids go by their words."""
    found = match(("n01440764", "n01443537", "n02012849"), ("goldfish", "crane", "tench"))
    assert found.class_map == (2, 0, 1)
    assert set(found.how) == {"wordnet id"}


def test_numbers_are_indices_of_imagenet(published):
    assert match(("1", "999", "0"), published).class_map == (1, 999, 0)
    assert not in_published_order(published[::-1])
