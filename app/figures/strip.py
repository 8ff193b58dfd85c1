"""A few thumbnails side by side, as one picture."""

import io
from collections.abc import Sequence

from PIL import Image

GAP = 4


def strip(images: Sequence[Image.Image], side: int, columns: int) -> bytes:
    """The middle squares, a row of so many and as many rows as it takes: PNG bytes with a clear ground.

    Small pictures are enlarged without smoothing, so that they look like what they are.
    """
    rows = -(-len(images) // columns)
    sheet = Image.new("RGBA", (columns * (side + GAP) - GAP, max(rows, 1) * (side + GAP) - GAP), (0, 0, 0, 0))
    for place, image in enumerate(images):
        row, column = divmod(place, columns)
        sheet.paste(_square(image, side), (column * (side + GAP), row * (side + GAP)))
    buffer = io.BytesIO()
    sheet.save(buffer, "PNG")
    return buffer.getvalue()


def _square(image: Image.Image, side: int) -> Image.Image:
    edge = min(image.size)
    left, top = (image.width - edge) // 2, (image.height - edge) // 2
    how = Image.Resampling.NEAREST if edge < side else Image.Resampling.LANCZOS
    return image.convert("RGB").crop((left, top, left + edge, top + edge)).resize((side, side), how)
