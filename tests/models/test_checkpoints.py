"""What a file of weights may look like, and what is refused with which words."""

import argparse
import os

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from models import checkpoints
from models.architectures.cifar_resnet import CifarResNet
from models.errors import CheckpointMismatch, UnreadableCheckpoint, UnsafeCheckpoint


@pytest.fixture(scope="module")
def state():
    torch.manual_seed(0)
    return CifarResNet(20, 4).state_dict()


def same(found, expected):
    return found.keys() == expected.keys() and all(torch.equal(found[k], expected[k]) for k in expected)


@pytest.mark.parametrize(
    "wrap",
    [
        lambda s: s,
        lambda s: {"state_dict": s, "epoch": 3, "best": 0.5},
        lambda s: {"model": {"state_dict": s}},
        lambda s: {"model_state_dict": {f"module.{k}": v for k, v in s.items()}, "optimizer": {"state": {}}},
        lambda s: {"net": {f"_orig_mod.module.{k}": v for k, v in s.items()}},
        lambda s: {f"model.{k}": v for k, v in s.items()},
        lambda s: {"args": argparse.Namespace(lr=0.1), "state_dict": s},
        lambda s: {"state_dict": {k: v + 1 for k, v in s.items()}, "state_dict_ema": s},
        lambda s: {k: nn.Parameter(v, requires_grad=False) for k, v in s.items()},
    ],
    ids=["plain", "state_dict", "nested", "module", "compiled", "model.", "options", "averaged", "parameters"],
)
@pytest.mark.parametrize("old", [False, True], ids=["zip", "old style"])
def test_wrappers_and_prefixes_are_taken_off(tmp_path, state, wrap, old):
    path = tmp_path / "weights.pth"
    torch.save(wrap(state), path, _use_new_zipfile_serialization=not old)
    assert same(checkpoints.read(path), state)


def test_safetensors(tmp_path, state):
    save_file({f"module.{k}": v for k, v in state.items()}, tmp_path / "weights.safetensors")
    assert same(checkpoints.read(tmp_path / "weights.safetensors"), state)


def test_a_prefix_that_only_some_names_have_stays():
    some = {"model.weight": torch.zeros(1), "criterion.weight": torch.zeros(1)}
    assert checkpoints.without_prefix(some).keys() == some.keys()


class Harmful:
    def __reduce__(self):
        return os.getcwd, ()


@pytest.mark.parametrize("old", [False, True], ids=["zip", "old style"])
@pytest.mark.parametrize("content", [nn.Linear(2, 2), {"state_dict": Harmful()}], ids=["module", "code"])
def test_a_pickled_object_is_refused_with_the_reason(tmp_path, content, old):
    torch.save(content, tmp_path / "whole.pt", _use_new_zipfile_serialization=not old)
    with pytest.raises(UnsafeCheckpoint) as caught:
        checkpoints.read(tmp_path / "whole.pt")
    message = str(caught.value)
    assert "could run code" in message
    assert "torch.save(model.state_dict()" in message
    assert str(tmp_path) not in message


@pytest.mark.filterwarnings("ignore:.*torch.jit:FutureWarning")
def test_a_torchscript_program_is_refused(tmp_path):
    torch.jit.save(torch.jit.script(nn.Linear(2, 2)), tmp_path / "program.pt")
    with pytest.raises(UnsafeCheckpoint, match="TorchScript"):
        checkpoints.read(tmp_path / "program.pt")


def broken(folder, state):
    torch.save(state, folder / "whole.pt")
    torch.save(state, folder / "old.pt", _use_new_zipfile_serialization=False)
    save_file(state, folder / "whole.safetensors")
    for name in ("whole.pt", "old.pt", "whole.safetensors"):
        content = (folder / name).read_bytes()
        for part in (3, len(content) // 2, len(content) - 10):
            yield f"{part}.{name}", content[:part]
    yield "empty.pt", b""
    yield "empty.safetensors", b""
    yield "text.pth", b"these are not weights\n" * 50
    yield "text.safetensors", b"these are not weights\n" * 50
    yield "image.pt", b"\x89PNG\r\n\x1a\n" + bytes(100)
    yield "pickle-like.pt", b"\x80\x02" + bytes(range(200))
    yield "zip-like.pt", b"PK\x03\x04" + bytes(200)


def test_damaged_files_are_unreadable(tmp_path, state):
    for name, content in broken(tmp_path, state):
        (tmp_path / name).write_bytes(content)
        with pytest.raises(UnreadableCheckpoint) as caught:
            checkpoints.read(tmp_path / name)
        assert name in str(caught.value)
        assert str(tmp_path) not in str(caught.value)


@pytest.mark.parametrize("content", [[torch.zeros(2)], torch.zeros(2), {}, {"epoch": 3}, {"optimizer": {"lr": 1}}])
def test_files_without_weights(tmp_path, content):
    torch.save(content, tmp_path / "other.pt")
    with pytest.raises(UnreadableCheckpoint, match="not weights by name"):
        checkpoints.read(tmp_path / "other.pt")


def test_weights_that_are_not_finite(tmp_path, state):
    torch.save(state | {"fc.bias": torch.tensor([0.0, float("nan"), 0.0, 0.0])}, tmp_path / "nan.pt")
    with pytest.raises(UnreadableCheckpoint, match=r"not finite.*fc\.bias"):
        checkpoints.read(tmp_path / "nan.pt")


def test_a_missing_file(tmp_path):
    with pytest.raises(UnreadableCheckpoint, match=r"no file gone\.pt"):
        checkpoints.read(tmp_path / "gone.pt")


def test_batch_counts_may_be_missing_or_left_over(state):
    network = CifarResNet(20, 4)
    checkpoints.load_into(network, {k: v for k, v in state.items() if "num_batches" not in k}, "resnet20_cifar")
    assert torch.equal(network.fc.weight, state["fc.weight"])
    checkpoints.load_into(network, state | {"extra.num_batches_tracked": torch.tensor(1)}, "resnet20_cifar")


def test_half_precision_weights_are_read_into_float32(state):
    network = CifarResNet(20, 4)
    checkpoints.load_into(network, {k: v.half() if v.is_floating_point() else v for k, v in state.items()}, "x")
    assert network.fc.weight.dtype == torch.float32


def test_a_mismatch_is_counted_and_named(state):
    changed = dict(state)
    del changed["conv1.weight"]
    changed |= {"extra.weight": torch.zeros(1), "fc.weight": torch.zeros(4, 3)}
    with pytest.raises(CheckpointMismatch) as caught:
        checkpoints.load_into(CifarResNet(20, 4), changed, "resnet20_cifar")
    message = str(caught.value)
    for part in ("95 of its 97", "1 missing (conv1.weight)", "1 left over (extra.weight)", "(4, 3) instead of (4, 64)"):
        assert part in message
