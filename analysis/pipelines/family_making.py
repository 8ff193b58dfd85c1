"""Make a variant of the bundled family again: `cutaway train NAME`, as the base's own training is asked for.

make("shapes-cnn-lrr-80", out=folder)
make("resnet20-cifar10-lrr-80", out=folder, data="cifar10-train.zip", tests=["cifar10-test.zip"])
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from analysis.errors import DataError
from analysis.pipelines import training_data
from analysis.pipelines.family import FAMILY
from analysis.types import Report, part, silent
from models import catalogue

if TYPE_CHECKING:
    from torch import nn

    from analysis.datasets.opened import OpenDataset
    from models.cards import Card
    from models.classifier import Classifier
    from models.recipes.making import Labelled
    from models.recipes.recipe import Recipe

_DIGITS = 6
_LICENCE = "BSD-3-Clause"


def make(
    variant: str,
    *,
    out: Path,
    name: str,
    command: str,
    data: str | Path | None = None,
    tests: Sequence[str | Path] = (),
    seed: int | None = None,
    epochs: int | None = None,
    device: str = "cpu",
    report: Report = silent,
) -> "Card":
    """Prune, test, and write `<out>/<name>.safetensors` with its card, which says `command`.

    DataError, and whatever `report` raises to stop it; then nothing is written.
    """
    from analysis.pipelines import pruning
    from analysis.pipelines.variant_files import keep
    from analysis.pruning.runner import prune
    from models.recipes import RECIPES

    wanted = FAMILY[variant]
    trained, base = RECIPES[wanted.base], catalogue.load(wanted.base, device=device)
    tested_on = training_data.tested_on(trained, tests, report)
    with trained_on(trained, data, report) as dataset:
        (recipe,) = pruning.asked(base, wanted.asked(epochs=epochs, seed=seed), dataset)
        examples = pruning.read_examples(dataset, base, recipe, report)
    (pruned,) = prune(base, [recipe], examples, report=lambda done, text: report(0.95 * done, text))
    said = measures(pruned.network, base, tested_on, lambda done, text: report(0.95 + 0.05 * done, f"testing, {text}"))
    words = str(trained.train) if data is None else f"{Path(data).name}: {dataset.record.size:,} images"
    return keep(pruned, name, base, out, command=command, data=words, licence=_LICENCE, **said)


@contextmanager
def trained_on(recipe: "Recipe", data: str | Path | None, report: Report = silent) -> "Iterator[OpenDataset]":
    """What a base was trained on, as a dataset: one of a workspace, or a temporary one, from a file or generated."""
    from analysis.datasets.generated import generate
    from analysis.datasets.importing import import_dataset
    from analysis.datasets.layout import RECORD
    from analysis.datasets.opened import OpenDataset

    path = None if data is None else Path(data)
    if path is not None and (path / RECORD).is_file():
        yield OpenDataset.open(path, as_stored=True)
        return
    with TemporaryDirectory() as folder:
        if path is not None:
            report(0.0, f"reading {path.name}")
            names = recipe.class_names if path.suffix == ".npz" and recipe.class_names else None
            record = import_dataset(path, Path(folder), path.stem, class_names=names, split="train")
        elif recipe.train is None:
            raise DataError(f"{recipe.name} does not make its data: give it {recipe.data}.")
        else:
            report(0.0, f"generating {recipe.train}")
            record = generate(recipe.train.generator, Path(folder), recipe.train.generator, recipe.train.params)
        yield OpenDataset.open(Path(folder) / record.dataset_id, as_stored=True)


def measures(
    network: "nn.Module", base: "Classifier", tests: "Mapping[str, Labelled]", report: Report = silent
) -> dict[str, Any]:
    """What a card says of a variant on each test: `accuracy`, and `measures`, how far it is from its base too."""
    from analysis.pipelines.measuring import compared

    found = catalogue.wrap(
        network, architecture=base.architecture, preprocessing=base.preprocessing, class_names=base.class_names
    )
    said: dict[str, dict[str, float]] = {}
    for number, (where, test) in enumerate(tests.items()):
        test = training_data.renumbered(test, base.class_names, where)
        figures = compared(base, found, test.images, test.labels, report=part(report, number, len(tests)))
        said[where] = {name: round(value, _DIGITS) for name, value in figures.items() if value is not None}
    accuracy = {where: round(values["accuracy"], 4) for where, values in said.items() if "accuracy" in values}
    return {"accuracy": accuracy, "measures": said}
