"""Finding what belongs to an image by its name: masks and boxes name images in their own ways."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Generic, TypeVar

T = TypeVar("T")


class ByName(Generic[T]):
    """Things kept under file names; found by path without ending, else by the last part of it where it is unique."""

    def __init__(self, things: Mapping[str, T]) -> None:
        self._exact = {stem(name): thing for name, thing in things.items()}
        self._last: dict[str, T | None] = {}
        for name, thing in self._exact.items():
            last = name.rsplit("/", 1)[-1]
            self._last[last] = None if last in self._last else thing
        self._names = list(things)
        self.used = 0

    def __len__(self) -> int:
        return len(self._exact)

    def __iter__(self) -> Iterator[str]:
        return iter(self._names)

    def find(self, image: str, *, by_last: bool = True) -> T | None:
        """What belongs to the image of that path; also where either path lies deeper than the other."""
        parts = stem(image).split("/")
        for start in range(len(parts)):
            found = self._exact.get("/".join(parts[start:]))
            if found is not None:
                self.used += 1
                return found
        found = self._last.get(parts[-1]) if by_last else None
        self.used += found is not None
        return found


def stem(name: str) -> str:
    """A path without its ending, with "/"."""
    plain = name.replace("\\", "/").removeprefix("./").strip("/")
    folder, _, last = plain.rpartition("/")
    base = last.rsplit(".", 1)[0] if "." in last[1:] else last
    return f"{folder}/{base}" if folder else base


def ambiguous(names: Iterable[str]) -> bool:
    """Whether two images of different folders have the same last name."""
    last = [stem(n).rsplit("/", 1)[-1] for n in names]
    return len(set(last)) != len(last)
