"""The small networks that the bundled classifiers are made of."""

import pytest
import torch

from analysis.attribution.attention import readable_attention, recording
from models import catalogue
from models.architectures.registry import build, classes_of, default_preprocessing
from models.checkpoints import read
from models.classifier import Classifier
from models.published_keys import renamed

NAMES = ("resnet20_shapes", "vit_shapes", "cnn_digits")


def wrapped(name: str) -> Classifier:
    torch.manual_seed(0)
    return catalogue.wrap(build(name).eval(), architecture=name)


@pytest.mark.parametrize(("name", "classes"), [("resnet20_shapes", 12), ("vit_shapes", 12), ("cnn_digits", 10)])
def test_what_is_found_in_them(name: str, classes: int) -> None:
    classifier = wrapped(name)
    assert len(classifier.class_names) == classes
    assert classifier.head is not None
    assert classifier.default_tap is not None
    tap = classifier.taps[classifier.default_tap]
    assert tap.grid == (8, 8)
    assert tap.layout == ("tokens" if name == "vit_shapes" else "nchw")
    features = classifier.head.weight.shape[1]
    assert tap.channels == features
    assert classifier.preprocessing == default_preprocessing(name)


@pytest.mark.parametrize("name", NAMES)
def test_another_number_of_classes(name: str) -> None:
    network = build(name, 5).eval()
    preprocessing = default_preprocessing(name)
    images = torch.zeros(2, preprocessing.channels, *preprocessing.size)
    assert network(images).shape == (2, 5)
    assert classes_of(name, network.state_dict()) == 5


@pytest.mark.parametrize("name", NAMES)
def test_their_own_names_of_weights_are_kept(name: str) -> None:
    state = build(name).state_dict()
    assert list(renamed(name, state)) == list(state)


@pytest.mark.parametrize("name", NAMES)
def test_a_file_of_weights_loads(name: str, tmp_path) -> None:
    network = build(name, 4)
    torch.save({"state_dict": network.state_dict()}, tmp_path / "weights.pt")
    loaded = catalogue.from_file(tmp_path / "weights.pt", name, ["a", "b", "c", "d"])
    images = torch.rand(2, loaded.preprocessing.channels, *loaded.preprocessing.size)
    with torch.no_grad():
        torch.testing.assert_close(loaded.module(images), network.eval()(images))
    assert read(tmp_path / "weights.pt").keys() == network.state_dict().keys()


def test_attention_of_the_transformer_can_be_followed() -> None:
    classifier = wrapped("vit_shapes")
    assert readable_attention(classifier, None) is None
    with classifier.exclusive() as network, torch.no_grad(), recording(network) as found:
        network(torch.rand(2, 3, 64, 64))
    assert [tuple(each.shape) for each in found] == [(2, 3, 65, 65)] * 4
    torch.testing.assert_close(found[0].sum(-1), torch.ones(2, 3, 65))


def test_a_strided_stem_keeps_the_last_map_of_a_larger_image() -> None:
    """64 px through the stride of 2 are as 32 px without: 8 x 8 cells in the end, and the papers' weights."""
    large, small = build("resnet20_shapes", 10), build("resnet20_cifar", 10)
    assert {k: v.shape for k, v in large.state_dict().items()} == {k: v.shape for k, v in small.state_dict().items()}
