"""Weights with many zeros in less room: for each tensor a bit a weight and the values that are not zero.

In a `.safetensors` file a packed tensor NAME is two: `NAME::bits` (uint8, eight weights a byte, the first in the
highest bit) and `NAME::values`, in row-major order; the file's metadata has the shapes. Nothing is lost: -0.0 is
a value like any other. Any reader of safetensors can open the file; `unpacked` is six lines of numpy.
"""

import json
import math
import os
import re
from collections.abc import Mapping
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

BITS, VALUES = "::bits", "::values"
SHAPES = "cutaway.shapes"
_AS_WHOLE_NUMBERS = {2: torch.int16, 4: torch.int32, 8: torch.int64}


def packed_bytes(weights: int, nonzeros: int, item: int = 4) -> int:
    """What a tensor takes in such a file: packed, or as it is where that is less."""
    return min(math.ceil(weights / 8) + nonzeros * item, weights * item)


def stored_bytes(tensor: Tensor) -> int:
    """What a tensor of a state dict takes when it is saved packed."""
    there, item = _there(tensor), tensor.element_size()
    return tensor.numel() * item if there is None else packed_bytes(tensor.numel(), int(there.sum()), item)


def save(state: Mapping[str, Tensor], path: Path, *, pack: bool = True) -> None:
    """Write a state dict; those tensors packed that take less room so, or none. OSError where the disk refuses."""
    from safetensors import SafetensorError
    from safetensors.torch import save_file

    tensors, shapes = {}, {}
    for name, tensor in state.items():
        tensor = tensor.detach().cpu().contiguous()
        there = _there(tensor) if pack else None
        if there is None:
            tensors[name] = tensor.clone()
            continue
        bits = np.packbits(there.numpy())
        tensors[name + BITS] = torch.from_numpy(bits)
        tensors[name + VALUES] = tensor.reshape(-1)[there]
        shapes[name] = list(tensor.shape)
    try:
        save_file(tensors, path, metadata={SHAPES: json.dumps(shapes)} if shapes else None)
    except SafetensorError as error:  # the library hides the system's error in its own
        found = re.search(r"os error (\d+)", str(error))
        if found is None:
            raise
        raise OSError(int(found[1]), os.strerror(int(found[1])), path.name) from error


def _there(tensor: Tensor) -> Tensor | None:
    """Which values (numel,) have any bit set, where packing them saves room; else None."""
    item = tensor.element_size()
    if not tensor.is_floating_point() or item not in _AS_WHOLE_NUMBERS:
        return None
    there = tensor.reshape(-1).view(_AS_WHOLE_NUMBERS[item]) != 0
    count = int(there.sum())
    return there if packed_bytes(tensor.numel(), count, item) < tensor.numel() * item else None


def unpacked(tensors: Mapping[str, Tensor], metadata: Mapping[str, str]) -> dict[str, Tensor]:
    """The state dict of a file's tensors. ValueError or KeyError where they do not go together."""
    shapes = json.loads(metadata.get(SHAPES, "{}"))
    state = {name: t for name, t in tensors.items() if name.removesuffix(BITS).removesuffix(VALUES) not in shapes}
    for name, shape in shapes.items():
        bits, values = tensors[name + BITS], tensors[name + VALUES]
        count = math.prod(shape)
        there = torch.from_numpy(np.unpackbits(bits.numpy(), count=count)).bool()
        if bits.numel() != math.ceil(count / 8) or int(there.sum()) != values.numel():
            raise ValueError(f"the packed tensor '{name}' does not fit its shape {shape}")
        dense = torch.zeros(count, dtype=values.dtype)
        dense[there] = values
        state[name] = dense.reshape(shape)
    return state
