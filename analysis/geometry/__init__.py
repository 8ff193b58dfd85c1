"""The geometry of features: how sets of vectors lie, and how alike two such sets are.

A file in measures/ registers itself, when MEASURES is first asked for: scikit-learn takes a second to import.
"""

from typing import TYPE_CHECKING

from analysis.registry import scan

if TYPE_CHECKING:
    from analysis.geometry.registry import MEASURES

__all__ = ["MEASURES"]


def __getattr__(name: str) -> object:
    if name != "MEASURES":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analysis.geometry import measures
    from analysis.geometry.registry import MEASURES

    scan(measures)
    globals()[name] = MEASURES
    return MEASURES
