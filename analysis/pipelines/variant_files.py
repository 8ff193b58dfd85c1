"""Variants as files: kept in a folder of models, exported, imported again, declared, made again from their recipe.

An export is a `.zip` with NAME.safetensors and NAME.json, the card with the recipe; so is what is imported.
"""

import io
import json
import tempfile
import zipfile
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import BadArchive, StoreError
from models import cards, catalogue, checkpoints, sparse_files
from models.cards import Card
from models.errors import BadModelName, ModelError, UnknownName
from models.variant import VariantRecipe

if TYPE_CHECKING:
    from analysis.pruning.runner import Pruned
    from models.classifier import Classifier

MOST_BYTES = 8 * 2**30
"""Of the weights in an archive that is imported."""

_MOST_CARD = 16 * 2**20
_WHAT = {"zeros": "of the weights zero", "channels": "of the channels gone", "parameters": "of the weights saved"}


def keep(pruned: "Pruned", name: str, base: "Classifier", folder: Path, **said: Any) -> Card:
    """Write a variant's weights and card, whole or not at all; StoreError where the disk refuses.

    said: further fields of the card, such as accuracy and measures.
    """
    from analysis.pruning import PRUNERS
    from models.counting import profile

    recipe = pruned.recipe
    found = catalogue.wrap(
        pruned.network,
        name=name,
        architecture=base.architecture,
        preprocessing=base.preprocessing,
        class_names=base.class_names,
    )
    fields: dict[str, Any] = {
        "summary": summary(recipe),
        "recipe": PRUNERS[recipe.method].label,
        "data": recipe.data_name,
        "seed": recipe.seed,
        "command": command(recipe, name),
        "made_with": _made_with(pruned),
        "model_id": found.fingerprint,
        "parent": base.name,
        "parent_id": base.fingerprint,
        "variant": recipe.to_json(),
        "structure": pruned.structure,
        "profile": profile(found, pruned.structure).to_json(),
        "remarks": pruned.remarks,
    }
    card = Card(name, base.architecture, base.class_names, base.preprocessing, **(fields | said))
    return _stored(card, pruned.network.state_dict(), folder)


def _stored(card: Card, state: Mapping[str, Any], folder: Path) -> Card:
    from analysis.store.failures import unwritable

    try:
        return cards.store(card, state, folder)
    except OSError as error:
        raise StoreError(unwritable(error)) from error


def _made_with(pruned: "Pruned") -> str:
    import torch

    device = next((p.device.type for p in pruned.network.parameters()), "cpu")
    threads = torch.get_num_threads()
    where = f"{device}, {threads} thread{'s' if threads > 1 else ''}" if device == "cpu" else device
    return f"torch {torch.__version__.partition('+')[0]}, {where}, {pruned.seconds:.1f} s"


def summary(recipe: VariantRecipe) -> str:
    """A recipe in one line."""
    from analysis.pruning import PRUNERS

    method = PRUNERS[recipe.method]
    words = [f"{method.label} of {recipe.base}"]
    words += [f"{100 * recipe.sparsity:g} % {_WHAT[method.amount]}"] if method.amount in _WHAT else []
    words += [f"{len(recipe.levels)} rounds"] if len(recipe.levels) > 1 else []
    tuning = recipe.tuning
    rounds = " a round" if len(recipe.levels) > 1 else ""
    words += [f"{tuning.epochs} epochs{rounds}" + (", distilled" if tuning.distil else "")] if tuning.epochs else []
    words += [f"BatchNorm from {recipe.recalibrate:,} images"] if recipe.recalibrate else []
    return ", ".join(words)


def command(recipe: VariantRecipe, name: str) -> str:
    """What to type to make it again."""
    words = ["cutaway prune", recipe.base, f"--method {recipe.method}"]
    words += [f"--sparsity {recipe.sparsity:g}"] if recipe.sparsity else []
    words += [f"--scope {recipe.scope}", f"--granularity {recipe.granularity}"]
    words += [f"--param {n}={v}" for n, v in recipe.params.items()]
    words += [f"--levels {','.join(f'{level:g}' for level in recipe.levels)}"] if len(recipe.levels) > 1 else []
    words += [f'--data "{recipe.data_name}"'] if recipe.data else []
    words += [f"--samples {recipe.samples}"] if recipe.samples else []
    words += [f"--recalibrate {recipe.recalibrate}"] if recipe.recalibrate else []
    tuning = recipe.tuning
    if tuning.epochs:
        words += [f"--finetune {tuning.epochs}", f"--learning-rate {tuning.learning_rate:g}", f"--batch {tuning.batch}"]
        words += ["--distil"] if tuning.distil else []
    return " ".join([*words, f"--seed {recipe.seed}", f'--name "{name}"'])


def recipe_of(card: Card) -> VariantRecipe:
    """How a model was made from its parent. ModelError where its card does not say."""
    try:
        return VariantRecipe.from_json(card.variant or {})
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"'{card.name}' was not made by Cutaway from another model, so there is no recipe.") from error


