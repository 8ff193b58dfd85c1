"""What can go wrong, as one family.

    CutawayError                 shown to the user as is; anything else is a bug
      UnknownName                a registry or catalogue has no such entry; the message lists those it has
      ModelError
        UnknownTap               the network has no such place to read
        UnsafeCheckpoint         the file would run code when loaded
        UnreadableCheckpoint     not a file of weights at all
        CheckpointMismatch       weights of another architecture, or class names of the wrong number
        WeightsUnavailable       the weights must be fetched and cannot be
        WrongInputSize           the network refuses images of this size
        NotAClassifier           the network's output is not one row of logits an image
        BadPreprocessing         sizes, interpolation, mean or deviation that make no sense
        BadModelName             an imported model's name that cannot be a file's name, or is taken
      (DataError, MethodError, StoreError, Cancelled: see analysis/errors.py)

A message says what was given, what was expected and what to do.
"""

import difflib
from collections.abc import Iterable


class CutawayError(Exception):
    """Shown to the user as it is."""


class UnknownName(CutawayError):
    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        known = sorted(known)
        near = difflib.get_close_matches(name, known, n=3, cutoff=0.5)
        more = f" and {len(known) - 12:,} more" if len(known) > 12 and not near else ""
        listed = ", ".join(near or known[:12]) or "none"
        lead = "Did you mean" if near else "Known are"
        super().__init__(f"There is no {kind} named '{name}'. {lead}: {listed}{more}.")


class ModelError(CutawayError):
    pass


class UnknownTap(ModelError):
    pass


class UnsafeCheckpoint(ModelError):
    pass


class UnreadableCheckpoint(ModelError):
    pass


class CheckpointMismatch(ModelError):
    pass


class WeightsUnavailable(ModelError):
    pass


class WrongInputSize(ModelError):
    pass


class NotAClassifier(ModelError):
    pass


class BadPreprocessing(ModelError):
    pass


class BadModelName(ModelError):
    pass
