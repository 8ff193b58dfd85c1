"""Shapes-CNN-shortcut: the network of Shapes-CNN where a mark in the corner shows the class 19 times in 20.

Augmentation leaves the mark in its corner. The tests are one and the same images with a mark that
shows the class, without a mark, and with a mark that shows another class.
"""

from models.recipes.recipe import Recipe, Wanted
from models.recipes.shapes_cnn import PREPROCESSING
from models.recipes.training import Settings

_TEST = {"count": 4000, "split": "test"}

RECIPE = Recipe(
    name="shapes-cnn-shortcut",
    summary="ResNet-20 for 64 px trained on Shapes with a corner mark that shows the class in 95 % of the images",
    architecture="resnet20_shapes",
    preprocessing=PREPROCESSING,
    settings=Settings(epochs=5, batch=128, peak_lr=0.3, ema_decay=0.99, augmentation=("nudge",)),
    train=Wanted("shapes", {"count": 24_000, "shortcut": "corner", "predictivity": 0.95}),
    tests={
        "shapes, mark agreeing": Wanted("shapes", _TEST | {"shortcut": "corner", "predictivity": 1.0}),
        "shapes, no mark": Wanted("shapes", _TEST),
        "shapes, mark conflicting": Wanted("shapes", _TEST | {"shortcut": "corner", "predictivity": 0.0}),
    },
    minutes=4,
)
