"""Networks that are built otherwise than their architecture: fewer channels, two maps for one, other number types.

A structure is plain JSON, kept in the card. It is read off a network by comparing it with its architecture's, so a
variant of a variant needs no more than a variant of the architecture. Its parts:

| key | holds |
|---|---|
| replaced | layer -> {"as": "low_rank", "rank"}, {"as": "int8"} or {"as": "chosen_shortcut"} |
| modules | layer -> the numbers in which it differs: channels, groups, heads ... |
| tensors | weight or buffer -> its shape, where that differs |
| codebooks | weight -> how its file keeps it, see codebooks.py; the network itself is not other for it |
"""

from collections.abc import Mapping
from typing import Any, cast

import torch
from torch import Tensor, nn

from models import checkpoints, codebooks, low_rank, quantised
from models.architectures import registry
from models.architectures.cifar_resnet import ChosenShortcut
from models.classifier import Classifier
from models.errors import CheckpointMismatch, UnknownName, UnreadableCheckpoint
from models.preprocessing import Preprocessing

Structure = Mapping[str, Any]
"""Plain JSON, kept in the card."""

NUMBERS = (  # what torch's and timm's layers note of their own shape
    *("in_channels", "out_channels", "groups", "in_features", "out_features"),
    *("num_features", "num_channels", "num_groups", "normalized_shape", "num_parameters"),
    *("num_heads", "head_dim", "attn_dim", "embed_dim"),
)


def network(
    architecture: str, structure: Structure, state: Mapping[str, Tensor], classes: int, preprocessing: Preprocessing
) -> nn.Module:
    """A network of an architecture, changed as the structure says, with the weights of a state dict.

    UnreadableCheckpoint where the structure makes no sense, CheckpointMismatch where the weights do not fit it.
    """
    module = registry.build(architecture, classes, state, preprocessing.size)
    try:
        for name, change in structure.get("replaced", {}).items():
            _put(module, name, _made(module.get_submodule(name), change))
        for name, numbers in structure.get("modules", {}).items():
            _renumber(module.get_submodule(name), numbers)
        _reshape(module, structure.get("tensors", {}), state)
        books = structure.get("codebooks", {})
        state = codebooks.unpacked(books, state, {k: v.shape for k, v in module.state_dict().items()})
    except (AttributeError, KeyError, TypeError, ValueError, IndexError, RuntimeError) as error:
        raise UnreadableCheckpoint(
            f"The card says that this network differs from {architecture}, but not in a way that can be built: {error}"
        ) from error
    checkpoints.load_into(module, state, architecture)
    return module


def describe(architecture: str, module: nn.Module, classes: int, preprocessing: Preprocessing) -> dict[str, Any]:
    """How a network differs from its architecture's: `network` builds it anew from that. Empty where it does not.

    TypeError for a layer of a kind that `network` could not make.
    """
    state = module.state_dict()
    plain = registry.outline(architecture, classes, state, preprocessing.size)
    replaced: dict[str, Any] = {}
    modules: dict[str, Any] = {}
    for name, own in module.named_modules():
        usual = plain.get_submodule(name)
        if type(own) is not type(usual):
            replaced[name] = _change(name, own, usual)
            with torch.device("meta"):
                usual = _made(usual, replaced[name])
            _put(plain, name, usual)
        numbers = {k: v for k in NUMBERS if (v := _number(own, k)) is not None and v != _number(usual, k)}
        if numbers:
            modules[name] = numbers
    shapes = {k: v.shape for k, v in plain.state_dict().items()}
    tensors = {k: list(v.shape) for k, v in state.items() if v.shape != shapes[k]}
    found = {"replaced": replaced, "modules": modules, "tensors": tensors}
    return {part: content for part, content in found.items() if content}


def of(classifier: Classifier, module: nn.Module) -> dict[str, Any]:
    """`describe` of a network made from a classifier's; empty where its architecture is none of the registry's."""
    try:
        registry.resolve(classifier.architecture)
    except UnknownName:
        return {}
    return describe(classifier.architecture, module, len(classifier.class_names), classifier.preprocessing)


def _change(name: str, own: nn.Module, usual: nn.Module) -> dict[str, Any]:
    if isinstance(own, low_rank.LowRank):
        return {"as": "low_rank", "rank": len(cast(Tensor, own[0].weight))}
    if isinstance(own, quantised.Int8Layer):
        return {"as": "int8"}
    if isinstance(own, ChosenShortcut):
        return {"as": "chosen_shortcut"}
    raise TypeError(f"'{name}' is a {type(own).__name__} in place of a {type(usual).__name__}, which no card describes")


def _made(layer: nn.Module, change: Mapping[str, Any]) -> nn.Module:
    """What stands in a layer's place, its weights yet to come."""
    kind = change["as"]
    if kind == "low_rank" and low_rank.fits(layer):
        rank, weight = change["rank"], cast(Tensor, layer.weight)
        if not 1 <= rank <= min(weight.flatten(1).shape):
            raise ValueError(f"a weight of {tuple(weight.shape)} cannot have the rank {rank}")
        return low_rank.low_rank(layer, rank)
    if kind == "int8" and quantised.fits(layer):
        return quantised.Int8Layer(cast(nn.Conv2d | nn.Linear, layer))
    if kind == "chosen_shortcut":
        return ChosenShortcut(torch.full((1,), -1))
    raise ValueError(f"a {type(layer).__name__} cannot be replaced by '{kind}'")


def _stored(key: str, state: Mapping[str, Tensor]) -> Tensor:
    if key not in state:
        raise CheckpointMismatch(f"The weights lack '{key}', which the card says they have.")
    return state[key]


def _check(key: str, given: object, wanted: object) -> None:
    if given != wanted:
        raise CheckpointMismatch(f"'{key}' has the size {given} in the file, and {wanted} in the card.")


def _number(module: nn.Module, name: str) -> int | list[int] | None:
    """A count in plain JSON; None where the module has none of that name."""
    value = vars(module).get(name)
    if isinstance(value, tuple) and all(isinstance(v, int) for v in value):
        return list(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


def _renumber(module: nn.Module, numbers: Mapping[str, Any]) -> None:
    for name, value in numbers.items():
        before = _number(module, name)
        given = list(value) if isinstance(value, list | tuple) else value
        whole = [given] if isinstance(given, int) else given
        if name not in NUMBERS or type(given) is not type(before) or not all(type(v) is int and v > 0 for v in whole):
            raise ValueError(f"a {type(module).__name__} has no {name} of {value!r}")
        setattr(module, name, tuple(given) if isinstance(given, list) else given)


def _reshape(module: nn.Module, shapes: Mapping[str, Any], state: Mapping[str, Tensor]) -> None:
    """Weights and buffers of other shapes, in place of the architecture's own."""
    for key, shape in shapes.items():
        owner_name, _, name = key.rpartition(".")
        owner = module.get_submodule(owner_name)
        if f"{key}.codes" not in state:
            _check(key, list(_stored(key, state).shape), list(shape))
        elif 2 * state[f"{key}.codes"].numel() * 8 < torch.Size(shape).numel():
            raise ValueError(f"'{key}' is said to have the shape {shape}, and the file does not hold so many codes")
        own = getattr(owner, name)
        fresh = torch.empty(shape, dtype=own.dtype)
        setattr(owner, name, nn.Parameter(fresh, own.requires_grad) if isinstance(own, nn.Parameter) else fresh)


def _put(module: nn.Module, name: str, part: nn.Module) -> None:
    owner, _, last = name.rpartition(".")
    setattr(module.get_submodule(owner), last, part)
