"""Image files and folders of them, made for a test."""

import io
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

ImageBytes = Callable[..., bytes]


@pytest.fixture
def image_bytes() -> ImageBytes:
    """seed, size (width, height), format, options of Pillow's save -> a file's bytes, different for each seed."""

    def make(seed: int = 0, size: tuple[int, int] = (8, 6), kind: str = "PNG", **options: object) -> bytes:
        pixels = np.random.default_rng(seed).integers(0, 256, (size[1], size[0], 3), dtype=np.uint8)
        buffer = io.BytesIO()
        Image.fromarray(pixels).save(buffer, kind, **options)
        return buffer.getvalue()

    return make


@pytest.fixture
def pets(tmp_path: Path, image_bytes: ImageBytes) -> Path:
    """Two classes of three small PNGs."""
    folder = tmp_path / "pets"
    for place, name in enumerate(("cat/a.png", "cat/b.png", "cat/deep/c.png", "dog/a.png", "dog/b.png", "dog/c.png")):
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(image_bytes(place))
    return folder


@pytest.fixture
def datasets(tmp_path: Path) -> Path:
    """The workspace's folder of datasets, not there yet."""
    return tmp_path / "workspace" / "datasets"
