"""`cutaway prune` and `prune-grid`: variants made; `export-model`: taken along."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from app import arguments, settings, terminal
from app.terminal import AsJson, Workspace
from models.errors import CutawayError

if TYPE_CHECKING:
    from analysis.datasets.opened import OpenDataset
    from models.cards import Card
    from models.variant import VariantRecipe

Model = Annotated[str, typer.Argument(metavar="MODEL", help="As `cutaway models` says.")]
Data = Annotated[
    str | None, typer.Option(metavar="NAME", help="As `cutaway datasets` says, for what reads or learns from images.")
]
Scope = Annotated[
    Literal["global", "layer", "uniform_plus", "erk"] | None,
    typer.Option(
        help="Where scores are compared: in the whole network, or by how much of each layer. Else the method's."
    ),
]
Granularity = Annotated[
    Literal["weight", "kernel", "channel", "head", "2:4", "4:8", "1:4"] | None,
    typer.Option(help="What goes together. Else the method's."),
]
Params = Annotated[
    list[str] | None, typer.Option("--param", metavar="NAME=VALUE", help="Of the method; again for more.")
]
Samples = Annotated[int, typer.Option(min=1, help="Images that scores are taken from.")]
Recalibrate = Annotated[int, typer.Option(min=0, help="Images that BatchNorm's statistics are taken from anew.")]
Rounds = Annotated[int, typer.Option(min=1, help="Prune in so many steps.")]
Schedule = Annotated[
    Literal["geometric", "linear", "cubic"], typer.Option(help="How the sparsity grows over the rounds.")
]
Levels = Annotated[
    str | None, typer.Option(metavar="S,S,...", help="The sparsity after each round, in place of rounds and schedule.")
]
Finetune = Annotated[int, typer.Option(min=0, help="Epochs of training after the pruning, or after each round.")]
LearningRate = Annotated[float, typer.Option(min=0, help="The peak of one cycle.")]
Batch = Annotated[int, typer.Option(min=1)]
Distil = Annotated[bool, typer.Option("--distil", help="Learn from the model's own answers as well.")]
Seed = Annotated[int, typer.Option()]


def prune(
    model: Model = "",
    method: Annotated[list[str] | None, typer.Option(help="As `cutaway methods --family pruning` says.")] = None,
    sparsity: Annotated[
        list[str] | None, typer.Option(metavar="S", help="Fraction of zeros, such as 0.8; again for more variants.")
    ] = None,
    scope: Scope = None,
    granularity: Granularity = None,
    param: Params = None,
    data: Data = None,
    samples: Samples = 1000,
    recalibrate: Recalibrate = 0,
    rounds: Rounds = 1,
    schedule: Schedule = "geometric",
    levels: Levels = None,
    finetune: Finetune = 0,
    learning_rate: LearningRate = 0.02,
    batch: Batch = 128,
    distil: Distil = False,
    seed: Seed = 0,
    name: Annotated[list[str] | None, typer.Option(help="What the variant is called; one for each sparsity.")] = None,
    recipe: Annotated[
        Path | None,
        typer.Option(dir_okay=False, metavar="CARD.json", help="Make the variant of this card again, bit for bit."),
    ] = None,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make a smaller variant of a model, or several that differ in sparsity."""
    where = settings.resolve(workspace)
    wish: dict[str, Any]
    same = None
    if recipe is not None:
        wish, same = _again(recipe)
        model, data, name = wish["base"], data or wish["data_name"], name or [wish["name"]]
    else:
        if not model or not method:
            raise typer.BadParameter("say a MODEL and its --method, or a --recipe.")
        if len(method) > 1:
            raise typer.BadParameter("one method at a time; `prune-grid` takes several.", param_hint="--method")
        wish = {
            "method": method[0],
            "sparsities": sparsity or [],
            "params": arguments.pairs(param or (), "--param"),
            "scope": scope,
            "granularity": granularity,
            "samples": samples,
            "recalibrate": recalibrate,
            "rounds": rounds,
            "schedule": schedule,
            "levels": arguments.numbers(levels, float, "--levels"),
            "tuning": _tuning(finetune, learning_rate, batch, distil),
            "seed": seed,
        }
    with terminal.stdout_kept_for_the_answer(), _dataset(data, where) as dataset:
        cards = _made(model, wish, name, dataset, where, same)
    terminal.answer({"variants": [_record(c) for c in cards]}, (line for c in cards for line in _lines(c)), as_json)


