"""Features laid out where they can be seen, and how far the picture can be believed.

A file in methods/ registers itself. Importing this is cheap: numba and its kin (umap-learn, openTSNE, pacmap,
pynndescent) are imported inside functions, and only ever run in a worker process, which they may take down.
"""

from analysis.projections import methods
from analysis.projections.registry import PROJECTIONS
from analysis.registry import scan

scan(methods)

__all__ = ["PROJECTIONS"]
