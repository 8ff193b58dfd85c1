"""A small gallery of photographs, at hand without a network: scikit-image and scikit-learn bring them.

Neither is imported, which would cost seconds; only their folders are found. Where one is not installed, or
stops bringing a picture, the gallery is smaller.
"""

from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path


@dataclass(frozen=True, slots=True)
class SamplePicture:
    """A photograph that is on this machine."""

    name: str  # file name
    title: str  # one word
    credit: str
    path: Path

    def read(self) -> bytes:
        """The file's bytes."""
        return self.path.read_bytes()


_IMAGE, _LEARN = ("skimage", "data"), ("sklearn", "datasets/images")
_SAMPLES = (
    (_IMAGE, "chelsea.png", "Cat", "Stefan van der Walt, CC0, from scikit-image"),
    (_IMAGE, "coffee.png", "Coffee", "Rachel Michetti, Pikolo Espresso Bar, CC0, from scikit-image"),
    (_IMAGE, "rocket.jpg", "Rocket", "SpaceX, public domain, from scikit-image"),
    (_LEARN, "flower.jpg", "Flower", "vultilion, CC BY 2.0, from scikit-learn"),
    (_LEARN, "china.jpg", "Temple", "danielbuechele, CC BY 2.0, from scikit-learn"),
    (_IMAGE, "astronaut.png", "Astronaut", "NASA (Eileen Collins), public domain, from scikit-image"),
    (_IMAGE, "motorcycle_left.png", "Motorcycle", "Middlebury stereo benchmark 2014, from scikit-image"),
    (_IMAGE, "hubble_deep_field.jpg", "Galaxies", "NASA, public domain, from scikit-image"),
)


def sample_pictures() -> tuple[SamplePicture, ...]:
    """Those that are installed, in the order to show them. Their bytes are read when asked for."""
    found = []
    for (package, folder), name, title, credit in _SAMPLES:
        spec = find_spec(package)
        for root in (spec.submodule_search_locations or ()) if spec else ():
            path = Path(root, folder, name)
            if path.is_file():
                found.append(SamplePicture(name, title, credit, path))
    return tuple(found)
