import io

import numpy as np
import pytest
from PIL import Image

from analysis.datasets.examining import examine, jpeg_quality, rendition
from analysis.errors import UnreadableImage


def jpeg(quality: int = 75, sampling: str | int = "4:2:0", mode: str = "RGB", **more: object) -> bytes:
    buffer = io.BytesIO()
    Image.new(mode, (40, 30), "grey").save(buffer, "JPEG", quality=quality, subsampling=sampling, **more)
    return buffer.getvalue()


@pytest.mark.parametrize("quality", [1, 10, 24, 25, 49, 50, 51, 75, 80, 90, 95, 99, 100])
def test_libjpegs_own_quality_is_found(quality):
    """Pillow writes with libjpeg: what it was told must come back. Below 25, entries are capped and qualities tie."""
    said = rendition(jpeg(quality))
    assert said.startswith(f"JPEG, quality {quality}, ")


def test_every_quality_that_can_be_told_apart_is_found_exactly():
    found = []
    for quality in range(1, 101):
        with Image.open(io.BytesIO(jpeg(quality))) as image:
            found.append(jpeg_quality(tuple(image.quantization[0])))
    assert [q for q, _ in found] == list(range(1, 101))
    assert all(exact for _, exact in found)


def test_a_table_of_its_own_is_about_something():
    table = [round(v * 0.52) for v in range(16, 80)]
    buffer = io.BytesIO()
    Image.new("RGB", (8, 8)).save(buffer, "JPEG", qtables=[table, table])
    assert "quality about " in rendition(buffer.getvalue())


@pytest.mark.parametrize(("sampling", "said"), [(0, "4:4:4"), (1, "4:2:2"), (2, "4:2:0")])
def test_chroma_subsampling(sampling, said):
    assert rendition(jpeg(90, sampling)) == f"JPEG, quality 90, {said}"


def test_grey_and_progressive():
    assert rendition(jpeg(60, mode="L")) == "JPEG, quality 60, grey"
    assert rendition(jpeg(60, progressive=True)) == "JPEG, quality 60, 4:2:0"


@pytest.mark.parametrize(
    ("kind", "options", "said"),
    [
        ("PNG", {}, "PNG"),
        ("WEBP", {"lossless": True}, "WebP, lossless"),
        ("WEBP", {"quality": 50}, "WebP"),
        ("GIF", {}, "GIF"),
        ("BMP", {}, "BMP"),
        ("TIFF", {}, "TIFF"),
    ],
)
def test_other_formats(image_bytes, kind, options, said):
    assert rendition(image_bytes(kind=kind, **options)) == said


def test_examined(image_bytes):
    seen = examine(image_bytes(3, (12, 9)), "a.png")
    assert (seen.width, seen.height, seen.format) == (12, 9, "PNG")
    np.testing.assert_array_equal(seen.pixels, np.random.default_rng(3).integers(0, 256, (9, 12, 3), dtype=np.uint8))
    assert examine(image_bytes(3, (65, 9)), "a.png").pixels is None
    with pytest.raises(UnreadableImage):
        examine(b"no", "a.png")
