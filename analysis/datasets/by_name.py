"""Finding what belongs to an image by its name: masks and boxes name images in their own ways.

Endings do not count. A name fits an image where both paths are equal, or one is the end of the other: `a.png` and
`cat/a.png` fit `photos/cat/a.jpg`, and so does `/home/me/photos/cat/a.xml`; `dog/a.png` does not. A name that fits
several images, and equals none, belongs to none of them.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class ByName(Generic[T]):
    """Things kept under the names of files."""

    def __init__(self, things: Mapping[str, T]) -> None:
        self._things = {stem(name): thing for name, thing in things.items()}
        self._names = list(things)
        self._ends: dict[str, str | None] = {}  # end of a name -> the name; None where several end so
        for name in self._things:
            for end in _ends(name):
                self._ends[end] = None if end in self._ends else name
        self._torn: set[str] = set()
        self.used = 0

    def __len__(self) -> int:
        return len(self._things)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def prepare(self, images: Iterable[str]) -> None:
        """Say which images there are, so that names that fit several are known."""
        fitting = Counter(name for name in map(self._name, map(stem, set(images))) if name is not None)
        self._torn = {name for name, count in fitting.items() if count > 1}

    def find(self, image: str) -> T | None:
        """What belongs to the image of that path."""
        own = stem(image)
        name = self._name(own)
        if name is None or (name in self._torn and name != own):
            return None
        self.used += 1
        return self._things[name]

    def _name(self, image: str) -> str | None:
        """The longest name that is the end of the image's; else the one name that ends like the image."""
        ends = (image, *_ends(image))
        return next((end for end in ends if end in self._things), self._ends.get(image))


def stem(name: str) -> str:
    """A path without its ending, with "/"."""
    plain = name.replace("\\", "/").removeprefix("./").strip("/")
    folder, _, last = plain.rpartition("/")
    base = last.rsplit(".", 1)[0] if "." in last[1:] else last
    return f"{folder}/{base}" if folder else base


def _ends(name: str) -> Iterator[str]:
    """Of "a/b/c": "b/c" and "c"."""
    while "/" in name:
        name = name.split("/", 1)[1]
        yield name
