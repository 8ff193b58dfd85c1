"""Passes of the images on show, kept so that another method, class or colour needs no new pass."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

from torch import Tensor

from analysis.attribution.capture import Pass

LIMIT_BYTES = 512 * 2**20


class KeptPasses:
    """The most recently used passes, one an image and classifier, up to a number of bytes."""

    def __init__(self, limit_bytes: int = LIMIT_BYTES) -> None:
        self._limit = limit_bytes
        self._passes: OrderedDict[tuple[str, str], Pass] = OrderedDict()
        self._lock = threading.Lock()

    @property
    def nbytes(self) -> int:
        return sum(p.nbytes for p in self._passes.values())

    def __len__(self) -> int:
        return len(self._passes)

    def find(self, fingerprint: str, digests: Sequence[str]) -> list[Pass | None]:
        """Per image what is kept of it."""
        with self._lock:
            keys = [(fingerprint, digest) for digest in digests]
            for key in keys:
                if key in self._passes:
                    self._passes.move_to_end(key)
            return [self._passes.get(key) for key in keys]

    def keep(self, fingerprint: str, digest: str, taken: Pass) -> None:
        """Add a pass of one image; taps already kept for the same classes stay."""
        with self._lock:
            key = (fingerprint, digest)
            before = self._passes.pop(key, None)
            if before is not None and same(before.classes, taken.classes):
                taken = Pass(
                    taken.logits,
                    taken.classes,
                    before.activations | taken.activations,
                    before.gradients | taken.gradients,
                )
            if taken.nbytes > self._limit:
                return
            self._passes[key] = taken
            while self.nbytes > self._limit:
                self._passes.popitem(last=False)


def same(one: Tensor, other: Tensor) -> bool:
    return one.shape == other.shape and bool((one == other).all())
