"""Pictures as data URIs, small enough to send."""

import base64
import io

from PIL import Image

LONG_SIDE = 1024  # pixels of what is shown; the analysis reads the original


def _uri(image: Image.Image, form: str, **options: int | bool) -> str:
    buffer = io.BytesIO()
    image.save(buffer, form, **options)
    return f"data:image/{form.lower()};base64,{base64.b64encode(buffer.getvalue()).decode()}"


def _fitted(image: Image.Image, side: int) -> Image.Image:
    scale = side / max(image.size)
    if scale >= 1:
        return image
    size = max(round(image.width * scale), 1), max(round(image.height * scale), 1)
    return image.resize(size, Image.Resampling.LANCZOS, reducing_gap=3)


def shown(image: Image.Image) -> str:
    """The whole picture: PNG if it is tiny, so that its pixels stay as they are, else JPEG."""
    if max(image.size) <= 128:
        return _uri(image, "PNG", optimize=True)
    return _uri(_fitted(image, LONG_SIDE).convert("RGB"), "JPEG", quality=88)


def exact(image: Image.Image) -> str:
    """Every pixel as it is."""
    return _uri(image, "PNG")


def thumbnail(image: Image.Image, side: int = 88) -> str:
    """The middle square, small."""
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    square = image.convert("RGB").crop((left, top, left + edge, top + edge))
    return _uri(square.resize((side, side), Image.Resampling.LANCZOS, reducing_gap=3), "JPEG", quality=82)
