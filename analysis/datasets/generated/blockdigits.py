"""BlockDigits: a handwritten digit in one block, the same meaningless drawing in the other.

After BlockMNIST (Shah et al. 2021, "Do Input Gradients Highlight Discriminative Features?"): whether an
attribution stays within the digit's block is known to be right or wrong, half of it is chance. Images are
56 x 28 (rows x columns), grey; the digit is above or below at even odds. The digits are scikit-learn's,
enlarged from 8 x 8 to 24 x 24 (bilinear) and set into a block of 28 x 28 up to 2 px off its middle;
the null block is a square with its diagonals. The mask is the digit's block. Training and test images share no
digit. Image i depends on seed, split and i alone.
"""

from typing import Annotated

import numpy as np

from analysis.datasets.generated import drawing, knobs
from analysis.datasets.generated.digits import CLASSES, dealt, source
from analysis.datasets.generated.registry import GENERATORS, Blocks, Generated
from analysis.registry import Range

SIDE = 28
BLOCK = 500
_DIGIT, _REACH = 24, 2


@GENERATORS.register(
    "blockdigits",
    label="BlockDigits",
    reads="The class depends on the digit's block alone: attribution outside the mask is wrong.",
    fails="The mask is the block, not the strokes; a map may be right and still cover only a part of it.",
    paper="Shah, Jain and Netrapalli (2021), Do Input Gradients Highlight Discriminative Features?",
    differs="scikit-learn's digits in place of MNIST's; the drawing of the null block is our own.",
)
def blockdigits(
    *,
    count: Annotated[int, Range(1, 1_000_000)] = 2000,
    seed: Annotated[int, Range(0, 2**31 - 1)] = 0,
    split: knobs.Split = "train",
) -> Blocks:
    """Blocks of images (N, 56, 28, 1) uint8 with masks; columns digit_on_top, source (place in scikit-learn's set)."""
    digits, labels = source()
    pool = dealt(split, seed)
    for block in range(-(-count // BLOCK)):
        rng = knobs.stream(seed, split, block, 0)
        chosen = pool[rng.integers(0, len(pool), BLOCK)]
        on_top = rng.random(BLOCK) < 0.5
        signal = _signal(digits[chosen], rng.integers(0, 2 * _REACH + 1, (BLOCK, 2)))
        null = np.broadcast_to(null_block(), signal.shape)
        first = on_top[:, None, None]
        images = np.concatenate([np.where(first, signal, null), np.where(first, null, signal)], axis=1)
        masks = np.repeat(np.stack([on_top, ~on_top], axis=1), SIDE, axis=1)[:, :, None].repeat(SIDE, axis=2)
        columns = {"digit_on_top": on_top, "source": chosen}
        yield Generated(images[..., None], labels[chosen], CLASSES, masks, columns).first(count - block * BLOCK)


def null_block() -> np.ndarray:
    """(28, 28) uint8: a square with its diagonals."""
    drawn = np.zeros((SIDE, SIDE), np.uint8)
    inner = drawn[4:-4, 4:-4]
    inner[[0, 1, -2, -1]] = inner[:, [0, 1, -2, -1]] = 255
    place = np.arange(len(inner))
    inner[place, place] = inner[place, place[::-1]] = 255
    return drawn


def _signal(digits: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Digits (B, 8, 8) and places (B, 2) -> blocks (B, 28, 28) uint8."""
    weights = drawing.resampling(8, _DIGIT)
    large = np.rint(weights @ digits.astype(np.float32) @ weights.T).astype(np.uint8)
    blocks = np.zeros((len(digits), SIDE, SIDE), np.uint8)
    for block, digit, (top, left) in zip(blocks, large, offsets, strict=True):
        block[top : top + _DIGIT, left : left + _DIGIT] = digit
    return blocks
