"""Weights with few distinct values, as a file keeps them: a table of values, and for each weight its place there.

In memory such weights are plain floats. Rows (outputs) that share a table form a group. In a file, `NAME` becomes
`NAME.codebook` (groups, 2^bits) float32 and `NAME.codes`, `bits` bits a weight, packed into bytes. Nothing is lost.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
from torch import Tensor

Codebooks = Mapping[str, Mapping[str, Any]]
"""A weight's name -> {"bits": b, "groups": [the group of each row]}; the `codebooks` of a structure."""


def packed(books: Codebooks, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """Weights as they are in memory -> as a file keeps them. What has too many values stays as it is."""
    kept: dict[str, Tensor] = {}
    for name, value in state.items():
        tables = _tables(value, books[name]) if name in books else None
        if tables is None:
            kept[name] = value
        else:
            kept[f"{name}.codebook"], codes = tables
            kept[f"{name}.codes"] = torch.from_numpy(_to_bits(codes, int(books[name]["bits"])))
    return kept


def unpacked(books: Codebooks, state: Mapping[str, Tensor], shapes: Mapping[str, torch.Size]) -> dict[str, Tensor]:
    """The way back. `shapes`: of the weights. ValueError where the file does not hold so many codes."""
    found = {k: v for k, v in state.items() if k.removesuffix(".codes").removesuffix(".codebook") not in books}
    found |= {k: state[k] for k in books if k in state}
    for name, book in books.items():
        if name not in state:
            found[name] = _looked_up(name, book, state, shapes[name])
    return found


def _looked_up(name: str, book: Mapping[str, Any], state: Mapping[str, Tensor], shape: torch.Size) -> Tensor:
    table = state[f"{name}.codebook"]
    codes = _from_bits(state[f"{name}.codes"].numpy(), int(book["bits"]), shape.numel())
    groups = torch.tensor(book["groups"], dtype=torch.int64)
    if len(groups) != shape[0] or table.ndim != 2 or not 0 <= int(groups.min()) <= int(groups.max()) < len(table):
        raise ValueError(f"{name}: its groups do not fit its table")
    rows = torch.from_numpy(codes).reshape(shape[0], -1)
    return table[groups].gather(1, rows).reshape(shape)


def _tables(weight: Tensor, book: Mapping[str, Any]) -> tuple[Tensor, np.ndarray] | None:
    """(groups, 2^bits) values and (weights,) codes; None where a group has more values than that."""
    rows = weight.detach().cpu().float().flatten(1).contiguous().view(torch.int32).numpy()  # +0 and -0 are two values
    groups, size = np.asarray(book["groups"], dtype=np.int64), 2 ** int(book["bits"])
    table = np.zeros((int(groups.max()) + 1, size), dtype=np.int32)
    codes = np.zeros(rows.shape, dtype=np.uint8)
    for group in range(len(table)):
        mine = groups == group
        values, places = np.unique(rows[mine], return_inverse=True)
        if len(values) > size:
            return None
        table[group, : len(values)] = values
        codes[mine] = places.reshape(rows[mine].shape)
    return torch.from_numpy(table).view(torch.float32), codes.reshape(-1)


def _to_bits(codes: np.ndarray, bits: int) -> np.ndarray:
    """(n,) below 2^bits -> bytes, bits of a code from the least significant on."""
    spread = (codes[:, None] >> np.arange(bits, dtype=np.uint8)) & 1
    return np.packbits(spread.reshape(-1))


def _from_bits(bytes_: np.ndarray, bits: int, count: int) -> np.ndarray:
    if bytes_.dtype != np.uint8 or len(bytes_) != -(-count * bits // 8):
        raise ValueError(f"{len(bytes_)} bytes do not hold {count} codes of {bits} bits")
    spread = np.unpackbits(bytes_, count=count * bits).reshape(count, bits)
    return (spread.astype(np.int64) << np.arange(bits)).sum(axis=1)
