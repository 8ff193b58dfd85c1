"""Model cards: the JSON beside a `.safetensors` file, for bundled and imported models alike."""

import hashlib
import json
import os
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from torch import Tensor

from models import codebooks, sparse_files
from models.errors import BadModelName, UnreadableCheckpoint
from models.preprocessing import Preprocessing

_NAME = re.compile(r"\w[\w .+()-]{0,79}")


@dataclass(frozen=True, slots=True)
class Card:
    """What is known of a file of weights."""

    name: str
    architecture: str
    class_names: tuple[str, ...]
    preprocessing: Preprocessing
    summary: str = ""
    recipe: str = ""  # the module that trained it
    data: str = ""  # what it was trained on, and in which rendition
    seed: int | None = None
    command: str = ""
    made_with: str = ""  # library, device, threads and time of the training
    accuracy: Mapping[str, float] = field(default_factory=dict)  # test set -> fraction right
    digest: str = ""  # sha256 hex of the weights file; checked on loading where it is given
    licence: str = ""
    url: str = ""
    model_id: str = ""  # fingerprint of the classifier; empty where it was not noted
    parent: str = ""  # the name of the model that this is a variant of
    parent_id: str = ""  # and its fingerprint
    variant: Mapping[str, Any] | None = None  # the `VariantRecipe` that made it, as JSON
    structure: Mapping[str, Any] = field(default_factory=dict)  # how the network differs from its architecture's
    profile: Mapping[str, Any] | None = None  # the `Profile` of its weights, as JSON
    remarks: tuple[str, ...] = ()  # what must be said of it
    measures: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # test set -> measure -> value

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"preprocessing": self.preprocessing.to_json()}


def read(path: Path) -> Card:
    try:
        values = json.loads(path.read_text(encoding="utf-8"))
        known = {f.name for f in fields(Card)}
        values = {k: v for k, v in values.items() if k in known}  # cards of later versions may say more
        preprocessing = Preprocessing.from_json(values.pop("preprocessing"))
        lists: dict[str, Any] = {k: tuple(values.get(k, ())) for k in ("class_names", "remarks")}
        return Card(**values | lists, preprocessing=preprocessing)
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        raise UnreadableCheckpoint(f"The model card {path.name} is damaged.") from error


def write(card: Card, path: Path) -> None:
    """Under a temporary name first, so that nobody reads half a card."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}.part")
    unfinished.write_text(json.dumps(card.to_json(), indent=2) + "\n", encoding="utf-8")
    unfinished.replace(path)


def digest(path: Path) -> str:
    """sha256 hex of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def cards(folder: Path) -> dict[str, Path]:
    """Model name -> card, for every card in a folder that has its weights beside it."""
    found = sorted(folder.glob("[!.]*.json")) if folder.is_dir() else []
    return {p.stem: p for p in found if weights_of(p).is_file()}


def weights_of(card: Path) -> Path:
    return card.with_name(f"{card.stem}.safetensors")


def check_name(name: str, taken: Collection[str]) -> None:
    """Refuse what cannot be a file's name on every system, and names that are taken."""
    if not _NAME.fullmatch(name) or name != name.rstrip(" ."):
        raise BadModelName(
            f"A model cannot be named {name!r}: take letters, digits, spaces and . _ - + ( ), "
            "starting with a letter or digit, at most 80 characters."
        )
    if name.lower() in {t.lower() for t in taken}:
        raise BadModelName(f"There is a model named '{name}' already. Take another name.")


def store(card: Card, state: Mapping[str, Tensor], folder: Path) -> Card:
    """Write weights, packed where they have many zeros, then the card, without which they do not count.

    Each appears whole or not at all.
    """
    folder.mkdir(parents=True, exist_ok=True)
    weights = folder / f"{card.name}.safetensors"
    unfinished = folder / f".{weights.name}.{os.getpid()}.part"
    try:
        sparse_files.save(codebooks.packed(card.structure.get("codebooks", {}), state), unfinished)
        card = replace(card, digest=digest(unfinished))
        unfinished.replace(weights)
    finally:
        unfinished.unlink(missing_ok=True)
    write(card, folder / f"{card.name}.json")
    return card
