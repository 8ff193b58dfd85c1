"""Make variants of a classifier: `cutaway prune`, and the job kind "prune".

arguments of the job: base (a name of the catalogue), method, sparsities, names (one for each); and if wanted params,
scope, granularity, rounds and schedule or levels, data (a dataset's id), samples (that scores are taken from),
recalibrate (images for BatchNorm's statistics), tuning (epochs, learning_rate, batch, distil), seed.

A variant is kept when it is whole, weights and card; what the same recipe has made under its name is not made again.
"""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from analysis.errors import DataError
from analysis.pipelines.variant_files import keep
from analysis.types import Report, silent
from models import cards, catalogue
from models.variant import Tuning, VariantRecipe

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from analysis.pruning.examples import Examples
    from analysis.store.store import Store
    from models.cards import Card
    from models.classifier import Classifier

DATASETS, MODELS = "datasets", "models"
SAMPLES = 1000
"""Images that scores are taken from, where nothing is said."""

MOST_BYTES = 4 * 2**30
"""Of images in memory."""


def compute(arguments: Mapping[str, Any], report: Report) -> dict[str, Any]:
    """Make the variants that are not there yet -> {"names": [...]}. Knows no store; runs in any process."""
    from analysis.engine.devices import best

    workspace = Path(arguments["workspace"])
    report(0.0, f"loading {arguments['base']}")
    classifier = catalogue.load(arguments["base"], imported=workspace / MODELS, device=best())
    dataset = _dataset(workspace, arguments.get("data"))
    recipes = asked(classifier, arguments, dataset)
    names = checked(arguments.get("names") or free_names(recipes, workspace / MODELS), recipes, workspace / MODELS)
    make(classifier, recipes, names, dataset, workspace / MODELS, report=report)
    return {"names": names}


def finish(store: "Store", workspace: Path, arguments: Mapping[str, Any], result: Mapping[str, Any]) -> dict[str, Any]:
    """Nothing is left to do: the catalogue finds the variants in the workspace's models."""
    return dict(result)


def make(
    classifier: "Classifier",
    recipes: Sequence[VariantRecipe],
    names: Sequence[str],
    dataset: "OpenDataset | None",
    folder: Path,
    *,
    report: Report = silent,
) -> list["Card"]:
    """Make and keep variants, each as soon as it is whole; those that are there with their recipe are left alone."""
    from analysis.pruning.runner import prune

    there = cards.cards(folder)
    todo = [(r, n) for r, n in zip(recipes, names, strict=True) if n not in there]
    if todo:
        wanted = [r for r, _ in todo]
        examples = read_examples(dataset, classifier, wanted[0], report) if dataset is not None else None
        for pruned, (_, name) in zip(prune(classifier, wanted, examples, report=report), todo, strict=True):
            keep(pruned, name, classifier, folder)
    return [cards.read(cards.cards(folder)[name]) for name in names]


def _dataset(workspace: Path, dataset_id: str | None) -> "OpenDataset | None":
    from analysis.datasets.opened import OpenDataset

    # as the loaders do by which published accuracies were taken
    return OpenDataset.open(workspace / DATASETS / dataset_id, as_stored=True) if dataset_id else None


def asked(
    classifier: "Classifier", arguments: Mapping[str, Any], dataset: "OpenDataset | None" = None
) -> list[VariantRecipe]:
    """The recipes of a job's arguments. UnknownName, BadParameter."""
    from analysis.pruning.asking import recipes

    record = dataset.record if dataset is not None else None
    return recipes(
        classifier,
        arguments["method"],
        arguments.get("sparsities") or (),
        params=arguments.get("params"),
        scope=arguments.get("scope"),
        granularity=arguments.get("granularity"),
        rounds=arguments.get("rounds") or 1,
        schedule=arguments.get("schedule") or "geometric",
        given_levels=arguments.get("levels") or (),
        data=record.dataset_id if record else "",
        data_name=record.name if record else "",
        samples=arguments.get("samples") or SAMPLES,
        recalibrate=arguments.get("recalibrate") or 0,
        tuning=Tuning(**(arguments.get("tuning") or {})),
        seed=arguments.get("seed") or 0,
    )


