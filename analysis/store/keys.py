"""Keys: digests of what was asked, never of arrays or of what a process happens to hold."""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, is_dataclass
from typing import Any


def canonical(value: Any) -> str:
    """One text for one value: JSON with sorted names and no spaces.

    Takes None, bool, int, finite float, str, and mappings (str names), sequences and dataclasses of these;
    TypeError or ValueError for anything else, which would not be the same text in the next process.
    True, 1 and 1.0 are three values.
    """
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False, default=_plain)


def digest(**parts: Any) -> str:
    """sha256 hex of the named parts, in any order: `digest(method="gradcam", params={...}, image=...)`."""
    return hashlib.sha256(canonical(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return dict(value)
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    raise TypeError(f"a {type(value).__name__} cannot be part of a key")
