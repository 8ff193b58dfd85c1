"""Datasets that are generated: Shapes, BlockDigits, and scikit-learn's handwritten digits.

for block in GENERATORS["shapes"].function(count=2000, seed=0): block.images, block.labels, block.masks
joined(GENERATORS["digits"].function(split="test"))                        all in one
generate("shapes", folder, "shapes", {"count": 2000, "shortcut": "corner"})   into a workspace
"""

from analysis.datasets import generated
from analysis.datasets.generated.registry import GENERATORS, Generated, Generator, joined
from analysis.datasets.generated.writing import generate
from analysis.registry import scan

scan(generated)

__all__ = ["GENERATORS", "Generated", "Generator", "generate", "joined"]
