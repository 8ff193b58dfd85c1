"""From an architecture's name to a network with random weights.

Names: `resnet20_cifar` and its siblings, `resnet20_shapes`, `vit_shapes`, `cnn_digits`, `lenet5_mnist` (ours),
`torchvision/NAME`, `timm/NAME`, or a bare NAME, looked for in that order.
torchvision and timm are imported when they are first needed.
"""

import functools
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn
from torch.overrides import TorchFunctionMode

from models.architectures import cifar_resnet, digits_cnn, lenet5, shapes_vit
from models.errors import CheckpointMismatch, UnknownName, WrongInputSize
from models.preprocessing import CIFAR, DIGITS, IMAGENET, MNIST, SHAPES, Preprocessing

Make = Callable[[int, bool], nn.Module]
"""(number of classes, whether the weights bring projections) -> network."""


def _cifar(depth: int, **options: int) -> Make:
    return lambda classes, projection: cifar_resnet.CifarResNet(depth, classes, projection=projection, **options)


_CIFAR: Mapping[str, Make] = {f"resnet{depth}_cifar": _cifar(depth) for depth in cifar_resnet.DEPTHS}
_SHAPES: Mapping[str, Make] = {
    "resnet20_shapes": _cifar(20, stem_stride=2),
    "vit_shapes": lambda classes, _: shapes_vit.shapes_vit(classes),
}
_DIGITS: Mapping[str, Make] = {"cnn_digits": lambda classes, _: digits_cnn.DigitsCnn(classes)}
_MNIST: Mapping[str, Make] = {"lenet5_mnist": lambda classes, _: lenet5.LeNet5(classes)}
OURS: Mapping[str, Make] = {**_CIFAR, **_SHAPES, **_DIGITS, **_MNIST}
RESIDUAL = (*_CIFAR, "resnet20_shapes")  # whose weights others publish under other names
# their weights were trained on inputs scaled to -1..1, which the network itself does
_SCALES_ITS_INPUT = ("googlenet", "inception_v3")


def architectures() -> list[str]:
    """Every name that `build` takes, with its family's prefix."""
    torchvision = [f"torchvision/{n}" for n in torchvision_names()]
    return [*OURS, *torchvision, *(f"timm/{n}" for n in timm_names())]


@functools.cache
def torchvision_names() -> tuple[str, ...]:
    import torchvision

    listed = torchvision.models.list_models(module=torchvision.models)
    return tuple(n for n in listed if not n.startswith("quantized_"))


@functools.cache
def timm_names() -> tuple[str, ...]:
    import timm

    return tuple(timm.list_models())


def resolve(architecture: str) -> str:
    """The full name: ours as it is, others with their family's prefix. UnknownName where there is none."""
    family, _, name = architecture.rpartition("/")
    if family == "" and name in OURS:
        return name
    if family in ("", "torchvision") and name in torchvision_names():
        return f"torchvision/{name}"
    if family in ("", "timm") and name.split(".")[0] in timm_names():  # "resnet18.a1_in1k" names weights too
        return f"timm/{name}"
    known = architectures()
    if family not in ("torchvision", "timm"):  # match the bare name against bare names
        known = sorted({k.rpartition("/")[2] for k in known})
    raise UnknownName("architecture", architecture, known)


def build(
    architecture: str,
    num_classes: int | None = None,
    state: Mapping[str, Tensor] | None = None,
    image_size: tuple[int, int] | None = None,
) -> nn.Module:
    """A network with random weights; `num_classes=None` takes the family's default (10, 12, or 1000).

    `state` (with keys as the network has them) decides what a name leaves open: the kind of shortcut.
    `image_size` is for token models of timm that are built for one size.
    """
    name = resolve(architecture)
    with torch.inference_mode(False):
        if name in OURS:
            projection = cifar_resnet.has_projections(state or {})
            return OURS[name](num_classes or (12 if name in _SHAPES else 10), projection)
        maker = _torchvision if name.startswith("torchvision/") else _timm
        try:
            return maker(name.partition("/")[2], num_classes, image_size)
        except (AssertionError, ValueError, RuntimeError) as error:
            if image_size is None:
                raise
            raise WrongInputSize(
                f"{name} cannot be built for images of {image_size[0]} x {image_size[1]}: {error}"
            ) from error


