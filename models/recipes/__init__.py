"""How the bundled classifiers were trained: one file a recipe, with a constant RECIPE.

    for recipe in RECIPES: print(recipe.name, recipe.summary)
    RECIPES["shapes-cnn"].settings.epochs

A recipe's file is imported when it is asked for.
"""

import importlib
from collections.abc import Iterator
from typing import TYPE_CHECKING

from models.errors import UnknownName

if TYPE_CHECKING:
    from models.recipes.recipe import Recipe

NAMES = ("shapes-cnn", "shapes-vit", "shapes-cnn-shortcut", "shapes-cnn-robust", "digits-cnn", "resnet20-cifar10")


class Recipes:
    """The recipes there are, by name."""

    def __getitem__(self, name: str) -> "Recipe":
        """UnknownName with near ones where there is none."""
        if name not in NAMES:
            raise UnknownName("recipe", name, NAMES)
        return importlib.import_module(f"models.recipes.{name.replace('-', '_')}").RECIPE

    def __iter__(self) -> "Iterator[Recipe]":
        return (self[name] for name in NAMES)

    def __len__(self) -> int:
        return len(NAMES)

    def __contains__(self, name: object) -> bool:
        return name in NAMES


RECIPES = Recipes()
