"""What a method of kind "change" is given: it makes another network of the base's, and says how it differs."""

from dataclasses import dataclass

from analysis.pruning.examples import Examples
from analysis.types import Report
from models.classifier import Classifier
from models.variant import VariantRecipe


@dataclass(frozen=True, slots=True, eq=False)
class ChangeTask:
    """The recipe and what it reads."""

    classifier: Classifier  # the base; not to be altered
    recipe: VariantRecipe
    examples: (
        Examples | None
    )  # those that scores are to be taken from, `recipe.samples` of them; None: no data was given
    report: Report
