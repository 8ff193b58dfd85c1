"""The weights of one layer are those that the whole model has, packed or not."""

from pathlib import Path

import numpy as np
import pytest
import torch

from models import cards, catalogue
from models.errors import UnreadableCheckpoint
from models.single_weights import layer_weights


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A sparse variant of shapes-cnn: its file packs what has many zeros."""
    made, card = catalogue.load("shapes-cnn"), catalogue.card("shapes-cnn")
    assert card is not None
    with torch.no_grad():
        weight = dict(made.module.named_parameters())["conv1.weight"]
        weight[weight.abs() < weight.abs().median()] = 0
    state = made.module.state_dict()
    cards.store(cards.Card("sparse", card.architecture, card.class_names, card.preprocessing), state, tmp_path)
    return tmp_path


@pytest.mark.parametrize("layer", ["conv1", "layer2.0.conv1", "fc"])
def test_a_layer_of_a_bundled_model_and_of_a_packed_one(folder: Path, layer: str) -> None:
    for name in ("shapes-cnn", "sparse"):
        whole = catalogue.load(name, imported=folder).module.state_dict()[f"{layer}.weight"]
        found = layer_weights(name, layer, folder)
        assert found is not None
        assert found.dtype == np.float32
        assert np.array_equal(found, whole.numpy())


def test_what_is_not_there_is_none(folder: Path) -> None:
    assert layer_weights("nobody", "conv1", folder) is None
    assert layer_weights("sparse", "conv99", folder) is None
    assert layer_weights("sparse", "conv1") is None


def test_a_damaged_file_is_said(folder: Path) -> None:
    (folder / "sparse.safetensors").write_bytes(b"no weights")
    with pytest.raises(UnreadableCheckpoint, match=r"sparse\.safetensors"):
        layer_weights("sparse", "conv1", folder)
