"""Train a network by one of the project's recipes: `cutaway train`, and the job kind "train".

    train("shapes-cnn", out=folder)
    train("resnet20-cifar10", out=folder, data="cifar10-train.zip", tests=["cifar10-test.zip"])

Data are generated where the recipe says how. Else, or where `data` is given, they are a file or folder that can
be imported, or the folder of a dataset in a workspace; the tests likewise.

arguments of the job: recipe, and if wanted name, data and tests (paths, or dataset ids of the workspace), epochs, seed.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

import numpy as np

from analysis.errors import DataError
from analysis.records import UNLABELLED
from analysis.types import Report, silent
from models import cards, catalogue
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.store.store import Store
    from models.cards import Card
    from models.recipes.making import Labelled
    from models.recipes.recipe import Recipe, Wanted

MODELS = "models"
_AT_ONCE = 1000


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
    from models.recipes import RECIPES
    from models.recipes.making import make

    recipe = RECIPES[recipe_name]
    name = _name(name, recipe_name, out)
    settings = replace(
        recipe.settings,
        seed=recipe.settings.seed if seed is None else seed,
        epochs=recipe.settings.epochs if epochs is None else epochs,
    )
    trained_on = _data(recipe, data, report)
    tested_on = _tests(recipe, tests, report)
    if data is not None:
        tested_on = {where: _renumbered(test, trained_on.class_names, where) for where, test in tested_on.items()}
    return make(
        recipe,
        settings,
        trained_on,
        tested_on,
        name=name,
        data=str(recipe.train) if data is None else f"{Path(data).name}: {len(trained_on.images):,} images",
        command=_command(recipe_name, name, data, tests, seed, epochs),
        out=out,
        device=device,
        report=report,
    )


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Train into `<workspace>/models` -> {"name": ..., "accuracy": {...}}. Knows no store; runs in any process."""
    from analysis.engine.devices import best

    workspace = Path(arguments["workspace"])
    given = arguments.get("data")
    card = train(
        arguments["recipe"],
        out=workspace / MODELS,
        name=arguments.get("name"),
        data=None if given is None else _in_workspace(given, workspace),
        tests=[_in_workspace(test, workspace) for test in arguments.get("tests") or ()],
        seed=arguments.get("seed"),
        epochs=arguments.get("epochs"),
        device=arguments.get("device") or best(),
        report=report,
    )
    return {"name": card.name, "accuracy": dict(card.accuracy)}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing is left to do: the catalogue finds the network in the workspace's models."""
    return dict(result)


def labelled(dataset: "OpenDataset", preprocessing: Preprocessing) -> "Labelled":
    """A dataset's labelled images, all in memory, resized and cropped as the classifier does."""
    from models.recipes.making import Labelled

    chosen = np.flatnonzero(dataset.labels != UNLABELLED)
    if not len(chosen):
        raise DataError(f"'{dataset.record.name}' has no labels, so nothing can be learnt from it.")
    parts = [_pixels(dataset, some, preprocessing) for some in np.split(chosen, range(_AT_ONCE, len(chosen), _AT_ONCE))]
    return Labelled(np.concatenate(parts), dataset.labels[chosen], dataset.record.class_names)


def _pixels(dataset: "OpenDataset", samples: np.ndarray, preprocessing: Preprocessing) -> np.ndarray:
    stored = dataset.pixels(samples.tolist())
    shape = (*preprocessing.size, preprocessing.channels)
    whole = preprocessing.resize is None or preprocessing.resize == min(preprocessing.size)
    if stored is not None and stored.shape[1:] == shape and whole:
        return stored
    cropped = [np.asarray(preprocessing.cropped(image)) for image in dataset.images(samples.tolist())]
    return np.stack(cropped).reshape(len(samples), *shape)


def _data(recipe: "Recipe", data: str | Path | None, report: Report) -> "Labelled":
    if data is not None:
        report(0.0, f"reading {Path(data).name}")
        return _read(Path(data), recipe)
    if recipe.train is None:
        raise DataError(f"{recipe.name} does not make its data: give it {recipe.data}.")
    report(0.0, f"generating {recipe.train}")
    return _generated(recipe.train, report)


def _tests(recipe: "Recipe", tests: Sequence[str | Path], report: Report) -> "dict[str, Labelled]":
    if tests:
        return {Path(test).name: _read(Path(test), recipe) for test in tests}
    found = {}
    for where, wanted in recipe.tests.items():
        report(0.0, f"generating the test '{where}'")
        found[where] = _generated(wanted, report)
    return found


def _generated(wanted: "Wanted", report: Report) -> "Labelled":
    from analysis.datasets.generated import GENERATORS
    from models.recipes.making import Labelled

    generator = GENERATORS[wanted.generator]
    images, labels, class_names = [], [], ()
    for block in generator.function(**generator.bound(wanted.params)):
        images.append(block.images)
        labels.append(block.labels)
        class_names = block.class_names
        report(0.0, f"generated {sum(map(len, labels)):,} images")  # may stop it
    return Labelled(np.concatenate(images), np.concatenate(labels), class_names)


def _read(path: Path, recipe: "Recipe") -> "Labelled":
    """Images of a dataset in a workspace, or of anything that can be imported (in a temporary folder)."""
    from analysis.datasets.importing import import_dataset
    from analysis.datasets.layout import RECORD
    from analysis.datasets.opened import OpenDataset

    if (path / RECORD).is_file():
        return labelled(OpenDataset.open(path), recipe.preprocessing)
    with TemporaryDirectory() as folder:
        names = recipe.class_names if path.suffix == ".npz" and recipe.class_names else None
        record = import_dataset(path, Path(folder), path.stem, class_names=names)
        return labelled(OpenDataset.open(Path(folder) / record.dataset_id), recipe.preprocessing)


def _renumbered(test: "Labelled", class_names: tuple[str, ...], where: str) -> "Labelled":
    """The test with the classes of the training, by name; images of other classes are left out."""
    from models.recipes.making import Labelled

    if test.class_names == class_names:
        return test
    places = np.array([class_names.index(n) if n in class_names else UNLABELLED for n in test.class_names])
    labels = places[test.labels]
    if not (labels != UNLABELLED).any():
        raise DataError(f"'{where}' has none of the classes that were trained on ({', '.join(class_names[:5])} ...).")
    return Labelled(test.images[labels != UNLABELLED], labels[labels != UNLABELLED], class_names)


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
    recipe: str, name: str, data: str | Path | None, tests: Sequence[str | Path], seed: int | None, epochs: int | None
) -> str:
    """What to type to train it again; files by their own names."""
    words = ["cutaway train", recipe]
    words += [f"--data {Path(data).name}"] if data is not None else []
    words += [f"--test {Path(test).name}" for test in tests]
    words += [f"--epochs {epochs}"] if epochs is not None else []
    words += [f"--seed {seed}"] if seed is not None else []
    return " ".join(words + ([f'--name "{name}"'] if name != recipe else []))
