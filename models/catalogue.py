"""The classifiers there are, by name: bundled, imported, and all of timm's and torchvision's.

load("resnet20-cifar10")            bundled: a card and weights in assets/models
load("timm/vit_tiny_patch16_224")   published weights, fetched when first asked for
load("mine", imported=folder)       a file that was imported into a workspace
from_file(path, "resnet20_cifar")   a file as it is
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn

from models import cards, checkpoints, class_lists, structures, zoo
from models.architectures import registry
from models.assets import ASSETS
from models.cards import Card
from models.classifier import Classifier
from models.counting import profile
from models.errors import CheckpointMismatch, CutawayError, UnknownName, UnreadableCheckpoint
from models.fingerprints import fingerprint
from models.preprocessing import Preprocessing
from models.published_keys import renamed
from models.taps import trace


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the catalogue."""

    name: str
    architecture: str
    source: str  # bundled, imported, timm or torchvision
    summary: str = ""
    licence: str = ""
    url: str = ""


def bundled() -> list[Entry]:
    """What ships with the project."""
    return _entries(ASSETS / "models", "bundled")


def imported(folder: Path) -> list[Entry]:
    """What a user has brought into this folder."""
    return _entries(folder, "imported")


def card(name: str, imported: Path | None = None) -> Card | None:
    """The card of a bundled or imported classifier; None for others, and where it is damaged."""
    for folder in (ASSETS / "models", imported):
        path = cards.cards(folder).get(name) if folder else None
        if path is not None:
            try:
                return cards.read(path)
            except CutawayError:
                return None
    return None


def remove(name: str, folder: Path) -> None:
    """Delete an imported or trained classifier from its folder, its card first. UnknownName where it is not there."""
    here = cards.cards(folder)
    if name not in here:
        raise UnknownName("imported classifier", name, here)
    here[name].unlink(missing_ok=True)
    cards.weights_of(here[name]).unlink(missing_ok=True)


def load(name: str, *, imported: Path | None = None, device: str | torch.device = "cpu") -> Classifier:
    """A classifier by its name in the catalogue, ready for use on a device, in eval mode, frozen."""
    family, _, rest = name.partition("/")
    if family in ("timm", "torchvision") and rest:
        module, preprocessing, names = zoo.from_timm(rest) if family == "timm" else zoo.from_torchvision(rest)
        return _ready(module, name, name, preprocessing, names, family, device)
    shipped = cards.cards(ASSETS / "models")
    own = cards.cards(imported) if imported else {}
    if name in shipped:
        return from_card(shipped[name], "bundled", device)
    if name in own:
        return from_card(own[name], "imported", device)
    raise UnknownName("classifier", name, [*shipped, *own, *(n for n in registry.architectures() if "/" in n)])


def from_file(
    path: Path,
    architecture: str,
    classes: Path | Sequence[str] | None = None,
    preprocessing: Preprocessing | None = None,
    *,
    device: str | torch.device = "cpu",
) -> Classifier:
    """A classifier from a file of weights of a named architecture; class names from a file, a list or made up."""
    module, preprocessing, names = _assemble(path, architecture, classes, preprocessing)
    return _ready(module, path.stem, registry.resolve(architecture), preprocessing, names, f"file {path.name}", device)


def wrap(
    module: nn.Module,
    *,
    name: str = "network",
    architecture: str = "custom",
    preprocessing: Preprocessing | None = None,
    class_names: Sequence[str] | None = None,
    source: str = "",
) -> Classifier:
    """A classifier around any module, which stays where and as it is.

    `preprocessing=None` takes that of the architecture, which must then be one of `architectures()`.
    """
    preprocessing = preprocessing or registry.default_preprocessing(architecture, module)
    found = trace(module, preprocessing)
    names = class_lists.checked(class_names, found.num_classes, what=name)
    digest = fingerprint(architecture, module, preprocessing)
    return Classifier(
        name, architecture, module, preprocessing, names, found.taps, found.default_tap, found.head, digest, source
    )


def import_model(
    file: Path,
    *,
    architecture: str,
    classes: Path | Sequence[str] | None,
    name: str,
    folder: Path,
    preprocessing: Preprocessing | None = None,
) -> Entry:
    """Check a file of weights and keep it in a folder as safetensors with a card."""
    shipped = cards.cards(ASSETS / "models")
    cards.check_name(name, taken=[*shipped, *cards.cards(folder)])
    found = from_file(file, architecture, classes, preprocessing)  # refuses what does not run on images of this size
    card = Card(
        name=name,
        architecture=found.architecture,
        class_names=found.class_names,
        preprocessing=found.preprocessing,
        summary=f"imported from {file.name}",
        model_id=found.fingerprint,
        profile=profile(found).to_json(),
    )
    cards.store(card, found.module.state_dict(), folder)
    return _entry(card, "imported")


def _assemble(
    path: Path, architecture: str, classes: Path | Sequence[str] | None, preprocessing: Preprocessing | None
) -> tuple[nn.Module, Preprocessing, tuple[str, ...]]:
    """Read and check a file of weights: network, preprocessing, class names."""
    name = registry.resolve(architecture)
    state = checkpoints.read(path)
    module = network(name, state, preprocessing)
    count = registry.classes_of(name, renamed(name, state)) or 0
    listed = class_lists.read(classes) if isinstance(classes, Path) else classes
    names = class_lists.checked(listed, count, what=path.name)
    return module, preprocessing or registry.default_preprocessing(name, module), names


def network(architecture: str, state: dict[str, Tensor], preprocessing: Preprocessing | None = None) -> nn.Module:
    """A network of an architecture with the weights of a state dict, classes as many as its head has."""
    state = renamed(architecture, state)
    classes = registry.classes_of(architecture, state)
    if classes == 0:
        raise CheckpointMismatch(f"The head in the file has no classes, so this is no classifier of {architecture}.")
    module = registry.build(architecture, classes, state, preprocessing.size if preprocessing else None)
    checkpoints.load_into(module, state, architecture)
    return module


def from_card(path: Path, source: str = "imported", device: str | torch.device = "cpu") -> Classifier:
    """The classifier of a card and the weights beside it. UnreadableCheckpoint where they are not those it names."""
    card, weights = cards.read(path), cards.weights_of(path)
    if card.digest and cards.digest(weights) != card.digest:
        raise UnreadableCheckpoint(f"The weights of '{card.name}' are not those its card names: the file has changed.")
    state = checkpoints.read(weights)
    if card.structure:
        module = structures.network(card.architecture, card.structure, state, len(card.class_names), card.preprocessing)
    else:
        module = network(card.architecture, state, card.preprocessing)
    return _ready(module, card.name, card.architecture, card.preprocessing, card.class_names, source, device)


def _ready(
    module: nn.Module,
    name: str,
    architecture: str,
    preprocessing: Preprocessing,
    names: Sequence[str] | None,
    source: str,
    device: str | torch.device,
) -> Classifier:
    module = module.to(device).eval().requires_grad_(False)
    return wrap(
        module, name=name, architecture=architecture, preprocessing=preprocessing, class_names=names, source=source
    )


def _entries(folder: Path, source: str) -> list[Entry]:
    """One damaged card must not hide the others: it is listed, and `load` says what is wrong with it."""
    found = []
    for name, path in cards.cards(folder).items():
        try:
            found.append(_entry(cards.read(path), source))
        except CutawayError as error:
            found.append(Entry(name, "", source, str(error)))
    return found


def _entry(card: Card, source: str) -> Entry:
    return Entry(card.name, card.architecture, source, card.summary, card.licence, card.url)
