"""What a file really is, by its first bytes. A name's ending is never believed."""

import codecs

ALLOWED = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
EXPECTED = "Expected is a picture: JPEG, PNG, WebP, GIF, BMP, TIFF or AVIF."

_KNOWN = (
    (b"%PDF", "a PDF document", "Export the page as PNG."),
    (b"%!PS", "a PostScript document", "Export it as PNG."),
    (b"\x00\x00\x00\x0cjP  ", "a JPEG 2000 picture", "Save it as PNG or JPEG."),
    (b"8BPS", "a Photoshop document", "Export it as PNG."),
    (b"PK\x03\x04", "a zip archive", "Unpack it and give the pictures."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it and give the pictures."),
    (b"\x93NUMPY", "a NumPy array", "Save it as PNG."),
    (b"\x89HDF", "an HDF5 file", "Export the picture as PNG."),
    (b"\x1aE\xdf\xa3", "a video", "Give a frame of it as PNG or JPEG."),
)
_HEIF = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")


def unlike_a_picture(data: bytes) -> tuple[str, str]:
    """What bytes are that no picture format begins with, and what to do about it."""
    head = data[:4096]
    for signature, what, advice in _KNOWN:
        if head.startswith(signature):
            return what, advice
    if head[4:8] == b"ftyp":
        if head[8:12] in _HEIF:
            return "a HEIC photo, as phones make them", "Share or export it as JPEG."
        return "a video", "Give a frame of it as PNG or JPEG."
    text = _text(head)
    if text is None:
        return "not in a picture format that Cutaway reads", "Save it as PNG or JPEG."
    lowered = text.lstrip("\ufeff \t\r\n").lower()
    if lowered.startswith(("<svg", "<?xml", "<!--", "<!doctype svg")) and "<svg" in lowered:
        return "a drawing (SVG), not a picture", "Export it as PNG."
    if lowered.startswith(("<!doctype html", "<html")):
        return "a web page, perhaps saved instead of the picture on it", "Save the picture itself."
    return "a text file", "Check that this is the file you meant."


def _text(head: bytes) -> str | None:
    """The beginning as text, or None if it is not one."""
    encoding = "utf-16" if head[:2] in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE) else "utf-8"
    try:
        text = codecs.getincrementaldecoder(encoding)().decode(head)  # the last character may be cut in two
    except UnicodeDecodeError:
        return None
    printable = sum(c.isprintable() or c in "\t\r\n\ufeff" for c in text)
    return text if printable > 0.95 * len(text) else None
