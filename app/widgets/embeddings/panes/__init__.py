"""Pictures of the same samples side by side, drawn with WebGL: a lasso in one is a selection in all."""

from app.widgets.embeddings.panes.choosing import inside, resolve
from app.widgets.embeddings.panes.drawn import NONE, Colouring, Drawn, Raster, UploadMark, palette
from app.widgets.embeddings.panes.shown import panes

__all__ = ["NONE", "Colouring", "Drawn", "Raster", "UploadMark", "inside", "palette", "panes", "resolve"]
