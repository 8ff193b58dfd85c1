"""A choice of the Variants page and its address are two forms of one thing."""

import pytest

from analysis.types import Ask
from app.variant_options import Options, read_options, written_options
from app.variants_choice import LEVELS, MOST_CHOSEN, PRUNERS, Choice, read, written

CHOICES = [
    Choice(),
    Choice("family", base="shapes-cnn", chosen=("shapes-cnn-lamp-80", "mine: it's 100 % odd"), model="a b"),
    Choice("tradeoff", x="macs", y="ece", data="ab12cd34ef56"),
    Choice("layers", base="timm/resnet18", layer="layer1.0.conv1", show="removed"),
    Choice("side", method="gradcam", selection="s1", samples=(0, 17)),
    Choice(pruners=(Ask("lamp"), Ask("fpgm", (("p", "2"),))), levels=(0.25, 0.995), options=(("epochs", "3"),)),
    Choice(pruners=(), levels=()),
]


@pytest.mark.parametrize("choice", CHOICES)
def test_an_address_brings_the_choice_back(choice: Choice) -> None:
    assert read(written(choice)) == choice


def test_the_default_needs_no_address() -> None:
    assert written(Choice()) == {}


def test_what_an_address_cannot_mean_falls_back() -> None:
    query = {
        "tab": ["nonsense"],
        "level": ["0", "1", "1.2", "nan", "90", "x", "0.9", "0.9"],
        "sample": ["-1", "x", "3", "99999999999"],
        "show": ["all"],
        "variant": [f"v{i}" for i in range(20)],
        "base": [],
    }
    found = read(query)
    assert (found.tab, found.levels, found.samples, found.show) == ("build", (0.9,), (3,), "density")
    assert found.chosen == tuple(f"v{i}" for i in range(MOST_CHOSEN))
    assert (found.base, found.pruners) == ("", PRUNERS)


def test_an_address_without_a_level_that_can_be_means_none() -> None:
    assert read({"level": ["2"]}).levels == ()
    assert read({}).levels == LEVELS


def test_a_long_id_is_shortened_in_the_address() -> None:
    assert written(Choice(data="d" * 64))["data"] == ["d" * 12]


def test_options_come_back_and_bad_ones_keep_their_defaults() -> None:
    options = Options(prefix="mine", data="ab12", epochs=3, learning_rate=0.005, distil=True, granularity="2:4", seed=7)
    assert read_options(written_options(options)) == options
    assert written_options(Options()) == ()
    assert read_options([("epochs", "many"), ("distil", "perhaps"), ("colour", "red"), ("seed", "4")]) == Options(
        seed=4
    )
