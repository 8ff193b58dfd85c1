"""Pictures of every kind become right, and everything else a clear no."""

import hashlib
import io
import resource
import struct
import subprocess
import sys
import zlib

import numpy as np
import pytest
from PIL import Image, ImageCms

from analysis.datasets.decoding import decode
from analysis.errors import UnreadableImage

RAMP = np.linspace(0, 255, 64 * 48).reshape(48, 64).round().astype(np.uint8)
COLOURS = np.dstack([RAMP, RAMP[::-1], RAMP[:, ::-1]])


def encoded(image: Image.Image, kind: str, **options) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def pixels(data: bytes, name: str = "x") -> np.ndarray:
    picture = decode(data, name)
    assert picture.pixels.mode == "RGB"
    return np.asarray(picture.pixels)


def refused(data: bytes, name: str) -> str:
    with pytest.raises(UnreadableImage) as caught:
        decode(data, name)
    return str(caught.value)


def chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, rows: bytes = b"", depth: int = 8, colour: int = 0) -> bytes:
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")


def test_a_plain_picture_is_untouched():
    data = encoded(Image.fromarray(COLOURS), "PNG")
    picture = decode(data, "ramp.png")
    assert picture.digest == hashlib.sha256(data).hexdigest()
    assert (picture.name, picture.remarks) == ("ramp.png", ())
    assert np.array_equal(np.asarray(picture.pixels), COLOURS)


@pytest.mark.parametrize("kind", ["PNG", "TIFF", "BMP"])
def test_lossless_formats(kind):
    assert np.array_equal(pixels(encoded(Image.fromarray(COLOURS), kind), "wrong-ending.txt"), COLOURS)


@pytest.mark.parametrize("kind", ["JPEG", "WEBP", "AVIF"])
def test_lossy_formats(kind):
    found = pixels(encoded(Image.fromarray(COLOURS), kind, quality=95)).astype(int)
    assert np.abs(found - COLOURS).mean() < 6


def test_grey_is_three_equal_channels():
    found = pixels(encoded(Image.fromarray(RAMP), "JPEG", quality=100))
    assert np.array_equal(found[..., 0], found[..., 2])
    assert np.abs(found[..., 0].astype(int) - RAMP).max() <= 2
    assert pixels(encoded(Image.fromarray(RAMP > 127), "PNG"))[0, 0].tolist() == [0, 0, 0]


def test_sixteen_bit_grey_is_scaled_not_clipped():
    deep = RAMP.astype(np.uint16) * 257
    for kind in ("PNG", "TIFF"):
        picture = decode(encoded(Image.fromarray(deep), kind), "deep")
        assert np.array_equal(np.asarray(picture.pixels)[..., 1], RAMP)
        assert picture.remarks == ("16 bits scaled to 8",)
    big_endian = Image.frombytes("I;16B", (64, 48), deep.astype(">u2").tobytes())
    assert np.array_equal(pixels(encoded(big_endian, "TIFF"))[..., 0], RAMP)


def test_sixteen_bit_colour_is_scaled():
    rows = b"".join(b"\0" + row.tobytes() for row in (COLOURS.astype(">u2") * 257))
    picture = decode(png(64, 48, rows, depth=16, colour=2), "deep.png")
    assert np.array_equal(np.asarray(picture.pixels), COLOURS)
    assert picture.remarks == ("16 bits scaled to 8",)


def test_whole_numbers_of_32_bits():
    wide = Image.fromarray(RAMP.astype(np.int32) * 257)
    assert np.array_equal(pixels(encoded(wide, "TIFF"))[..., 0], RAMP)
    signed = decode(encoded(Image.fromarray(RAMP.astype(np.int32) * 1000 - 500), "TIFF"), "signed.tif")
    assert np.array_equal(np.asarray(signed.pixels)[..., 0], RAMP)
    assert signed.remarks == ("values from -500 to 254500 stretched to 8 bits",)


def test_fractions():
    unit = decode(encoded(Image.fromarray((RAMP / 255).astype(np.float32)), "TIFF"), "unit.tif")
    assert np.array_equal(np.asarray(unit.pixels)[..., 0], RAMP)
    assert unit.remarks == ("values from 0 to 1 scaled to 8 bits",)
    flat = decode(encoded(Image.fromarray(np.full((4, 4), -7, np.float32)), "TIFF"), "flat.tif")
    assert np.asarray(flat.pixels).max() == 0
    holes = (RAMP / 255).astype(np.float32)
    holes[0, 0] = np.nan
    assert "not numbers shown black" in decode(encoded(Image.fromarray(holes), "TIFF"), "holes.tif").remarks[1]
    said = refused(encoded(Image.fromarray(np.full((4, 4), np.nan, np.float32)), "TIFF"), "nan.tif")
    assert "not numbers" in said


def test_cmyk_in_both_conventions():
    red = Image.new("CMYK", (16, 16), (0, 255, 255, 0))
    for kind in ("JPEG", "TIFF"):  # a JPEG holds it inverted, as Adobe does; a TIFF does not
        found = pixels(encoded(red, kind))[8, 8].astype(int)
        assert np.abs(found - [255, 0, 0]).max() <= 3, kind


