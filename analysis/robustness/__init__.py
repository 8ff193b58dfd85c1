"""What is done to images to stress networks, and what is said of networks that were stressed.

A file in corruptions/ registers itself.
"""

from analysis.registry import scan
from analysis.robustness import corruptions
from analysis.robustness.registry import CORRUPTIONS

scan(corruptions)

__all__ = ["CORRUPTIONS"]
