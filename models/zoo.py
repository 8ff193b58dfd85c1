"""Published weights of torchvision and timm, fetched when first asked for."""

import os
import urllib.error
import urllib.request
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import nn

from models.architectures import registry
from models.errors import UnknownName, WeightsUnavailable
from models.preprocessing import Preprocessing

PATIENCE = 8.0  # seconds until a host counts as out of reach
Fetched = tuple[nn.Module, Preprocessing, tuple[str, ...] | None]


def from_torchvision(name: str) -> Fetched:
    """The network with torchvision's default weights, their preprocessing and their class names."""
    import torchvision

    if name not in registry.torchvision_names():
        raise UnknownName(
            "classifier", f"torchvision/{name}", [f"torchvision/{n}" for n in registry.torchvision_names()]
        )
    published = torchvision.models.get_model_weights(name)
    if "DEFAULT" not in published.__members__:
        raise WeightsUnavailable(f"torchvision publishes no weights for {name}. Import a file of weights instead.")
    weights = published["DEFAULT"]
    stored = Path(torch.hub.get_dir()) / "checkpoints" / Path(weights.url).name
    what = f"the weights of {name}"
    if not stored.is_file():
        _reach(weights.url, what)
    module = _fetching(lambda: torchvision.models.get_model(name, weights=weights, progress=False), what, weights.url)
    return module, Preprocessing.from_torchvision(weights), distinct(weights.meta["categories"])


def from_timm(name: str) -> Fetched:
    """The network with timm's weights of that name (or the default ones), preprocessing and class names."""
    import timm

    if name.split(".")[0] not in registry.timm_names():
        raise UnknownName("classifier", f"timm/{name}", [f"timm/{n}" for n in registry.timm_names()])
    try:
        config = timm.models.get_pretrained_cfg(name)
    except RuntimeError as error:  # "resnet18.unknown"
        tagged = [f"timm/{n}" for n in timm.list_pretrained(f"{name.split('.')[0]}.*")]
        raise UnknownName("classifier", f"timm/{name}", tagged) from error
    if config is None or not config.has_weights:
        raise WeightsUnavailable(f"timm publishes no weights for {name}. Import a file of weights instead.")
    what = f"the weights of {name}"
    url = f"{_hub()}/{config.hf_hub_id}" if config.hf_hub_id else str(config.url)
    if not _stored(config):
        _reach(url, what)
    module = _fetching(lambda: timm.create_model(name, pretrained=True), what, url)
    return module, Preprocessing.from_timm(module), timm_class_names(module)


def timm_class_names(module: Any) -> tuple[str, ...] | None:
    """From the model's config, or ImageNet's by the number of classes; None where neither knows."""
    from timm.data.imagenet_info import ImageNetInfo, infer_imagenet_subset

    names = (getattr(module, "pretrained_cfg", None) or {}).get("label_names") or ()
    if len(names) == module.num_classes:
        return tuple(names)
    subset = infer_imagenet_subset(module)
    if subset is None:
        return None
    full = ImageNetInfo(subset).label_descriptions()
    first = [n.split(",")[0] for n in full]
    return distinct([f if first.count(f) == 1 else n for f, n in zip(first, full, strict=True)])


def distinct(names: Sequence[str]) -> tuple[str, ...]:
    """ImageNet has two classes "crane": the index tells them apart, so that a name means one class."""
    return tuple(n if names.count(n) == 1 else f"{n} ({i})" for i, n in enumerate(names))


def _hub() -> str:
    return os.environ.get("HF_ENDPOINT", "https://huggingface.co").rstrip("/")


def _stored(config: Any) -> bool:
    """Whether timm's weights are on this machine already."""
    if not config.hf_hub_id:
        return (Path(torch.hub.get_dir()) / "checkpoints" / Path(str(config.url)).name).is_file()
    from huggingface_hub import try_to_load_from_cache

    names = [config.hf_hub_filename] if config.hf_hub_filename else ["model.safetensors", "pytorch_model.bin"]
    return any(isinstance(try_to_load_from_cache(config.hf_hub_id, n), str) for n in names)


def _reach(url: str, what: str) -> None:
    """Ask the host for an answer, so that a missing network is said at once and not after many tries."""
    host = "/".join(url.split("/")[:3])
    try:
        with urllib.request.urlopen(urllib.request.Request(host, method="HEAD"), timeout=PATIENCE):
            return
    except urllib.error.HTTPError:
        return  # it answered
    except (OSError, ValueError) as error:
        raise WeightsUnavailable(
            f"{what[0].upper()}{what[1:]} must be fetched from {host}, which cannot be reached: "
            "there seems to be no network. Try again later, or import a file of weights."
        ) from error


def _fetching(fetch: Callable[[], nn.Module], what: str, url: str) -> nn.Module:
    try:
        with torch.inference_mode(False):
            return fetch()
    except Exception as error:  # the libraries' many ways to say that a download failed
        host = "/".join(url.split("/")[:3])
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise WeightsUnavailable(
            f"Fetching {what} from {host} failed: {reason} Try again later, or import a file of weights."
        ) from error
