"""Bytes from anyone -> a picture, or a clear no.

What a file claims is checked before any of its pixels are: its length, its format by content, its size in
pixels by its header. Pillow's own limits are global and warn; these are not and do not.
"""

import hashlib
import importlib
import io
import struct
import threading
import warnings
import zlib
from collections.abc import Iterator
from contextlib import contextmanager

from PIL import Image, ImageFile

from analysis.datasets.colours import to_rgb
from analysis.datasets.formats import ALLOWED, EXPECTED, unlike_a_picture
from analysis.errors import UnreadableImage
from analysis.types import Picture

MAX_BYTES = 50 * 1024 * 1024
MAX_PIXELS = 64_000_000
MAX_STRETCH = 500  # a network's input scales the shorter side to hundreds of pixels, and the longer one with it

for _name in ("Avif", "Bmp", "Gif", "Jpeg", "Png", "Tiff", "WebP"):  # each enters itself in Image.OPEN
    importlib.import_module(f"PIL.{_name}ImagePlugin")

# What Pillow and its libraries raise on damaged files; found by damaging many. Warnings raise where they are errors.
_BROKEN = (
    *(OSError, EOFError, SyntaxError, ValueError, TypeError, LookupError, AttributeError, ArithmeticError),
    *(RuntimeError, AssertionError, MemoryError, struct.error, zlib.error, Image.DecompressionBombError, Warning),
)
_HEADER = threading.Lock()
_ORIENTATION = 0x0112
_UPRIGHT = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def decode(data: bytes, name: str) -> Picture:
    """A file's bytes -> a Picture, 8-bit RGB and upright; `name` is how the user calls it.

    UnreadableImage, saying what was given, what is expected and what to do, if it is not a picture, is
    damaged, or is larger than 50 MB or 64 million pixels (found out before any pixel is decoded), or a mere line.
    """
    shown = _shown(name)
    if not data:
        raise UnreadableImage(f"'{shown}' is empty (0 bytes). {EXPECTED} Save or download it again.")
    if len(data) > MAX_BYTES:
        raise UnreadableImage(
            f"'{shown}' has {len(data) / 2**20:.0f} MB; at most {MAX_BYTES // 2**20} MB are read. "
            "Save it smaller, or as JPEG."
        )
    image = _opened(data, shown)
    _check_size(image, shown)
    frames = _frames(image)
    deep = ";16" in str(image.tile) and not image.mode.startswith("I")
    what = f"'{shown}' begins as a {image.format} picture of {image.width} x {image.height} pixels"
    try:
        image.load()
        upright, turned = _upright(image)
        pixels, done = to_rgb(upright)
    except UnreadableImage as error:
        raise UnreadableImage(f"{what}, but {error}. Save it again as PNG or JPEG.") from error
    except _BROKEN as error:
        raise UnreadableImage(f"{what}, but is cut short or damaged. Save or download it again.") from error
    remarks = (*frames, *turned, *(("16 bits scaled to 8",) if deep else ()), *done)
    return Picture(hashlib.sha256(data).hexdigest(), name, pixels, remarks)


def decode_small(data: bytes, name: str, size: int) -> Image.Image:
    """A file that `decode` has taken before -> RGB, upright, at most `size` pixels a side, faster than the whole.

    Only for showing: a JPEG is decoded at an eighth, a quarter or half of its size.
    """
    image = _opened(data, _shown(name))
    _check_size(image, _shown(name))
    try:
        image.draft("RGB", (size, size))
        upright, _ = _upright(image)
        small, _ = to_rgb(upright)
        small.thumbnail((size, size), reducing_gap=2.0)
        return small
    except _BROKEN as error:
        raise UnreadableImage(f"'{_shown(name)}' is damaged. Import it again.") from error