def prune_grid(
    model: Model,
    methods: Annotated[str, typer.Option(metavar="M,M,...", help="As `cutaway methods --family pruning` says.")],
    sparsities: Annotated[str, typer.Option(metavar="S,S,...", help="Such as 0.5,0.8,0.9.")],
    scope: Scope = None,
    granularity: Granularity = None,
    data: Data = None,
    samples: Samples = 1000,
    recalibrate: Recalibrate = 0,
    rounds: Rounds = 1,
    schedule: Schedule = "geometric",
    finetune: Finetune = 0,
    learning_rate: LearningRate = 0.02,
    batch: Batch = 128,
    distil: Distil = False,
    seed: Seed = 0,
    as_json: AsJson = False,
    workspace: Workspace = None,
) -> None:
    """Make every variant of methods x sparsities. A method that cannot serve is said, and the others go on."""
    where = settings.resolve(workspace)
    made: list[Card] = []
    refused: dict[str, str] = {}
    wish = {
        "sparsities": arguments.listed(sparsities),
        "scope": scope,
        "granularity": granularity,
        "samples": samples,
        "recalibrate": recalibrate,
        "rounds": rounds,
        "schedule": schedule,
        "tuning": _tuning(finetune, learning_rate, batch, distil),
        "seed": seed,
    }
    with terminal.stdout_kept_for_the_answer(), _dataset(data, where) as dataset:
        for method in arguments.listed(methods):
            try:
                made += _made(model, wish | {"method": method}, None, dataset, where)
            except CutawayError as error:
                refused[method] = str(error)
    lines = [line for card in made for line in _lines(card)]
    lines += [f"{method} was not made: {reason}" for method, reason in refused.items()]
    terminal.answer({"variants": [_record(c) for c in made], "refused": refused}, lines, as_json)
    if not made:
        raise typer.Exit(1)


def export_model(
    model: Model,
    out: Annotated[Path, typer.Option(metavar="F.zip", dir_okay=False, help="The archive: weights and card.")],
    dense: Annotated[bool, typer.Option("--dense", help="Zeros written out, as any program reads them.")] = False,
    workspace: Workspace = None,
) -> None:
    """Write a model's weights and its card with the recipe into a zip; `import-model F.zip` reads it."""
    arguments.file_kind(out, (".zip",))
    from analysis.pipelines.variant_files import exported

    data = exported(model, settings.resolve(workspace).imported_models, dense=dense)
    out.parent.mkdir(parents=True, exist_ok=True)
    unfinished = out.with_name(f".{out.name}.part")
    try:
        unfinished.write_bytes(data)
        unfinished.replace(out)
    finally:
        unfinished.unlink(missing_ok=True)
    typer.echo(f"{out}: {len(data) / 2**20:.2f} MB")


def _tuning(epochs: int, learning_rate: float, batch: int, distil: bool) -> dict[str, Any]:
    return {"epochs": epochs, "learning_rate": learning_rate, "batch": batch, "distil": distil}


@contextmanager
def _dataset(name: str | None, where: settings.Settings) -> "Iterator[OpenDataset | None]":
    """The images, where any are named; a store that a server holds is asked for nothing else."""
    if not name:
        yield None
        return
    from analysis.datasets.opened import OpenDataset

    with terminal.open_store(where) as store:
        yield OpenDataset.open(where.datasets / store.dataset(name).dataset_id, as_stored=True)


def _made(
    model: str,
    wish: dict[str, Any],
    names: Sequence[str] | None,
    dataset: "OpenDataset | None",
    where: settings.Settings,
    same: "VariantRecipe | None" = None,
) -> "list[Card]":
    """Make variants; `same`: only if what is here gives this very recipe."""
    from analysis.engine.devices import best
    from analysis.pipelines import pruning, variant_files
    from analysis.pruning import PRUNERS
    from models import catalogue

    folder = where.imported_models
    if PRUNERS[wish["method"]].amount == "none" and wish["sparsities"]:
        terminal.complain(f"{wish['method']} takes no sparsity; its own parameters say how much it saves.")
    classifier = catalogue.load(model, imported=folder, device=best())
    recipes = pruning.asked(classifier, wish, dataset)
    if same is not None:
        variant_files.check_same(same, recipes[0])
    checked = pruning.checked(names or pruning.free_names(recipes, folder), recipes, folder)
    return pruning.make(classifier, recipes, checked, dataset, folder, report=terminal.progress)


def _again(path: Path) -> "tuple[dict[str, Any], VariantRecipe]":
    """The wish that a card's recipe is, and the recipe."""
    from analysis.pipelines.variant_files import recipe_of, wish
    from models import cards

    card = cards.read(path)
    return wish(recipe_of(card)) | {"name": card.name}, recipe_of(card)


def _record(card: "Card") -> dict[str, Any]:
    return card.to_json()


def _lines(card: "Card") -> Iterator[str]:
    from models.profiles import Profile

    yield f"{card.name}: {card.summary}"
    if card.profile:
        found = Profile.from_json(card.profile)
        yield f"  {found.sparsity:.2%} of {found.weights:,} prunable weights are zero; {found.parameters:,} parameters"
        yield f"  {found.macs / 1e6:.2f} M multiply-accumulates; {found.size_sparse / 1e6:.2f} MB on disk"
    yield from (f"  note: {remark}" for remark in card.remarks)
