"""Networks that are built otherwise than their architecture: fewer channels, two maps for one, other number types."""

from collections.abc import Mapping
from typing import Any

from torch import Tensor, nn

from models.preprocessing import Preprocessing

Structure = Mapping[str, Any]
"""Plain JSON, kept in the card."""


def network(
    architecture: str, structure: Structure, state: Mapping[str, Tensor], classes: int, preprocessing: Preprocessing
) -> nn.Module:
    """A network of an architecture, changed as the structure says, with the weights of a state dict."""
    raise NotImplementedError
