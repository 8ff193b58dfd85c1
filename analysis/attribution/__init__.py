"""Maps that explain a prediction. A file in methods/ registers itself."""

from analysis.attribution import methods
from analysis.attribution.registry import METHODS
from analysis.registry import scan

scan(methods)

__all__ = ["METHODS"]
