"""Pickles of numbers only: CIFAR's python version is one, and a pickle can name any function to be called.

This reader knows four names - NumPy's array, its type, the function that makes an empty one, and the text codec that
Python 2 pickles need - and refuses every other, so that nothing of the file's choosing is run.
"""

import codecs
import pickle
from pathlib import Path
from typing import Any

import numpy as np

from analysis.errors import DataError

_MOST_BYTES = 2**30
_BROKEN = (
    *(pickle.UnpicklingError, EOFError, OSError, AttributeError, ImportError, LookupError, ValueError, TypeError),
    *(MemoryError, RecursionError, OverflowError),
)
_reconstruct = np.empty(0).__reduce__()[0]  # wherever this NumPy keeps it
_KNOWN = {
    **dict.fromkeys(
        (("numpy.core.multiarray", "_reconstruct"), ("numpy._core.multiarray", "_reconstruct")), _reconstruct
    ),
    ("numpy", "ndarray"): np.ndarray,
    ("numpy", "dtype"): np.dtype,
    ("_codecs", "encode"): codecs.encode,
}


class _Numbers(pickle.Unpickler):
    def find_class(self, module: str, name: str) -> Any:
        if (module, name) not in _KNOWN:
            raise pickle.UnpicklingError(f"it asks for {module}.{name}")
        return _KNOWN[module, name]


def read_numbers(path: Path) -> dict[str, Any]:
    """A pickled dictionary of arrays, lists, texts and numbers, its keys as texts; DataError for anything else."""
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise DataError(f"'{path.name}' is too large for one of the files of CIFAR.")
        with path.open("rb") as file:
            content = _Numbers(file, encoding="bytes").load()
    except _BROKEN as error:
        raise DataError(
            f"'{path.name}' is not one of the files of CIFAR, or is damaged ({error}). Nothing of it was run. "
            "Download the dataset again, best its binary version."
        ) from error
    if not isinstance(content, dict):
        raise DataError(f"'{path.name}' is not one of the files of CIFAR: no dictionary is in it.")
    return {_text(key): value for key, value in content.items()}


def _text(value: Any) -> str:
    return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)


def texts(values: Any) -> tuple[str, ...]:
    """A list of names from such a file."""
    return tuple(_text(v) for v in values)
