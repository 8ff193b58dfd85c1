import errno
import json

import numpy as np
import pytest
import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from models import checkpoints, sparse_files
from models.errors import UnreadableCheckpoint


def _state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    weight = torch.randn(7, 5, 3, 3)
    weight[torch.rand_like(weight) < 0.8] = 0
    weight[0, 0, 0, 0] = -0.0
    half = torch.randn(33).half()
    half[4:] = 0
    return {
        "conv.weight": weight,
        "half": half,
        "fc.bias": torch.randn(5),
        "bn.num_batches_tracked": torch.tensor(7),
        "empty": torch.zeros(4, 4),
        "none": torch.zeros(0, 3),
    }


def test_every_bit_comes_back(tmp_path) -> None:
    state = _state()
    sparse_files.save(state, tmp_path / "w.safetensors")
    found = checkpoints.read(tmp_path / "w.safetensors")
    assert set(found) == set(state)
    for name, tensor in state.items():
        assert found[name].dtype == tensor.dtype
        assert found[name].shape == tensor.shape
        assert np.array_equal(found[name].numpy().tobytes(), tensor.numpy().tobytes())


def test_the_bits_are_the_places_of_the_values(tmp_path) -> None:
    weight = torch.zeros(40)
    weight[torch.tensor([0, 9, 39])] = torch.tensor([1.5, -2.0, 3.0])
    sparse_files.save({"w": weight}, tmp_path / "w.safetensors")
    raw = load_file(tmp_path / "w.safetensors")
    assert raw["w::bits"].tolist() == [0b1000_0000, 0b0100_0000, 0, 0, 1]
    assert raw["w::values"].tolist() == [1.5, -2.0, 3.0]


def test_packs_only_what_gets_smaller_and_nothing_where_it_is_not_asked(tmp_path) -> None:
    state = _state()
    sparse_files.save(state, tmp_path / "a.safetensors")
    sparse_files.save(state, tmp_path / "b.safetensors", pack=False)
    assert {"fc.bias", "conv.weight::bits", "half::values", "bn.num_batches_tracked"} <= set(
        load_file(tmp_path / "a.safetensors")
    )
    assert set(load_file(tmp_path / "b.safetensors")) == set(state)
    assert (tmp_path / "a.safetensors").stat().st_size < (tmp_path / "b.safetensors").stat().st_size


def test_the_size_is_foretold() -> None:
    weight = torch.zeros(1000)
    weight[:100] = 1
    assert sparse_files.packed_bytes(1000, 100) == 125 + 400
    assert sparse_files.packed_bytes(1000, 1000) == 4000


def test_bits_that_do_not_fit_their_shape_are_refused(tmp_path) -> None:
    tensors = {"w::bits": torch.tensor([255], dtype=torch.uint8), "w::values": torch.ones(3)}
    save_file(tensors, tmp_path / "w.safetensors", metadata={sparse_files.SHAPES: json.dumps({"w": [8]})})
    with pytest.raises(UnreadableCheckpoint, match="only part of one"):
        checkpoints.read(tmp_path / "w.safetensors")


def test_a_full_disk_is_the_systems_error(tmp_path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: object, **__: object) -> None:
        raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("safetensors.torch.save_file", full)
    with pytest.raises(OSError, match="No space left") as refused:
        sparse_files.save({"w": torch.ones(5)}, tmp_path / "w.safetensors")
    assert refused.value.errno == errno.ENOSPC
