"""The images that a recipe trains on and is tested on: generated, imported, or of a workspace; all in memory."""

from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

import numpy as np

from analysis.errors import DataError
from analysis.records import UNLABELLED
from analysis.types import Report
from models.preprocessing import Preprocessing

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from models.recipes.making import Labelled
    from models.recipes.recipe import Recipe, Wanted

_AT_ONCE = 1000


def trained_on(recipe: "Recipe", data: str | Path | None, report: Report) -> "tuple[str, Labelled]":
    """What is trained on, in words and as arrays."""
    if data is not None:
        name, found = _read(Path(data), recipe, "train", report)
        return f"{name}: {len(found.images):,} images", found
    if recipe.train is None:
        raise DataError(f"{recipe.name} does not make its data: give it {recipe.data}.")
    report(0.0, f"generating {recipe.train}")
    return str(recipe.train), _generated(recipe.train, report)


def tested_on(recipe: "Recipe", tests: Sequence[str | Path], report: Report) -> "dict[str, Labelled]":
    """Name -> images of each test: those given, else the recipe's own."""
    if tests:
        return dict(_read(Path(test), recipe, "test", report) for test in tests)
    found = {}
    for where, wanted in recipe.tests.items():
        report(0.0, f"generating the test '{where}'")
        found[where] = _generated(wanted, report)
    return found


def renumbered(test: "Labelled", class_names: tuple[str, ...], where: str) -> "Labelled":
    """The test with the classes of the training, by name; images of other classes are left out."""
    from models.recipes.making import Labelled

    if test.class_names == class_names:
        return test
    places = np.array([class_names.index(n) if n in class_names else UNLABELLED for n in test.class_names])
    labels = places[test.labels]
    if not (labels != UNLABELLED).any():
        raise DataError(f"'{where}' has none of the classes that were trained on ({', '.join(class_names[:5])} ...).")
    return Labelled(test.images[labels != UNLABELLED], labels[labels != UNLABELLED], class_names)


def labelled(dataset: "OpenDataset", preprocessing: Preprocessing, chosen: np.ndarray | None = None) -> "Labelled":
    """A dataset's labelled images in memory, all or those chosen, resized and cropped as the classifier does."""
    from models.recipes.making import Labelled

    if chosen is None:
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


def _read(path: Path, recipe: "Recipe", split: str, report: Report) -> "tuple[str, Labelled]":
    """Name and images of a dataset in a workspace, or of anything that can be imported (in a temporary folder)."""
    from analysis.datasets.importing import import_dataset
    from analysis.datasets.layout import RECORD
    from analysis.datasets.opened import OpenDataset

    report(0.0, f"reading {path.name}")
    if (path / RECORD).is_file():
        opened = OpenDataset.open(path)
        return opened.record.name, labelled(opened, recipe.preprocessing)
    with TemporaryDirectory() as folder:
        names = recipe.class_names if path.suffix == ".npz" and recipe.class_names else None
        record = import_dataset(
            path, Path(folder), path.stem, class_names=names, split=split, report=lambda _, text: report(0.0, text)
        )
        return path.name, labelled(OpenDataset.open(Path(folder) / record.dataset_id), recipe.preprocessing)