def test_transparency_is_put_on_white_and_said():
    ghost = Image.new("RGBA", (4, 4), (255, 0, 0, 0))
    ghost.putpixel((1, 1), (0, 0, 255, 255))
    ghost.putpixel((2, 2), (0, 0, 0, 128))
    for data in (encoded(ghost, "PNG"), encoded(ghost, "WEBP", lossless=True, exact=True)):
        picture = decode(data, "ghost")
        assert picture.remarks == ("transparent parts put on white",)
        found = np.asarray(picture.pixels)
        assert found[0, 0].tolist() == [255] * 3
        assert found[1, 1].tolist() == [0, 0, 255]
        assert abs(int(found[2, 2, 0]) - 127) <= 1
    assert decode(encoded(Image.new("RGBA", (4, 4), "red"), "PNG"), "opaque").remarks == ()


def test_grey_with_alpha_and_palettes():
    assert pixels(encoded(Image.new("LA", (3, 3), (0, 0)), "PNG"))[0, 0].tolist() == [255] * 3
    palette = Image.new("P", (4, 4), 0)
    palette.putpalette([255, 0, 0, 0, 255, 0])
    palette.putpixel((0, 0), 1)
    assert pixels(encoded(palette, "PNG"))[0, 0].tolist() == [0, 255, 0]
    one = decode(encoded(palette, "PNG", transparency=0), "one index")
    several = decode(encoded(palette, "PNG", transparency=bytes([0, 255])), "a table")
    for picture in (one, several, decode(encoded(palette, "GIF", transparency=0), "gif")):
        found = np.asarray(picture.pixels)
        assert found[0, 0].tolist() == [0, 255, 0]
        assert found[3, 3].tolist() == [255] * 3
        assert picture.remarks == ("transparent parts put on white",)
    keyed = encoded(Image.new("RGB", (2, 2), (9, 8, 7)), "PNG", transparency=(9, 8, 7))
    assert pixels(keyed)[0, 0].tolist() == [255] * 3


@pytest.mark.parametrize("kind", ["GIF", "WEBP", "PNG"])
def test_the_first_frame_of_an_animation(kind):
    frames = [Image.new("RGB", (8, 8), c) for c in ("red", "lime", "blue")]
    data = encoded(frames[0], kind, save_all=True, append_images=frames[1:], lossless=True)
    picture = decode(data, "dance")
    assert picture.remarks == ("first of 3 frames",)
    assert np.asarray(picture.pixels)[4, 4].tolist() == [255, 0, 0]


def test_the_first_page_of_a_tiff():
    pages = [Image.new("RGB", (8, 8), c) for c in ("red", "lime")]
    picture = decode(encoded(pages[0], "TIFF", save_all=True, append_images=pages[1:]), "fax.tif")
    assert picture.remarks == ("first of 2 pages",)
    assert np.asarray(picture.pixels)[4, 4].tolist() == [255, 0, 0]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_exif_orientation(kind, orientation):
    upright = Image.new("RGB", (32, 16), "white")
    upright.paste("red", (0, 0, 8, 8))  # the corner that must be at the top left
    back = {2: 0, 3: 3, 4: 1, 5: 5, 6: 2, 7: 6, 8: 4}  # the transpose that undoes each orientation
    stored = upright.transpose(Image.Transpose(back[orientation])) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    picture = decode(encoded(stored, kind, exif=exif), "phone")
    found = np.asarray(picture.pixels).astype(int)
    assert found.shape == (16, 32, 3)
    assert np.abs(found[3, 3] - [255, 0, 0]).max() < 12
    assert found[12, 28].min() > 240
    if kind != "TIFF":
        assert picture.remarks == (("turned upright by its EXIF orientation",) if orientation > 1 else ())


def test_damaged_exif_is_ignored():
    data = bytearray(encoded(Image.fromarray(COLOURS), "JPEG", exif=b"Exif\0\0II*\0\x08\0\0\0\xff\xff" + b"\xff" * 20))
    assert pixels(bytes(data)).shape == (48, 64, 3)


def test_one_pixel_wide():
    assert pixels(encoded(Image.new("RGB", (1, 500), "red"), "PNG")).shape == (500, 1, 3)
    assert pixels(encoded(Image.new("L", (1, 1), 7), "PNG")).tolist() == [[[7, 7, 7]]]
    assert "a line of 1 x 501" in refused(encoded(Image.new("RGB", (1, 501)), "PNG"), "line.png")


def test_profiles_are_applied_and_bad_ones_ignored():
    image = Image.fromarray(COLOURS)
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    assert np.array_equal(pixels(encoded(image, "PNG", icc_profile=srgb)), COLOURS)
    lab = ImageCms.ImageCmsProfile(ImageCms.createProfile("LAB")).tobytes()
    for bad in (b"no profile", lab, srgb[:200]):
        assert np.array_equal(pixels(encoded(image, "PNG", icc_profile=bad)), COLOURS)


