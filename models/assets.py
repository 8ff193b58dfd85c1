"""Where what ships with the project lies; by itself, so that whoever only reads it need not import torch."""

from pathlib import Path

ASSETS = Path(__file__).parents[1] / "assets"
