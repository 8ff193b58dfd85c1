"""Any pixels that Pillow decodes -> 8-bit RGB, saying what was done.

Every function returns the picture and its remarks. What loses something a viewer would miss is a remark;
what every viewer does silently (greyscale shown in three equal channels) is not.
"""

import io

import numpy as np
from PIL import Image, ImageCms

from analysis.errors import UnreadableImage

Turned = tuple[Image.Image, tuple[str, ...]]


def to_rgb(image: Image.Image) -> Turned:
    """A loaded picture of any mode -> mode RGB, profile applied, on white where it is transparent."""
    profile = image.info.get("icc_profile")
    image, scaled = _eight_bits(image)
    alpha = _alpha(image)
    opaque, converted = _srgb(_without_alpha(image), profile)
    rgb = opaque if opaque.mode == "RGB" else opaque.convert("RGB")
    if alpha is None:
        return rgb, (*scaled, *converted)
    white = Image.new("RGB", rgb.size, "white")
    white.paste(rgb, mask=alpha)
    return white, (*scaled, *converted, "transparent parts put on white")


def _eight_bits(image: Image.Image) -> Turned:
    """Modes of more than 8 bits -> L, by scaling, never by clipping."""
    if image.mode not in ("I", "F") and not image.mode.startswith("I;16"):
        return image, ()
    values = np.asarray(image)
    if image.mode.startswith("I;16"):
        return _grey(values.astype(np.float32) / 257), ("16 bits scaled to 8",)
    finite = values[np.isfinite(values)]
    if finite.size == 0:
        raise UnreadableImage("its pixels are not numbers (NaN)")
    low, high = float(finite.min()), float(finite.max())
    gone = () if finite.size == values.size else ("pixels that are not numbers shown black",)
    values = np.nan_to_num(values.astype(np.float64), nan=low, posinf=high, neginf=low)
    for top, said in _scales(image.mode):
        if low >= 0 and high <= top:
            return _grey(values * (255 / top)), (said, *gone)
    said = f"values from {low:g} to {high:g} stretched to 8 bits"
    return _grey((values - low) * (255 / max(high - low, 1e-300))), (said, *gone)


def _scales(mode: str) -> tuple[tuple[float, str], ...]:
    """Ranges that a picture of numbers may mean, narrowest first."""
    if mode == "F":
        return (1.0, "values from 0 to 1 scaled to 8 bits"), (255.0, "fractions rounded to 8 bits")
    return ((65535.0, "16 bits scaled to 8"),)


def _grey(values: np.ndarray) -> Image.Image:
    return Image.fromarray(np.rint(values).clip(0, 255).astype(np.uint8))


def _alpha(image: Image.Image) -> Image.Image | None:
    """How opaque each pixel is (mode L), or None if all are."""
    if "transparency" not in image.info and "A" not in image.getbands() and "a" not in image.getbands():
        return None
    alpha = image.convert("RGBA").getchannel("A")
    return None if alpha.getextrema()[0] == 255 else alpha


def _without_alpha(image: Image.Image) -> Image.Image:
    """The same colours in a mode a profile can be applied to: L, RGB, CMYK."""
    if image.mode in ("L", "RGB", "CMYK", "LAB"):
        if "transparency" not in image.info:
            return image  # nearly every photograph: a copy costs a sixth of the decoding
        plain = image.copy()
        plain.info.pop("transparency", None)
        return plain
    if image.mode in ("LA", "La", "1"):
        return image.convert("LA").getchannel("L") if image.mode != "1" else image.convert("L")
    return image.convert("RGBA").convert("RGB")  # palettes through RGBA, whose transparency Pillow keeps apart


def _srgb(image: Image.Image, profile: bytes | None) -> Turned:
    """Colours by their embedded profile -> sRGB. A profile that cannot be used is ignored, as viewers do."""
    if not profile:
        return image, ()
    try:
        given = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        name = ImageCms.getProfileDescription(given).strip()
        if "srgb" in name.lower() and image.mode == "RGB":
            return image, ()
        turned = ImageCms.profileToProfile(image, given, ImageCms.createProfile("sRGB"), outputMode="RGB")
    except (ImageCms.PyCMSError, OSError, ValueError, TypeError):
        return image, ()
    if turned is None:
        return image, ()
    return turned, (f"colours turned from '{name[:40]}' to sRGB",)
