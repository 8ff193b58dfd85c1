"""Files of weights: what they hold, without running code from them.

`.safetensors`, or `.pt/.pth/.th` through `torch.load(weights_only=True)`. Wrappers around the
weights (`state_dict`, `model`, ...) and prefixes that all names share (`module.`, ...) are taken off.
"""

import argparse
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from models import sparse_files
from models.errors import CheckpointMismatch, UnreadableCheckpoint, UnsafeCheckpoint

# averaged weights first: they are what the accuracy in a training script's log is of
WRAPPERS = ("state_dict_ema", "model_ema", "ema_state_dict", "state_dict", "model_state_dict", "model_state")
WRAPPERS += ("model", "net", "network", "weights", "params", "module")
PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "net.", "network.")
_COUNTS = "num_batches_tracked"
_SAVE_AGAIN = "torch.save(model.state_dict(), 'weights.pt'), or safetensors.torch.save_file(model.state_dict(), ...)"
_REFUSED = re.compile(r"(?:Unsupported|Blocklisted) (?:global|class|operand).*?GLOBAL ([\w.]+)|GLOBAL ([\w.]+) was not")


def read(path: Path) -> dict[str, Tensor]:
    """A file of weights -> name to tensor, on the CPU, wrappers and shared prefixes taken off."""
    if not path.is_file():
        raise UnreadableCheckpoint(f"There is no file {path.name}.")
    if path.stat().st_size == 0:
        raise UnreadableCheckpoint(f"{path.name} is empty (0 bytes).")
    content = _safetensors(path) if path.suffix.lower() == ".safetensors" else _torch(path)
    state = without_prefix(unwrapped(content, path.name))
    damaged = next((k for k, v in state.items() if v.is_floating_point() and not torch.isfinite(v).all()), None)
    if damaged is not None:
        raise UnreadableCheckpoint(f"{path.name} holds numbers that are not finite, first in '{damaged}'.")
    return state


def _safetensors(path: Path) -> Mapping[str, Tensor]:
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="pt") as file:
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (no mapping)
            return sparse_files.unpacked(tensors, file.metadata() or {})
    except (SafetensorError, OSError, ValueError, KeyError, TypeError) as error:
        raise UnreadableCheckpoint(f"{path.name} is no safetensors file, or only part of one.") from error


def _torch(path: Path) -> Any:
    with path.open("rb") as file:
        start = file.read(2)
    if start != b"PK" and start[:1] != b"\x80":  # a zip, or a pickle of protocol 2 and later
        raise UnreadableCheckpoint(f"{path.name} is no file of weights: it was not written by torch.save.")
    try:
        # training scripts store their options beside the weights
        with torch.serialization.safe_globals([argparse.Namespace]):
            return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # whatever a damaged file makes the reader raise
        text = str(error)
        if "TorchScript" in text or "GLOBAL" in text or "Unsupported class" in text:
            raise UnsafeCheckpoint(_unsafe(path.name, text)) from error
        raise UnreadableCheckpoint(f"{path.name} is damaged, or only part of a file.") from error


def _unsafe(name: str, reason: str) -> str:
    found = _REFUSED.search(reason)
    what = next((g for g in found.groups() if g), None) if found else None
    holds = "a TorchScript program" if "TorchScript" in reason else f"a pickled Python object ({what or 'of a class'})"
    return (
        f"{name} holds {holds}, not only weights. Opening it could run code from the file, so it was not opened. "
        f"Where you trust it, load it yourself and save the weights alone: {_SAVE_AGAIN}."
    )


def unwrapped(content: Any, name: str = "The file") -> dict[str, Tensor]:
    """The innermost mapping of names to tensors; other entries beside them (epoch, options) are dropped."""
    for _ in range(4):
        if not isinstance(content, Mapping):
            break
        inner = next((content[k] for k in WRAPPERS if _holds_weights(content.get(k))), None)
        if inner is None:
            break
        content = inner
    weights = _tensors(content) if isinstance(content, Mapping) else {}
    if not weights:
        raise UnreadableCheckpoint(
            f"{name} holds {_described(content)}, not weights by name. Expected what {_SAVE_AGAIN} writes."
        )
    return weights


def _holds_weights(value: object) -> bool:
    return isinstance(value, Mapping) and (bool(_tensors(value)) or any(_holds_weights(v) for v in value.values()))


def _tensors(mapping: Mapping[Any, Any]) -> dict[str, Tensor]:
    return {k: v.detach() for k, v in mapping.items() if isinstance(k, str) and isinstance(v, Tensor)}


def _described(content: object) -> str:
    if not isinstance(content, Mapping):
        return f"one {type(content).__name__}"
    keys = ", ".join(str(k) for k in list(content)[:5])
    return f"entries named {keys}" if keys else "nothing"


def without_prefix(state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Take off the wrappers' prefixes that every name has, one after the other."""
    state = dict(state)
    while prefix := next((p for p in PREFIXES if all(k.startswith(p) for k in state)), None):
        state = {k.removeprefix(prefix): v for k, v in state.items()}
    return state


def load_into(module: nn.Module, state: Mapping[str, Tensor], architecture: str) -> None:
    """Give a network its weights; CheckpointMismatch says what does not fit.

    BatchNorm's counts of batches may be missing or left over: they play no part in a prediction.
    """
    wanted = {k: v for k, v in module.state_dict().items() if not k.endswith(_COUNTS)}
    given = {k: v for k, v in state.items() if not k.endswith(_COUNTS)}
    missing = [k for k in wanted if k not in given]
    unexpected = [k for k in given if k not in wanted]
    shapes = [(k, tuple(given[k].shape), tuple(v.shape)) for k, v in wanted.items() if k in given]
    misshaped = [f"{k} {have} instead of {want}" for k, have, want in shapes if have != want]
    if missing or unexpected or misshaped:
        fitting = len(wanted) - len(missing) - len(misshaped)
        raise CheckpointMismatch(
            f"These weights are not of {architecture}: {fitting} of its {len(wanted)} tensors fit"
            f"{_some('missing', missing)}{_some('left over', unexpected)}{_some('of another shape', misshaped)}. "
            "Choose the architecture that the file was trained with."
        )
    with torch.inference_mode(False):
        module.load_state_dict(given, strict=False)


def _some(what: str, names: list[str]) -> str:
    if not names:
        return ""
    more = ", ..." if len(names) > 3 else ""
    return f"; {len(names)} {what} ({', '.join(names[:3])}{more})"
