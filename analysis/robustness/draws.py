"""Chance for corruptions: numbers that follow from a seed, a name and an image's place, and from nothing else.

Every number is a hash of its position (a counter-based generator in the manner of Salmon et al. 2011): batches, their
order and the device make no difference. The hash is two rounds of a 32-bit finaliser (xor of shifts and odd
multipliers), the first over the position, the second over that and 64 bits that stand for seed, name, place and how
many draws came before. Integers wrap around alike on every device; normal numbers (Box & Muller 1958) may differ in
the last bit.
"""

import hashlib
import math

import numpy as np
import torch
from torch import Tensor

WORDS_AT_A_TIME = 1 << 18  # stay in the processor's cache
_MASK = (1 << 64) - 1


class Draws:
    """Streams of random numbers, one for each image of a batch.

    A draw depends on the seed, the name, the image's place and how many draws came before it: not on severity, so that
    the severities of one corruption share their chance, and not on the other images.
    """

    def __init__(self, seed: int, name: str, places: np.ndarray, device: torch.device | str = "cpu") -> None:
        """`places` (n,) are the images' places in their dataset."""
        self.device = torch.device(device)
        self.number = 0  # draws so far
        named = hashlib.blake2b(f"{seed} {name}".encode(), digest_size=8).digest()
        steps = np.asarray(places, dtype=np.int64).astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15)
        self._streams = _scrambled(steps + np.uint64(int.from_bytes(named, "little")))

    def uniform(self, *shape: int) -> Tensor:
        """-> (n, *shape) float32 in [0, 1), multiples of 2^-24."""
        return self._uniform(math.prod(shape)).view(-1, *shape)

    def normal(self, *shape: int) -> Tensor:
        """-> (n, *shape) float32 of mean 0 and variance 1."""
        count = math.prod(shape)
        half = (count + 1) // 2
        lengths, turns = self._uniform(2 * half).split(half, dim=1)
        lengths = lengths.neg().log1p_().mul_(-2).sqrt_()
        turns = turns * (2 * math.pi)
        found = torch.empty(len(lengths), 2 * half, device=self.device)
        torch.mul(lengths, turns.cos(), out=found[:, :half])
        torch.mul(lengths, turns.sin_(), out=found[:, half:])
        return found[:, :count].reshape(-1, *shape)

    def integers(self, low: int, high: int, *shape: int) -> Tensor:
        """-> (n, *shape) int64 from `low` to `high`, which is not among them."""
        scaled = self._uniform(math.prod(shape)).mul_(high - low).long().clamp_max_(high - low - 1)
        return (scaled + low).view(-1, *shape)

    def _uniform(self, count: int) -> Tensor:
        """The next `count` numbers of every stream, (n, count) float32."""
        keys = self._keys()
        spread = _mixed(torch.arange(count, dtype=torch.int32, device=self.device), None)
        found = torch.empty(len(keys), count, device=self.device)
        together = max(WORDS_AT_A_TIME // max(count, 1), 1) if self.device.type == "cpu" else max(len(keys), 1)
        for start in range(0, len(keys), together):
            key = keys[start : start + together]
            words = _mixed(spread ^ key[:, :1], key[:, 1:])
            words.bitwise_right_shift_(8).bitwise_and_(0xFFFFFF)
            torch.mul(words, 2.0**-24, out=found[start : start + together])
        return found

    def _keys(self) -> Tensor:
        """Two words for each image and draw, (n, 2) int32."""
        self.number += 1
        step = np.uint64(self.number * 0xD1342543DE82EF95 & _MASK)
        words = _scrambled(self._streams + step).view(np.int32).reshape(-1, 2)
        return torch.from_numpy(words).to(self.device)


def _mixed(words: Tensor, key: Tensor | None) -> Tensor:
    """One round: int32 -> int32, in place; the 64 bits of a key are not all spent before the multiplications."""
    high = torch.empty_like(words)
    _fold(words, high, 16).mul_(0x21F0AAAD)
    if key is not None:
        words.add_(key)
    _fold(words, high, 15).mul_(0xD35A2D97 - (1 << 32))
    return _fold(words, high, 15)


def _fold(words: Tensor, high: Tensor, by: int) -> Tensor:
    """words ^= words >> by, with zeros shifted in, as torch's shift keeps the sign."""
    torch.bitwise_right_shift(words, by, out=high)
    return words.bitwise_xor_(high.bitwise_and_((1 << (32 - by)) - 1))


def _scrambled(words: np.ndarray) -> np.ndarray:
    """The finaliser of SplitMix64 (Steele et al. 2014), uint64 -> uint64."""
    words = (words ^ (words >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    words = (words ^ (words >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
