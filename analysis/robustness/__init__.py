"""What is done to images to stress networks, and what is said of networks that were stressed.

A file in corruptions/ registers itself, when CORRUPTIONS is first asked for: those files import torch, and pages that
only read numbers must not wait for it.
"""

from typing import TYPE_CHECKING

from analysis.registry import scan

if TYPE_CHECKING:
    from analysis.robustness.registry import CORRUPTIONS

__all__ = ["CORRUPTIONS"]


def __getattr__(name: str) -> object:
    if name != "CORRUPTIONS":
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from analysis.robustness import corruptions
    from analysis.robustness.registry import CORRUPTIONS

    scan(corruptions)
    globals()[name] = CORRUPTIONS
    return CORRUPTIONS
