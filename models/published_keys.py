"""Names of weights as others publish them, to the names that the architectures here use."""

import re
import sys
from collections.abc import Mapping

from torch import Tensor

from models.architectures import cifar_resnet, registry

# torchvision's first DenseNet files; a dot in a module's name was allowed then
_OLD_DENSENET = re.compile(r"(denselayer\d+\.(?:norm|relu|conv))\.([12]\.)")
_AUXILIARY = ("AuxLogits.", "aux1.", "aux2.")  # heads that only training uses


def renamed(architecture: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """The same tensors under the architecture's names; what is not recognised stays as it is."""
    if architecture in registry.RESIDUAL:
        return cifar_resnet.canonical_keys(state)
    if architecture.startswith("torchvision/"):
        kept = {k: v for k, v in state.items() if not k.startswith(_AUXILIARY)}
        return {_OLD_DENSENET.sub(r"\1\2", k): v for k, v in kept.items()}
    return _as_timm(architecture, state)


def _as_timm(architecture: str, state: Mapping[str, Tensor]) -> dict[str, Tensor]:
    """timm's own conversion of the original authors' names, where the names are not timm's already."""
    if all(k in state for k in registry.head_keys(architecture)):
        return dict(state)
    module = registry.build(architecture)
    convert = getattr(sys.modules[type(module).__module__], "checkpoint_filter_fn", None)
    if convert is None:
        return dict(state)
    try:
        return dict(convert(dict(state), module))
    except (KeyError, ValueError, TypeError, RuntimeError, AttributeError, IndexError, AssertionError):
        # it expects the architecture's own weights; the comparison of names will say what these are
        return dict(state)
