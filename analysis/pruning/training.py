"""Training of what is pruned: fine-tuning under masks, and what the methods of kind "train" are given.

    tune(network, examples, preprocessing, Tuning(epochs=2), masks=masks)

The loop is that of the bundled classifiers (models/recipes/training.py): SGD with Nesterov momentum and one cycle of
learning rate and momentum (Smith 2018), weight decay, bf16 where asked, an average of the last twentieth of the steps
as the result. Masked weights are set to +0 after every step, so neither momentum nor weight decay brings one back.
With distillation half of the loss is the base's (Hinton et al. 2015, temperature 4).
"""

import copy
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial

from torch import Tensor, nn

from analysis.errors import BadParameter
from analysis.pruning import allocation
from analysis.pruning.examples import Examples
from analysis.pruning.granularity import grouping, pattern, pattern_masks
from analysis.pruning.layers import prunable, put, weights_of
from analysis.pruning.starting import fresh
from analysis.types import Report, silent
from models.classifier import Classifier
from models.preprocessing import Preprocessing
from models.recipes import RECIPES
from models.recipes.augmentation import Augmentation
from models.recipes.training import Settings, Watch, fit
from models.variant import Tuning, VariantRecipe

Masks = Mapping[str, Tensor]

_AVERAGED = 0.05  # the part of the steps that the averaged weights look back on
_LONGEST = 500  # steps


def tune(
    network: nn.Module,
    examples: Examples,
    preprocessing: Preprocessing,
    tuning: Tuning,
    *,
    masks: Masks | None = None,
    teacher: nn.Module | None = None,
    seed: int = 0,
    report: Report = silent,
    augmentation: tuple[Augmentation, ...] | None = None,
    watch: Watch | None = None,
    weight_decay: float = 5e-4,
    average: bool = True,
) -> nn.Module:
    """Train a network on from the weights that it has, without bringing back what was pruned.

    masks (bool, of the prunable weights' shapes, True stays) -> another network, in eval mode, whose masked weights
    are +0. The teacher is read where `tuning.distil` asks for it. Zero epochs: a copy. `augmentation` None: by the
    number of channels. `watch` is called after each step, once the masks are on. The same seed, machine and number
    of threads give the same bits.
    """
    if tuning.distil and teacher is None and tuning.epochs:
        raise BadParameter("Learning from the base needs the base: give it as the teacher, or leave distillation off.")
    network = copy.deepcopy(network)
    if not tuning.epochs:
        return network.eval()
    if not any(p.requires_grad for p in network.parameters()):  # as the catalogue hands them out
        network.requires_grad_(True)
    device = next(network.parameters()).device
    trained = fit(
        lambda: network,
        examples.images,
        examples.labels,
        _settings(tuning, len(examples), preprocessing, seed, augmentation, weight_decay, average),
        preprocessing=preprocessing,
        device=device,
        report=report,
        teacher=teacher if tuning.distil else None,
        watch=partial(_stepped, masks=masks or {}, watch=watch),
    )
    put(prunable(trained), masks or {})
    return trained


def _settings(
    tuning: Tuning,
    count: int,
    preprocessing: Preprocessing,
    seed: int,
    augmentation: tuple[Augmentation, ...] | None,
    weight_decay: float,
    average: bool,
) -> Settings:
    steps = tuning.epochs * max(count // tuning.batch, 1)
    if augmentation is None:
        augmentation = ("nudge",) if preprocessing.channels == 1 else ("mirror", "nudge")
    return Settings(
        epochs=tuning.epochs,
        batch=tuning.batch,
        peak_lr=tuning.learning_rate,
        weight_decay=weight_decay,
        ema_decay=1 - 1 / min(max(_AVERAGED * steps, 1.0), _LONGEST) if average else 0.0,
        augmentation=augmentation,
        autocast=preprocessing.channels > 1,
        seed=seed,
    )


def _stepped(network: nn.Module, step: int, steps: int, *, masks: Masks, watch: Watch | None) -> None:
    if masks:
        put(prunable(network), masks)
    if watch is not None:
        watch(network, step, steps)


@dataclass(frozen=True, slots=True, eq=False)
class TrainTask:
    """What a method of kind "train" is given: it yields a network for each level, in order, each when it is there.

    A run is made of rounds, numbered from 0; a round's seed depends on its number and on the recipe's, not on the
    levels to come, so levels that begin others give the same bits.
    """

    classifier: Classifier  # the base; not to be altered
    recipe: VariantRecipe
    levels: tuple[float, ...]  # rising
    examples: Examples
    report: Report = silent

    def copy(self) -> nn.Module:
        """The base's network, free to be trained."""
        with self.classifier.exclusive() as network:
            return copy.deepcopy(network).requires_grad_(True)

    def fresh(self) -> nn.Module:
        """A network like the base's with random weights, which the recipe's seed fixes."""
        return fresh(self.classifier, self.recipe.seed)

    def masks(self, network: nn.Module, level: float) -> dict[str, Tensor]:
        """By magnitude, as the recipe's scope and granularity say; what is zero already goes first."""
        layers = prunable(network, self.classifier.name)
        scores = {name: weight.abs().cpu() for name, weight in weights_of(layers).items()}
        if (found := pattern(self.recipe.granularity)) is not None:
            return pattern_masks(scores, *found)
        groups = grouping(network, layers, self.recipe.granularity)
        return allocation.masks(scores, [level], scope=self.recipe.scope, groups=groups)[0]

    def trained(
        self,
        network: nn.Module,
        masks: Masks | None = None,
        *,
        number: int = 0,
        rounds: int | None = None,
        watch: Watch | None = None,
        weight_decay: float = 5e-4,
        average: bool = True,
    ) -> nn.Module:
        """One round of the recipe's tuning; its number, of `rounds` (None: one a level), fixes seed and progress."""
        rounds = rounds or len(self.levels)
        with self.classifier.exclusive() as base:
            teacher = copy.deepcopy(base) if self.recipe.tuning.distil else None
        return tune(
            network,
            self.examples,
            self.classifier.preprocessing,
            self.recipe.tuning,
            masks=masks,
            teacher=teacher,
            seed=self.recipe.seed + number,
            report=lambda part, text: self.report((number + part) / rounds, f"round {number + 1} of {rounds}, {text}"),
            augmentation=augmentation(self.classifier),
            watch=watch,
            weight_decay=weight_decay,
            average=average,
        )


def augmentation(classifier: Classifier) -> tuple[Augmentation, ...] | None:
    """That of the bundled recipe of its name, else of the first with its architecture; None where there is none."""
    known = [r for r in RECIPES if r.name == classifier.name]
    known += [r for r in RECIPES if r.architecture == classifier.architecture]
    return known[0].settings.augmentation if known else None