def outline(
    architecture: str, num_classes: int, state: Mapping[str, Tensor], image_size: tuple[int, int] | None
) -> nn.Module:
    """What `build` gives, for its names and shapes only: without weights where the network's code allows it."""
    return _on_meta(lambda: build(architecture, num_classes, state, image_size))


def _torchvision(name: str, num_classes: int | None, image_size: tuple[int, int] | None) -> nn.Module:
    import torchvision

    options: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
    if name in _SCALES_ITS_INPUT:
        options |= {"aux_logits": False, "init_weights": False, "transform_input": True}
    if name.startswith("vit_") and image_size is not None:
        options["image_size"] = image_size[0]
    return torchvision.models.get_model(name, weights=None, **options)


def _timm(name: str, num_classes: int | None, image_size: tuple[int, int] | None) -> nn.Module:
    import timm

    options: dict[str, Any] = {} if num_classes is None else {"num_classes": num_classes}
    if image_size is None:
        return timm.create_model(name, pretrained=False, **options)
    try:
        return timm.create_model(name, pretrained=False, img_size=image_size, **options)
    except TypeError:  # networks that take any size know no such option
        return timm.create_model(name, pretrained=False, **options)


@functools.cache
def head_keys(architecture: str) -> Mapping[str, int]:
    """Which weights depend on the number of classes: key -> axis. Found by building it twice."""

    def shapes(num_classes: int) -> dict[str, torch.Size]:
        built = _on_meta(lambda: build(architecture, num_classes))
        return {k: v.shape for k, v in built.state_dict().items()}

    few, many = shapes(11), shapes(13)
    changed = {k: [i for i, (a, b) in enumerate(zip(few[k], many[k], strict=True)) if a != b] for k in few}
    return {k: axes[0] for k, axes in changed.items() if len(axes) == 1}


def _on_meta(make: Callable[[], nn.Module]) -> nn.Module:
    """Without allocating or drawing weights where the network's code allows it."""
    try:
        with torch.device("meta"), _Undrawn():
            return make()
    except (RuntimeError, NotImplementedError, TypeError, ValueError):
        return make()


class _Undrawn(TorchFunctionMode):
    """Drawing nothing: on the meta device a random draw imports a compiler, which takes seconds."""

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func in (torch.Tensor.normal_, torch.Tensor.uniform_):
            return args[0]
        return func(*args, **(kwargs or {}))


def classes_of(architecture: str, state: Mapping[str, Tensor]) -> int | None:
    """The number of classes that a state dict was trained for; None where it has no head."""
    found = {state[k].shape[axis] for k, axis in head_keys(architecture).items() if _reaches(state, k, axis)}
    if len(found) > 1:
        raise CheckpointMismatch(
            f"The heads in the file do not agree on the number of classes: {sorted(found)}. "
            f"It may be of another architecture than {architecture}."
        )
    return found.pop() if found else None


def _reaches(state: Mapping[str, Tensor], key: str, axis: int) -> bool:
    return key in state and state[key].ndim > axis


def default_preprocessing(architecture: str, module: nn.Module | None = None) -> Preprocessing:
    """How the architecture's own weights want their images."""
    name = resolve(architecture)
    if name in OURS:
        families = ((_SHAPES, SHAPES), (_DIGITS, DIGITS), (_MNIST, MNIST), (_CIFAR, CIFAR))
        return next(preprocessing for family, preprocessing in families if name in family)
    if name.startswith("timm/"):
        known = module is not None and hasattr(module, "pretrained_cfg")
        return Preprocessing.from_timm(module if module is not None and known else build(name))
    import torchvision

    weights = torchvision.models.get_model_weights(name.partition("/")[2])
    return Preprocessing.from_torchvision(weights["DEFAULT"]) if "DEFAULT" in weights.__members__ else IMAGENET
