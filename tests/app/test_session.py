"""A choice and its address are two forms of one thing."""

import pytest

from analysis.types import Ask
from app.session import Choice

CHOICES = [
    Choice(),
    Choice(pictures=("a" * 64, "b" * 64), classifiers=("resnet20-cifar10", "timm/resnet18.a1_in1k")),
    Choice(methods=(Ask("gradcam"), Ask("occlusion", (("window", "8"), ("fill", "black")))), taps=("layer2", "auto")),
    Choice(targets=("cat:dog", "tiger, big cat"), fusion="mean", augment=True, eigen_smooth=True),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_an_address_brings_the_choice_back(choice: Choice) -> None:
    assert Choice.from_query(choice.to_query()) == choice


def test_the_default_needs_no_address() -> None:
    assert Choice().to_query() == {}


def test_what_an_address_cannot_mean_falls_back() -> None:
    query = {"fusion": ["sum"], "augment": ["perhaps"], "stranger": ["1"], "tap": ["layer1", "layer1"]}
    assert Choice.from_query(query) == Choice(taps=("layer1",))


def test_a_request_has_the_defaults_of_what_is_not_chosen() -> None:
    request = Choice(eigen_smooth=True).request([Ask("gradcam")])
    assert request.taps == ("auto",)
    assert request.targets == ("predicted",)
    assert request.eigen_smooth