def test_a_truncated_file_says_so():
    for kind in ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF"):
        whole = encoded(Image.fromarray(np.random.default_rng(0).integers(0, 255, (48, 64, 3), np.uint8)), kind)
        said = refused(whole[: len(whole) // 2], "half.jpg")
        assert "half.jpg" in said
        assert "cut short" in said
        assert kind in said
        assert refused(whole[:20], "head.jpg")


def test_a_bomb_is_refused_from_its_header():
    said = refused(png(30_000, 30_000), "bomb.png")
    assert "30,000 x 30,000" in said
    assert "64 million" in said


def test_a_bomb_takes_no_memory():
    code = """
import resource, sys
from analysis.datasets.decoding import decode
from analysis.errors import UnreadableImage
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
for data in eval(sys.stdin.read()):
    try:
        decode(data, "bomb")
    except UnreadableImage as error:
        assert "million" in str(error), error
    else:
        raise SystemExit("accepted")
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)
"""
    rows = zlib.compress(bytes(30_001 * 2000), 9)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", 30_000, 30_000, 8, 0, 0, 0, 0))
    real = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows)
    webp = bytearray(encoded(Image.new("RGBA", (8, 8), (1, 2, 3, 4)), "WEBP"))
    assert webp[12:16] == b"VP8X"
    webp[24:30] = (16_382).to_bytes(3, "little") * 2
    gif = bytearray(encoded(Image.new("P", (8, 8)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65_535, 65_535)
    bmp = bytearray(encoded(Image.new("RGB", (8, 8)), "BMP"))
    bmp[18:26] = struct.pack("<ii", 30_000, 30_000)
    bombs = [bytes(b) for b in (real, webp, gif, bmp)]
    ran = subprocess.run([sys.executable, "-W", "error", "-c", code], input=repr(bombs), capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 30_000  # kilobytes; decoded, the first alone would take 900,000


@pytest.mark.parametrize(
    ("data", "said"),
    [
        (b"", "empty"),
        (b'<?xml version="1.0"?>\n<!-- made by hand -->\n<svg xmlns="http://www.w3.org/2000/svg"></svg>', "drawing"),
        (b"\xef\xbb\xbf<svg width='3'/>", "drawing"),
        (b"<!DOCTYPE html><html>404</html>", "web page"),
        (b"Dear photo,\nhow are you?", "a text"),
        ("Grüße".encode("utf-16"), "a text"),
        (b"%PDF-1.7 ...", "PDF"),
        (b"\0\0\0\x18ftypheic\0\0\0\0", "HEIC"),
        (b"\0\0\0\x18ftypisom\0\0\0\0", "video"),
        (b"PK\x03\x04 weights", "zip"),
        (bytes(range(256)), "not in a picture format"),
        (b"\x89PNG\r\n\x1a\n", "cut short"),
        (b"\xff\xd8\xff", "cut short"),
        (b"BM" + bytes(60), "cut short"),
        (b"II*\0" + bytes(8), "cut short"),
    ],
)
def test_what_is_no_picture_is_named(data, said):
    message = refused(data, "C:\\photos\\cat\n.png")
    assert said in message
    assert "'cat.png'" in message
    assert "export" in message.lower() if said == "drawing" else True


def test_too_many_bytes(monkeypatch):
    monkeypatch.setattr("analysis.datasets.decoding.MAX_BYTES", 2**20)
    said = refused(b"\xff\xd8\xff" + bytes(2**21), "long" * 100 + ".jpg")
    assert "2 MB" in said
    assert len(said) < 200


def test_no_pillow_setting_is_changed():
    from PIL import ImageFile

    decode(encoded(Image.fromarray(COLOURS), "PNG"), "x")
    assert Image.MAX_IMAGE_PIXELS == 89_478_485
    assert not ImageFile.LOAD_TRUNCATED_IMAGES


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF", "BMP", "AVIF", "GIF"])
def test_damage_never_escapes_as_anything_else(kind):
    rng = np.random.default_rng(7)
    exif = Image.Exif()
    exif[0x0112] = 6
    options = {"exif": exif} if kind not in ("BMP", "GIF") else {}
    whole = np.frombuffer(encoded(Image.fromarray(COLOURS), kind, **options), np.uint8)
    outcomes = set()
    for _ in range(150):
        bad = whole.copy()
        at = rng.integers(0, min(len(bad), 400), rng.integers(1, 8))
        bad[at] = rng.integers(0, 256, len(at))
        try:
            outcomes.add(decode(bad.tobytes(), "bad").pixels.mode)
        except UnreadableImage:
            outcomes.add("refused")
    assert outcomes <= {"RGB", "refused"}
    assert "refused" in outcomes


def test_memory_is_given_back():
    data = encoded(Image.fromarray(np.zeros((1500, 1500, 3), np.uint8)), "PNG")
    decode(data, "x")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    for _ in range(20):
        decode(data, "x")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 40_000  # kilobytes
