"""Arrays as people save them -> (n, H, W, C) uint8 and labels, saying what was done; refused where it is a guess."""

from collections.abc import Callable, Sequence

import numpy as np

from analysis.datasets.npy_streams import NpyStream
from analysis.errors import DataError
from analysis.records import UNLABELLED

_LARGEST_SIDE = 20_000
_MOST_CLASSES = 100_000
Converted = tuple[Callable[[np.ndarray], np.ndarray], tuple[str, ...]]


def image_converter(stream: NpyStream) -> Converted:
    """How blocks of this array become (n, H, W, C) uint8, and what must be said; reads it once unless it is uint8.

    DataError for shapes that are no images, for NaN and infinity, for values that are neither 0-1 nor 0-255.
    """
    arranged = _axes(stream)
    kind = stream.dtype.kind
    if stream.dtype == np.uint8:
        return (lambda block: arranged(block)), _nearly_black(stream)
    if kind == "b":
        return (lambda block: arranged(block).astype(np.uint8) * 255), ("True and False were stored as 255 and 0.",)
    if kind not in "iuf":
        raise DataError(f"The images '{stream.name}' are of type {stream.dtype}; expected are numbers, best uint8.")
    low, high = _extent(stream)
    if kind in "iu":
        if low < 0 or high > 255:
            raise _range(stream, low, high)
        return (lambda block: arranged(block).astype(np.uint8)), ()
    if low >= 0 and high <= 1:
        said = "Values from 0 to 1 were scaled to 8 bits (0 to 255)."
        return (lambda block: np.rint(arranged(block) * 255.0).astype(np.uint8)), (said,)
    if low < 0 or high > 255:
        raise _range(stream, low, high)
    return (lambda block: np.rint(arranged(block)).astype(np.uint8)), ("Fractions were rounded to 8 bits.",)


def labels_of(values: np.ndarray, count: int, classes: int | None, name: str) -> tuple[list[int] | list[str], tuple]:
    """Saved labels -> a class index or name for each of `count` images, and remarks. DataError for what is neither."""
    remarks: tuple[str, ...] = ()
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    if values.ndim == 2 and values.shape[1] > 1 and np.isin(values, (0, 1)).all() and (values.sum(axis=1) == 1).all():
        values, remarks = values.argmax(axis=1), ("Labels came as one 1 in a row of zeros.",)
    if values.ndim != 1 or len(values) != count:
        raise DataError(
            f"The labels '{name}' have shape {values.shape}, but there are {count:,} images: one label each is needed."
        )
    if values.dtype.kind in "US":
        texts = values.astype(str)
        return texts.tolist(), remarks
    return _indices(values, classes, name), remarks


def _indices(values: np.ndarray, classes: int | None, name: str) -> list[int]:
    if values.dtype.kind not in "iufb":
        raise DataError(f"The labels '{name}' are of type {values.dtype}; expected are whole numbers or class names.")
    wrong = np.zeros(len(values), bool)
    if values.dtype.kind == "f":
        wrong = ~np.isfinite(values) | (values != np.floor(np.nan_to_num(values)))
    most = classes or _MOST_CLASSES
    with np.errstate(invalid="ignore"):
        wrong |= (values < UNLABELLED) | (values >= most)
    if wrong.any():
        first = int(wrong.argmax())
        known = f"there are {most:,} classes, 0 to {most - 1:,}" if classes else f"expected are 0 to {most - 1:,}"
        raise DataError(
            f"The label of image {first:,} in '{name}' is {values[first]}, but {known} (and {UNLABELLED} for none); "
            f"{int(wrong.sum()):,} labels are out of range. Nothing was imported."
        )
    return values.astype(np.int64).tolist()


def _axes(stream: NpyStream) -> Callable[[np.ndarray], np.ndarray]:
    """(N, H, W), (N, H, W, C) or (N, C, H, W) -> (N, H, W, C); where both fit, channels are taken to be last."""
    shape = stream.shape
    sides: Sequence[int] = shape[1:]
    if len(shape) == 4 and shape[3] in (1, 3):
        sides, turn = shape[1:3], lambda block: block
    elif len(shape) == 4 and shape[1] in (1, 3):
        sides, turn = shape[2:], lambda block: block.transpose(0, 2, 3, 1)
    elif len(shape) == 3:
        turn = lambda block: block[..., None]  # noqa: E731 - one of three forms of a small function
    else:
        raise DataError(
            f"The array '{stream.name}' has shape {shape}. Images are (N, height, width), (N, height, width, channels) "
            f"or (N, channels, height, width) with 1 or 3 channels.{_advice(shape)}"
        )
    if min(sides) < 1 or max(sides) > _LARGEST_SIDE:
        raise DataError(f"The array '{stream.name}' has images of {sides[1]:,} x {sides[0]:,} pixels.")
    return turn


def _advice(shape: tuple[int, ...]) -> str:
    if len(shape) == 2:
        return " Its rows look flattened: reshape them to height and width first."
    return " Drop the fourth channel first." if len(shape) == 4 and 4 in (shape[1], shape[3]) else ""


def _extent(stream: NpyStream) -> tuple[float, float]:
    """Smallest and largest value; DataError for what is no number."""
    low, high, seen = np.inf, -np.inf, 0
    for block in stream.blocks():
        if block.dtype.kind == "f" and not np.isfinite(block).all():
            bad = ~np.isfinite(block.reshape(len(block), -1)).all(axis=1)
            raise DataError(
                f"Image {seen + int(bad.argmax()):,} of '{stream.name}' holds NaN or infinity. Nothing was imported. "
                "Replace them, or leave those images out."
            )
        low, high = min(low, float(block.min())), max(high, float(block.max()))
        seen += len(block)
    return low, high


def _range(stream: NpyStream, low: float, high: float) -> DataError:
    return DataError(
        f"The values of '{stream.name}' go from {low:g} to {high:g}: perhaps normalised, or of more than 8 bits. "
        "Expected are 0 to 1 or 0 to 255. Undo the normalisation and save uint8."
    )


def _nearly_black(stream: NpyStream) -> tuple[str, ...]:
    first = next(stream.blocks(), None)
    if first is None or not first.size or first.max() > 1:
        return ()
    return ("The first images hold only 0 and 1, and so are black; were fractions turned into whole numbers?",)
