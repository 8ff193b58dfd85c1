"""Names to networks."""

import subprocess
import sys

import pytest
import torch

from models.architectures.cifar_resnet import CifarResNet, canonical_keys
from models.architectures.registry import architectures, build, classes_of, default_preprocessing, head_keys, resolve
from models.errors import CheckpointMismatch, UnknownName
from models.published_keys import renamed


@pytest.mark.parametrize(
    ("name", "full"),
    [
        ("resnet20_cifar", "resnet20_cifar"),
        ("resnet18", "torchvision/resnet18"),
        ("timm/resnet18", "timm/resnet18"),
        ("timm/resnet18.a1_in1k", "timm/resnet18.a1_in1k"),
        ("vit_tiny_patch16_224", "timm/vit_tiny_patch16_224"),
    ],
)
def test_a_bare_name_is_ours_then_torchvisions_then_timms(name, full):
    assert resolve(name) == full


@pytest.mark.parametrize(
    ("name", "near"),
    [("resnet20_cifr", "resnet20_cifar"), ("timm/resnett18", "timm/resnet18"), ("mobilenet_v9", "mobilenet_v")],
)
def test_an_unknown_name_tells_what_is_near(name, near):
    with pytest.raises(UnknownName, match=near):
        build(name)


@pytest.mark.parametrize("name", ["", "/", "timm/", "timm//resnet18", "other/resnet18", "../resnet18"])
def test_odd_names(name):
    with pytest.raises(UnknownName):
        build(name)


def test_all_names_are_listed():
    names = architectures()
    assert {"resnet110_cifar", "torchvision/resnet18", "timm/resnet18"} <= set(names)
    assert len(names) == len(set(names)) > 1000


@pytest.mark.parametrize("depth", [20, 32, 44, 56, 110])
def test_cifar_resnets_have_the_papers_size(depth):
    network = build(f"resnet{depth}_cifar")
    layers = sum(isinstance(m, torch.nn.Conv2d | torch.nn.Linear) for m in network.modules())
    millions = sum(p.numel() for p in network.parameters()) / 1e6
    assert layers == depth
    assert round(millions, 2) == {20: 0.27, 32: 0.46, 44: 0.66, 56: 0.85, 110: 1.73}[depth]  # table 6


@pytest.mark.parametrize("projection", [False, True])
def test_both_key_conventions_load(projection):
    ours = CifarResNet(20, 10, projection=projection).state_dict()
    theirs = {k.replace("fc.", "linear.").replace("downsample.", "shortcut."): v for k, v in ours.items()}
    state = canonical_keys(theirs)
    build("resnet20_cifar", state=state).load_state_dict(state)


@pytest.mark.parametrize(
    "name", ["resnet20_cifar", "torchvision/squeezenet1_0", "timm/deit_tiny_distilled_patch16_224"]
)
def test_the_number_of_classes_is_read_from_the_head(name):
    assert classes_of(name, build(name, 17).state_dict()) == 17


def test_no_head_and_heads_that_disagree():
    assert classes_of("resnet20_cifar", {}) is None
    heads = {k: torch.zeros(3 + i) for i, k in enumerate(head_keys("resnet20_cifar"))}
    with pytest.raises(CheckpointMismatch, match="do not agree"):
        classes_of("resnet20_cifar", heads)


def test_published_names_of_densenet_and_inception():
    old = {"features.denseblock1.denselayer1.norm.1.weight": torch.zeros(1)}
    assert list(renamed("torchvision/densenet121", old)) == ["features.denseblock1.denselayer1.norm1.weight"]
    assert renamed("torchvision/inception_v3", {"AuxLogits.fc.weight": torch.zeros(1)}) == {}


def test_default_preprocessing():
    assert default_preprocessing("resnet20_cifar").size == (32, 32)
    vit = default_preprocessing("timm/vit_tiny_patch16_224")
    assert (vit.size, vit.resize, vit.interpolation, vit.mean) == ((224, 224), 248, "bicubic", (0.5, 0.5, 0.5))
    assert default_preprocessing("torchvision/inception_v3").size == (299, 299)


def test_the_zoos_are_imported_only_when_needed():
    code = (
        "import sys, models.catalogue as c; c.bundled(); from models.architectures.registry import build;"
        "build('resnet20_cifar'); sys.exit(any(m in sys.modules for m in ('timm', 'torchvision')))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