def decode_as_stored(data: bytes, name: str) -> Image.Image:
    """A file's bytes -> RGB as the usual loaders of training data read it: colour profiles and EXIF not looked at.

    The limits are those of `decode`. Published accuracies were taken like this.
    """
    image = _opened(data, _shown(name))
    _check_size(image, _shown(name))
    try:
        image.load()
        return image if image.mode == "RGB" else image.convert("RGB")  # which would copy
    except _BROKEN as error:
        raise UnreadableImage(f"'{_shown(name)}' is cut short or damaged. Save or download it again.") from error


def _opened(data: bytes, shown: str) -> ImageFile.ImageFile:
    """The picture with its header read and no pixel decoded."""
    for kind in ALLOWED:
        factory, accept = Image.OPEN[kind]
        accepted = accept(data[:32]) if accept else False
        if isinstance(accepted, str):
            raise UnreadableImage(
                f"'{shown}' is a {kind} file, which this machine's Pillow cannot read. Save it as PNG."
            )
        if accepted:
            try:
                with _quiet():
                    return factory(io.BytesIO(data), "")  # not Image.open, whose limit is global and warns
            except Image.DecompressionBombError as error:  # some formats check for themselves
                raise UnreadableImage(_too_large(shown, "more pixels than a picture has")) from error
            except _BROKEN as error:
                raise UnreadableImage(
                    f"'{shown}' begins as a {kind} file, but is cut short, damaged or of a rare kind. "
                    "Save or download it again, as PNG or JPEG."
                ) from error
    what, advice = unlike_a_picture(data)
    raise UnreadableImage(f"'{shown}' is {what}. {EXPECTED} {advice}")


def _check_size(image: Image.Image, shown: str) -> None:
    pixels = image.width * image.height
    short, long = sorted(image.size)
    if pixels == 0:
        raise UnreadableImage(f"'{shown}' has {image.width} x {image.height} pixels, so nothing to see. {EXPECTED}")
    if pixels > MAX_PIXELS:
        size = f"{image.width:,} x {image.height:,} pixels, {pixels / 1e6:,.0f} million"
        raise UnreadableImage(_too_large(shown, size))
    if long > MAX_STRETCH * short:
        raise UnreadableImage(
            f"'{shown}' is a line of {image.width:,} x {image.height:,} pixels; at most {MAX_STRETCH} times as long as "
            "wide is read. Cut out the part you mean."
        )


def _too_large(shown: str, size: str) -> str:
    return f"'{shown}' claims {size}; at most {MAX_PIXELS // 10**6} million are read. Scale it down first."


def _frames(image: ImageFile.ImageFile) -> tuple[str, ...]:
    try:
        with _quiet():
            count = getattr(image, "n_frames", 1)
            image.seek(0)
    except _BROKEN:  # a later one is damaged; the first may still be whole
        return ()
    return (f"first of {count} {'pages' if image.format == 'TIFF' else 'frames'}",) if count > 1 else ()


def _upright(image: ImageFile.ImageFile) -> tuple[Image.Image, tuple[str, ...]]:
    """Turned as the camera was held. Pillow has done so already for TIFF."""
    try:
        with _quiet():
            orientation = image.getexif().get(_ORIENTATION)
    except _BROKEN:  # EXIF is often damaged by editors, and the picture is not the worse for it
        return image, ()
    if orientation not in _UPRIGHT:
        return image, ()
    upright = image.transpose(_UPRIGHT[orientation])
    upright.info = image.info  # profile and transparency
    return upright, ("turned upright by its EXIF orientation",)


@contextmanager
def _quiet() -> Iterator[None]:
    """Without Pillow's warnings about metadata that it skips.

    Python keeps its warning filters per process, hence the lock, and hence not around the decoding of pixels.
    """
    with _HEADER, warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"PIL\.")
        yield


def _shown(name: str) -> str:
    """A name as it may stand in a sentence: no folders, nothing unprintable, not long."""
    last = name.replace("\\", "/").rstrip("/").rsplit("/", 1)[-1]
    printable = "".join(c for c in last if c.isprintable()).strip() or "the file"
    return printable if len(printable) <= 80 else printable[:60] + "..." + printable[-15:]
