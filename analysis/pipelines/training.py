"""Train a network by one of the project's recipes: `cutaway train`, and the job kind "train".

    train("shapes-cnn", out=folder)
    train("resnet20-cifar10", out=folder, data="cifar10-train.zip", tests=["cifar10-test.zip"])
    train("shapes-cnn-lrr-80", out=folder)                a variant of the bundled family, from its base

Data are generated where the recipe says how. Else, or where `data` is given, they are a file or folder that can
be imported, or the folder of a dataset in a workspace; the tests likewise.

arguments of the job: recipe, and if wanted name, data and tests (paths, or dataset ids of the workspace), epochs, seed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.pipelines import family_making, training_data
from analysis.pipelines.family import FAMILY
from analysis.types import Report, silent
from models import cards, catalogue
from models.errors import UnknownName

if TYPE_CHECKING:
    from analysis.store.store import Store
    from models.cards import Card

MODELS = "models"


def train(
    recipe_name: str,
    *,
    out: Path,
    name: str | None = None,
    data: str | Path | None = None,
    tests: Sequence[str | Path] = (),
    seed: int | None = None,
    epochs: int | None = None,
    device: str = "cpu",
    report: Report = silent,
) -> "Card":
    """Train, test, and write `<out>/<name>.safetensors` with its card.

    Without a name it is called after the recipe, "(2)" and so on where that is taken; what is there is not replaced,
    but for the bundled models where `out` is their own folder. UnknownName, BadModelName, DataError, ModelError,
    and whatever `report` raises to stop it; then nothing is written.
    """
    from models.recipes import NAMES, RECIPES
    from models.recipes.making import make

    if recipe_name not in RECIPES and recipe_name not in FAMILY:
        raise UnknownName("recipe", recipe_name, [*NAMES, *FAMILY])
    name = _name(name, recipe_name, out)
    command = _command(recipe_name, name, data=data, tests=tests, seed=seed, epochs=epochs)
    if recipe_name in FAMILY:
        given = {"data": data, "tests": tests, "seed": seed, "epochs": epochs, "device": device, "report": report}
        return family_making.make(recipe_name, out=out, name=name, command=command, **given)
    recipe = RECIPES[recipe_name]
    settings = replace(
        recipe.settings,
        seed=recipe.settings.seed if seed is None else seed,
    )
    if epochs is not None:
        settings = replace(settings, epochs=epochs, again=0)
    said, trained_on = training_data.trained_on(recipe, data, report)
    tested_on = training_data.tested_on(recipe, tests, report)
    if data is not None or tests:
        tested_on = {
            where: training_data.renumbered(test, trained_on.class_names, where) for where, test in tested_on.items()
        }
    return make(
        recipe,
        settings,
        trained_on,
        tested_on,
        name=name,
        data=said,
        command=command,
        out=out,
        device=device,
        report=report,
    )


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Train into `<workspace>/models` -> {"name": ..., "accuracy": {...}}. Knows no store; runs in any process.

    What the same training has made is not made again: the process may have died just after.
    """
    from analysis.engine.devices import best

    workspace = Path(arguments["workspace"])
    given, name = arguments.get("data"), arguments.get("name")
    data = None if given is None else _in_workspace(given, workspace)
    tests = [_in_workspace(test, workspace) for test in arguments.get("tests") or ()]
    seed, epochs = arguments.get("seed"), arguments.get("epochs")
    card = None
    if all(p is None or p.parent.name == "datasets" for p in (data, *tests)):  # data that cannot have changed
        asked = partial(_command, arguments["recipe"], data=data, tests=tests, seed=seed, epochs=epochs)
        card = _there(workspace / MODELS, name, asked)
    if card is None:
        card = train(
            arguments["recipe"],
            out=workspace / MODELS,
            name=name,
            data=data,
            tests=tests,
            seed=seed,
            epochs=epochs,
            device=arguments.get("device") or best(),
            report=report,
        )
    return {"name": card.name, "accuracy": dict(card.accuracy)}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing is left to do: the catalogue finds the network in the workspace's models."""
    return dict(result)


def _there(folder: Path, name: str | None, command: Callable[[str], str]) -> "Card | None":
    """The card of what this command, which depends on the name, has made."""
    found = {n: path for n, path in cards.cards(folder).items() if name is None or n == name}
    return next((card for n, path in found.items() if (card := cards.read(path)).command == command(n)), None)


def _in_workspace(given: str, workspace: Path) -> Path:
    """A dataset's id stands for its folder."""
    folder = workspace / "datasets" / given
    return folder if "/" not in given and folder.is_dir() else Path(given)


def _name(given: str | None, recipe_name: str, out: Path) -> str:
    shipped = catalogue.ASSETS / "models"
    taken = {} if out.resolve() == shipped.resolve() else {**cards.cards(shipped), **cards.cards(out)}
    if given is not None:
        cards.check_name(given, taken)
        return given
    name, number = recipe_name, 1
    while name in taken:
        number += 1
        name = f"{recipe_name} ({number})"
    return name


def _command(
    recipe: str,
    name: str,
    *,
    data: str | Path | None,
    tests: Sequence[str | Path],
    seed: int | None,
    epochs: int | None,
) -> str:
    """What to type to train it again; files by their own names."""
    words = ["cutaway train", recipe]
    words += [f"--data {Path(data).name}"] if data is not None else []
    words += [f"--test {Path(test).name}" for test in tests]
    words += [f"--epochs {epochs}"] if epochs is not None else []
    words += [f"--seed {seed}"] if seed is not None else []
    return " ".join(words + ([f'--name "{name}"'] if name != recipe else []))
