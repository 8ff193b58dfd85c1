"""Object masks from a folder or zip of PNGs that are named like the images.

What is not 0 is the object: white on black, classes as numbers, palettes whose first colour is the background.
255 in a palette is left out: it marks the unsure border in Pascal VOC.
"""

import io
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from PIL import Image

from analysis.datasets.by_name import ByName
from analysis.datasets.decoding import MAX_BYTES, decode
from analysis.datasets.trees import Listing, Tree, open_tree
from analysis.errors import DataError, UnreadableImage

_VOID = 255


class Masks:
    """Masks by the name of their image; read when asked for."""

    def __init__(self, source: Path) -> None:
        if not source.exists():
            raise DataError(
                f"There is no '{source.name}' with masks. Give a folder or zip of PNGs named like the images."
            )
        self._name = source.name
        self._tree: Tree = open_tree(source)
        listing: Listing = self._tree.listing()
        self._folder = source if source.is_dir() else None
        self._packed = {} if self._folder else self._packed_masks(listing)
        self._paths = ByName({path: path for path in listing.images})
        if not len(self._paths):
            raise DataError(f"'{self._name}' holds no masks. Expected are PNGs named like the images.")

    @property
    def used(self) -> int:
        return self._paths.used

    def prepare(self, images: Iterable[str]) -> None:
        """See `ByName`."""
        self._paths.prepare(images)

    def find(self, image: str) -> str | None:
        """The mask's path for an image's, or None."""
        return self._paths.find(image)

    def check_used(self, image: str) -> None:
        """DataError where no mask belonged to any image."""
        if not self.used:
            mask = next(iter(self._paths))
            raise DataError(
                f"No mask of '{self._name}' has the name of one image: images are named like '{image}', masks like "
                f"'{mask}'. Name a mask as its image, ending in .png."
            )

    def read(self, path: str, width: int, height: int) -> np.ndarray | str:
        """(H, W) bool of the image's size, or why there is none."""
        try:
            data = self._packed.get(path) or self._read_file(path)
            mask = mask_of(data, path)
        except (UnreadableImage, OSError) as error:
            return str(error)
        if mask.shape != (height, width):
            return f"is {mask.shape[1]} x {mask.shape[0]} pixels, but the image {width} x {height}"
        return mask

    def _read_file(self, path: str) -> bytes:
        if self._folder is None:
            raise UnreadableImage("it cannot be read from the archive")
        with (self._folder / path).open("rb") as file:
            return file.read(MAX_BYTES + 1)

    def _packed_masks(self, listing: Listing) -> dict[str, bytes]:
        """From an archive all at once: masks are small, and archives are read in their own order."""
        wanted = frozenset(listing.images)
        return {path: data for path, data, _ in self._tree.files(wanted) if isinstance(data, bytes)}


def mask_of(data: bytes, name: str) -> np.ndarray:
    """An image file's bytes -> (H, W) bool; UnreadableImage where it is none."""
    picture = decode(data, name)  # its limits, and whether it is whole
    with Image.open(io.BytesIO(data)) as image:
        if image.mode == "P":
            values = np.asarray(image)
            return np.asarray(np.logical_and(values != 0, values != _VOID))
        if image.mode in ("1", "L", "I", "I;16", "F"):
            return np.asarray(np.asarray(image) != 0)
    return np.asarray(np.asarray(picture.pixels).any(axis=2))
