"""The analysis half of the error family (see models/errors.py for the tree's other half).

CutawayError
  DataError        UnreadableImage, EmptyDataset, BadArchive, BadTable, BadName, UnknownSelection
  MethodError      NotApplicable (e.g. Grad-CAM on a network without feature maps), BadParameter
  StoreError       StoreBusy (another process holds the file), StoreTooNew
  QueueFull, JobFailed        (analysis/engine)
  Cancelled
"""

from models.errors import CutawayError


class DataError(CutawayError):
    pass


class UnreadableImage(DataError):
    pass


class EmptyDataset(DataError):
    pass


class BadArchive(DataError):
    pass


class BadTable(DataError):
    pass


class BadName(DataError):
    pass


class UnknownSelection(DataError):
    pass


class MethodError(CutawayError):
    pass


class NotApplicable(MethodError):
    pass


class BadParameter(MethodError):
    pass


class StoreError(CutawayError):
    pass


class StoreBusy(StoreError):
    pass


class StoreTooNew(StoreError):
    pass


class Cancelled(CutawayError):
    pass
