"""A few things kept in memory, by name; the one used longest ago goes first."""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")


def _one(_: object) -> int:
    return 1


class Recent(Generic[K, V]):
    """Kept until what is there weighs more than the limit. Safe from any thread."""

    def __init__(self, limit: int, weight: Callable[[V], int] = _one) -> None:
        self._limit, self._weight = limit, weight
        self._lock = threading.Lock()
        self._kept: OrderedDict[K, V] = OrderedDict()

    def get(self, key: K) -> V | None:
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
            return self._kept.get(key)

    def put(self, key: K, value: V) -> None:
        """Keep it, the newest; it stays even where it alone weighs more than the limit."""
        with self._lock:
            self._kept[key] = value
            self._kept.move_to_end(key)
            while len(self._kept) > 1 and sum(map(self._weight, self._kept.values())) > self._limit:
                self._kept.popitem(last=False)

    def made(self, key: K, make: Callable[[], V]) -> V:
        """What is kept under that key, made now where there is nothing. Two threads may make it at once."""
        found = self.get(key)
        if found is None:
            found = make()
            self.put(key, found)
        return found

    def forget(self, key: K) -> None:
        with self._lock:
            self._kept.pop(key, None)

    def __len__(self) -> int:
        return len(self._kept)
