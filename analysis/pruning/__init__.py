"""Making networks smaller. A file in methods/ registers itself."""

from analysis.pruning import methods
from analysis.pruning.registry import PRUNERS
from analysis.registry import scan

scan(methods)

__all__ = ["PRUNERS"]