def check_same(recipe: VariantRecipe, found: VariantRecipe) -> None:
    """Refuse to make a variant again from other weights, images or code than it was made from. ModelError."""
    differs = {
        f"the weights of '{recipe.base}'": recipe.base_id != found.base_id,
        f"the images of '{recipe.data_name}'": recipe.data != found.data,
        f"this version of the method '{recipe.method}'": recipe.version != found.version,
    }
    if others := [what for what, other in differs.items() if other]:
        raise ModelError(
            f"The recipe cannot be followed to the last bit: {' and '.join(others)} are not those that it names. "
            "Bring those here, or prune anew with `cutaway prune MODEL --method ...`."
        )


def wish(recipe: VariantRecipe) -> dict[str, Any]:
    """The arguments of the job that makes it again, but for names and data (see pruning.py)."""
    told = recipe.to_json()
    same = ("base", "method", "params", "scope", "granularity", "levels", "samples", "recalibrate", "tuning", "seed")
    return {name: told[name] for name in (*same, "data_name")} | {"sparsities": [recipe.sparsity]}


def exported(name: str, imported: Path | None, *, dense: bool = False) -> bytes:
    """A `.zip` with the weights (packed where they have many zeros, or all of them) and the card of a model."""
    card_path = _card_path(name, imported)
    card, state = cards.read(card_path), checkpoints.read(cards.weights_of(card_path))
    with tempfile.TemporaryDirectory() as folder:
        weights = Path(folder) / f"{name}.safetensors"
        sparse_files.save(state, weights, pack=not dense)
        card = replace(card, digest=cards.digest(weights))
        buffer = io.BytesIO()
        with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
            archive.write(weights, weights.name)
            archive.writestr(f"{name}.json", json.dumps(card.to_json(), indent=2) + "\n")
    return buffer.getvalue()


def imported_again(archive: Path, folder: Path, name: str | None = None) -> Card:
    """A model that was exported, back into a folder under its own name or another.

    BadArchive, BadModelName, UnreadableCheckpoint, CheckpointMismatch; then nothing is kept.
    """
    with tempfile.TemporaryDirectory() as scratch:
        card_path = _extracted(archive, Path(scratch))
        card = cards.read(card_path)
        name = name or card.name
        cards.check_name(name, [*cards.cards(catalogue.ASSETS / "models"), *cards.cards(folder)])
        found = catalogue.from_card(card_path)  # refuses what does not fit its architecture, or is not what it says
        state = checkpoints.read(cards.weights_of(card_path))
        return _stored(replace(card, name=name, model_id=found.fingerprint), state, folder)


def _extracted(archive: Path, scratch: Path) -> Path:
    """The card, with the weights beside it, under names of our own."""
    try:
        with zipfile.ZipFile(archive) as opened:
            members = {Path(i.filename).suffix: i for i in opened.infolist()}
            if set(members) != {".json", ".safetensors"} or len(opened.infolist()) != 2:
                raise BadArchive(f"{archive.name} is no exported model: that has a .safetensors and a .json file.")
            if members[".json"].file_size > _MOST_CARD or members[".safetensors"].file_size > MOST_BYTES:
                raise BadArchive(f"{archive.name} holds more than a model of {MOST_BYTES / 2**30:.0f} GiB.")
            for suffix, member in members.items():
                (scratch / f"model{suffix}").write_bytes(opened.read(member))
    except (zipfile.BadZipFile, OSError, RuntimeError, EOFError) as error:
        raise BadArchive(f"{archive.name} is no zip archive, or only part of one.") from error
    return scratch / "model.json"


def declared(name: str, parent: str, folder: Path) -> Card:
    """Note that an imported model is a variant of another; its weights stay as they are.

    An empty parent takes the note back. UnknownName, and BadModelName where it would be its own ancestor.
    """
    path = cards.cards(folder).get(name)
    if path is None:
        raise UnknownName("imported model", name, cards.cards(folder))
    card = cards.read(path)
    if card.variant is not None:
        raise BadModelName(f"'{name}' was made from '{card.parent}'; its card says how, and that stays.")
    if not parent:
        changed = replace(card, parent="", parent_id="")
    else:
        _check_ancestors(name, parent, folder)
        changed = replace(card, parent=parent, parent_id=catalogue.load(parent, imported=folder).fingerprint)
    cards.write(changed, path)
    return changed


def _check_ancestors(name: str, parent: str, folder: Path) -> None:
    at: str = parent
    for _ in range(100):
        if at == name:
            raise BadModelName(f"'{name}' cannot be a variant of '{parent}': that is '{name}', or made from it.")
        card = catalogue.card(at, folder)
        if card is None or not card.parent:
            return
        at = card.parent


def _card_path(name: str, imported: Path | None) -> Path:
    known = {**cards.cards(catalogue.ASSETS / "models"), **(cards.cards(imported) if imported else {})}
    if name not in known:
        raise UnknownName("bundled or imported model", name, known)
    return known[name]