def usual_name(recipe: VariantRecipe) -> str:
    """`resnet20-cifar10-lamp-80`, and what makes it another than the method's usual."""
    from analysis.pruning import PRUNERS

    method = PRUNERS[recipe.method]
    words = [recipe.base.rpartition("/")[2], recipe.method.replace("_", "-")]
    words += [f"{100 * recipe.sparsity:g}"] if method.amount != "none" else []
    words += [recipe.scope.replace("_", "-")] if recipe.scope != method.scope else []
    words += [recipe.granularity.replace(":", "of")] if recipe.granularity != method.granularities[0] else []
    words += [f"{len(recipe.levels)}rounds"] if len(recipe.levels) > 1 else []
    words += ["tuned"] if recipe.tuning.epochs and not method.trains else []
    words += ["bn"] if recipe.recalibrate else []
    return "-".join(words)


def free_names(recipes: Sequence[VariantRecipe], folder: Path) -> list[str]:
    """Their usual names, numbered where another model has them; what the very recipe has made keeps its name."""
    own = cards.cards(folder)
    taken = {name.casefold() for name in (*cards.cards(catalogue.ASSETS / "models"), *own)}
    found: list[str] = []
    for recipe in recipes:
        usual = name = usual_name(recipe)
        number = 1
        while name.casefold() in taken and not (name in own and cards.read(own[name]).variant == recipe.to_json()):
            number += 1
            name = f"{usual}-{number}"
        taken.add(name.casefold())
        found.append(name)
    return found


def checked(names: Sequence[str], recipes: Sequence[VariantRecipe], folder: Path) -> list[str]:
    """The names, once each is free or holds what its recipe made. BadModelName, and DataError for their number."""
    if len(names) != len(recipes) or len({n.lower() for n in names}) != len(names):
        raise DataError(f"{len(recipes)} variants need as many different names; got {', '.join(names) or 'none'}.")
    shipped, own = cards.cards(catalogue.ASSETS / "models"), cards.cards(folder)
    for name, recipe in zip(names, recipes, strict=True):
        same = name in own and cards.read(own[name]).variant == recipe.to_json()
        cards.check_name(name, () if same else [*shipped, *own])
    return list(names)


def read_examples(
    dataset: "OpenDataset", classifier: "Classifier", recipe: VariantRecipe, report: Report = silent
) -> "Examples":
    """As many labelled images of the classifier's classes as a recipe reads, in memory. DataError where it is too much.

    A tuning reads all of them; scores and statistics the first of an order that the recipe's seed fixes.
    """
    import numpy as np

    from analysis.passes.run import true_classes
    from analysis.pipelines.predict import matched
    from analysis.pipelines.training_data import labelled
    from analysis.pruning.examples import Examples, draw
    from analysis.records import UNLABELLED

    truth = true_classes(dataset.labels, matched(dataset.record.class_names, classifier.class_names, {}))
    known = np.flatnonzero(truth != UNLABELLED)
    if not len(known):
        raise DataError(
            f"'{dataset.record.name}' has no labelled image of a class that {classifier.name} knows. "
            "Choose a dataset of its classes."
        )
    everything = recipe.tuning.epochs > 0
    chosen = known if everything else known[draw(len(known), max(recipe.samples, recipe.recalibrate), recipe.seed)]
    shape = (*classifier.preprocessing.size, classifier.preprocessing.channels)
    if (size := len(chosen) * int(np.prod(shape))) > MOST_BYTES:
        raise DataError(
            f"{len(chosen):,} images of {shape[0]} x {shape[1]} pixels take {size / 2**30:.1f} GiB in memory, more "
            f"than {MOST_BYTES / 2**30:.0f}. Make a smaller dataset, or score from fewer images without tuning."
        )
    report(0.0, f"reading {len(chosen):,} images of {dataset.record.name}")
    found = labelled(dataset, classifier.preprocessing, chosen)
    return Examples(found.images, truth[chosen], drawn=not everything)
